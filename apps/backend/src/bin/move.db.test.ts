import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  checkTotals,
  type Headers,
  inspectionFiles,
  instanceOf,
  post,
  remove,
  retrieveInstance,
  seriesOf,
  studyOf,
} from '../archive.fixture.ts'
import { addPerson, addProject, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { correctInspections } from '../jobs/correct-inspections.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
/** Level III here and Level I there; Level III here alone; a member there alone. */
let both: Headers
let here: Headers
let there: Headers

before(async () => {
  backend = await startTestBackend()
  await addProject(backend.db, 'there')
  const person = async (memberships: Parameters<typeof addPerson>[1]): Promise<Headers> =>
    sessionHeaders(backend.db, (await addPerson(backend.db, memberships)).id, backend.url)
  both = await person({ memberships: { default: 'level-iii', there: 'level-i' } })
  here = await person({ memberships: { default: 'level-iii' } })
  there = await person({ memberships: { there: 'viewer' } })
})
after(() => backend.stop())

const move = (seed: string, headers: Headers, body: object = {}): ReturnType<typeof post> =>
  post(backend, `/api/inspections/${studyOf(seed)}/move`, { project: 'there', reason: 'customer', ...body }, headers)
const sees = async (seed: string, headers: Headers): Promise<number[]> =>
  Promise.all(
    [
      `/api/inspections/${studyOf(seed)}`,
      `/dicom-web/studies/${studyOf(seed)}/metadata`,
      `/dicom-web/studies/${studyOf(seed)}/series/${seriesOf(seed)}/instances/${instanceOf(seed, 0)}`,
      `/api/inspections/${studyOf(seed)}/views/${seriesOf(seed)}/instances`,
    ].map(async (place) => {
      const answer = await fetch(backend.url + place, { headers: { ...headers, accept: '*/*' } })
      await answer.arrayBuffer()
      return answer.status
    }),
  )

test('an inspection moves with everything below it: who was here sees it no more, who is there does', async () => {
  const files = inspectionFiles('moved', 3, 2)
  assert.equal((await backend.stow(files)).status, 200)
  assert.ok((await retrieveInstance(backend, 'moved', 0)).equals(files[0] as Buffer))
  assert.deepEqual(await sees('moved', there), [404, 404, 404, 404])
  const { status } = await move('moved', both)
  assert.equal(status, 204)
  assert.deepEqual(await sees('moved', here), [404, 404, 404, 404])
  assert.deepEqual(await sees('moved', there), [200, 200, 200, 200])
  await checkTotals(backend)

  // A machine of the project goes on adding to it; one of the old project cannot.
  const more = inspectionFiles('moved', 4, 2)[7] as Buffer
  for (const [project, expected] of [
    ['default', 409],
    ['there', 200],
  ] as const) {
    const answer = await fetch(`${backend.url}/dicom-web/studies`, {
      method: 'POST',
      headers: { ...(await tokenHeaders(backend.db, 'sender', [project])), 'content-type': 'application/dicom' },
      body: more as Uint8Array<ArrayBuffer>,
    })
    assert.equal(answer.status, expected, await answer.text())
  }
  await checkTotals(backend)

  const { rows: events } = await backend.db.pool.query(
    `select project, count, detail from audit_event where action = 'image.move' order by id`,
  )
  assert.deepEqual(events, [
    { project: 'default', count: 6, detail: { reason: 'customer', to: 'there' } },
    { project: 'there', count: 6, detail: { reason: 'customer', from: 'default' } },
  ])
  const { rows: changes } = await backend.db.pool.query(
    `select kind, (select slug from project p where p.id = project_id) as project, detail from change
     where kind like 'moved%' order by id`,
  )
  assert.deepEqual(changes, [
    { kind: 'moved-out', project: 'default', detail: { reason: 'customer' } },
    { kind: 'moved-in', project: 'there', detail: { reason: 'customer', count: 6 } },
  ])
})

test('moving takes rights in both projects, and says no more than it must', async () => {
  assert.equal((await backend.stow(inspectionFiles('rights', 1))).status, 200)
  assert.deepEqual((await move('rights', here)).code, 'project-not-found')
  assert.deepEqual((await move('rights', there)).code, 'forbidden')
  const viewerThere = await sessionHeaders(
    backend.db,
    (await addPerson(backend.db, { memberships: { default: 'level-iii', there: 'viewer' } })).id,
    backend.url,
  )
  assert.equal((await move('rights', viewerThere)).status, 403)
  assert.equal((await move('rights', both, { reason: '' })).status, 400)
  assert.equal((await move('rights', both, { project: 'default' })).code, 'already-there')
  assert.equal((await move('unknown', both)).code, 'inspection-not-found')
  assert.deepEqual(await sees('rights', here), [200, 200, 200, 200])
})

test('an instance that is stored there already keeps the inspection where it is', async () => {
  assert.equal((await backend.stow(inspectionFiles('twice', 2))).status, 200)
  const other = inspectionFiles('twice', 1, 1, { StudyInstanceUID: '2.25.77' })[0] as Buffer
  const answer = await fetch(`${backend.url}/dicom-web/projects/there/studies`, {
    method: 'POST',
    headers: { ...(await tokenHeaders(backend.db, 'sender', ['there'])), 'content-type': 'application/dicom' },
    body: other as Uint8Array<ArrayBuffer>,
  })
  assert.equal(answer.status, 200)
  const refused = await move('twice', both)
  assert.deepEqual([refused.status, refused.code], [409, 'instance-taken'])
  assert.deepEqual(await sees('twice', here), [200, 200, 200, 200])
})

test('what of it lies in the bin stays with the project it was deleted in', async () => {
  assert.equal((await backend.stow(inspectionFiles('binned', 2))).status, 200)
  const { id } = await remove(backend, studyOf('binned'), { instances: [instanceOf('binned', 1)] })
  assert.equal((await move('binned', both)).status, 204)
  assert.equal((await post(backend, `/api/bin/${id}/restore`)).code, 'inspection-moved')
})

test('an inspection that is being corrected is moved afterwards', async () => {
  assert.equal((await backend.stow(inspectionFiles('corrected', 1))).status, 200)
  const changes = { material: 'Steel' }
  const address = `/api/inspections/${studyOf('corrected')}/corrections`
  assert.equal((await post(backend, address, { changes, reason: 'because' })).status, 202)
  assert.equal((await move('corrected', both)).code, 'correction-under-way')
  await correctInspections(backend.deps, await readArchiveScope(backend.db))
  assert.equal((await move('corrected', both)).status, 204)
  const history = await fetch(`${backend.url}/api/inspections/${studyOf('corrected')}/history`, { headers: there })
  assert.equal(((await history.json()) as { corrections: unknown[] }).corrections.length, 1)
})
