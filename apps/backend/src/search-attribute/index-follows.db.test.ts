import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Dataset, getString, tags } from '@instandt/dicom'
import { type Headers, inspectionFiles, instanceOf, post, remove, restore, studyOf } from '../archive.fixture.ts'
import { correctionsOf } from '../correction/correction.fixture.ts'
import { addPerson, addProject, sessionHeaders } from '../identity.fixture.ts'
import { indexAttributes } from '../jobs/index-attributes.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
let here: Headers
let there: Headers
const corrections = correctionsOf(() => backend)

before(async () => {
  backend = await startTestBackend()
  await addProject(backend.db, 'there')
  const person = async (options: Parameters<typeof addPerson>[1]): Promise<Headers> =>
    sessionHeaders(backend.db, (await addPerson(backend.db, options)).id, backend.url)
  here = await person({ memberships: { default: 'level-iii', there: 'level-iii' } })
  there = await person({ memberships: { there: 'viewer' } })
  const administrator = await person({ isAdministrator: true })
  for (const seed of ['weld', 'pipe']) {
    const [thin] = inspectionFiles(seed, 2)
    const [, strong] = inspectionFiles(seed, 2, 1, { MaterialThickness: '14' })
    assert.equal((await backend.stow([thin as Buffer, strong as Buffer])).status, 200)
  }
  const declared = { attribute: 'MaterialThickness', level: 'study' }
  const { status, body } = await post(backend, '/api/search-attributes', declared, administrator)
  assert.equal(status, 201, JSON.stringify(body))
  await indexAttributes(backend.deps, await readArchiveScope(backend.db), { rest: 0 })
})
after(() => backend.stop())

/** Orders of the inspections that have a part of this thickness. */
async function thick(headers: Headers = here): Promise<string[]> {
  const address = `${backend.url}/dicom-web/studies?MaterialThickness=14&includefield=AccessionNumber`
  const answer = await fetch(address, { headers: { ...headers, accept: 'application/dicom+json' } })
  if (answer.status === 204) return []
  assert.equal(answer.status, 200, await answer.clone().text())
  return ((await answer.json()) as Dataset[]).map((match) => getString(match, tags.accessionNumber) ?? '').toSorted()
}

test('what is deleted is found no more by its declared attributes, and again when it is restored', async () => {
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld'])
  const one = await remove(backend, studyOf('weld'), { instances: [instanceOf('weld', 1)] })
  assert.deepEqual(await thick(), ['JOB-pipe'], 'the only image with the value went, the inspection stayed')
  await restore(backend, one.id)
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld'])
  const all = await remove(backend, studyOf('weld'))
  assert.deepEqual(await thick(), ['JOB-pipe'])
  await restore(backend, all.id)
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld'])
})

test('a correction leaves declared attributes where they are', async () => {
  await corrections.correct('weld', { orderNumber: 'JOB-weld-2' })
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld-2'])
})

test('what is moved is found where it is, and nowhere else', async () => {
  assert.deepEqual(await thick(there), [])
  const { status } = await post(
    backend,
    `/api/inspections/${studyOf('pipe')}/move`,
    { project: 'there', reason: 'customer' },
    here,
  )
  assert.equal(status, 204)
  assert.deepEqual(await thick(there), ['JOB-pipe'])
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld-2'])
})
