// One project alone, and which project an upload goes to.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { addPerson, addProject, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
let both: { authorization: string }

before(async () => {
  backend = await startTestBackend()
  await addProject(backend.db, 'welds')
  await addProject(backend.db, 'castings')
  both = await tokenHeaders(backend.db, 'level-ii', ['welds', 'castings'])
})
after(() => backend.stop())

const store = (path: string, headers: Record<string, string>, seed: string, study: string): Promise<Response> =>
  fetch(backend.url + path, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/dicom' },
    body: buildInstance({ seed, studyInstanceUid: study, image: { rows: 4, columns: 4 } }) as Uint8Array<ArrayBuffer>,
  })
const projectOf = async (study: string): Promise<string | undefined> =>
  (
    await backend.db.pool.query<{ slug: string }>(
      'select p.slug from study s join project p on p.id = s.project_id where s.study_instance_uid = $1',
      [study],
    )
  ).rows[0]?.slug

test('with several projects an upload names one, or is told the choice', async () => {
  const study = uidOf('choice')
  const refused = await store('/dicom-web/studies', both, 'choice', study)
  assert.equal(refused.status, 400)
  const problem = (await refused.json()) as { code: string; detail: string }
  assert.equal(problem.code, 'project-needed')
  assert.match(problem.detail, /castings, welds/)
  assert.equal(await projectOf(study), undefined)
  const answer = await store('/dicom-web/projects/castings/studies', both, 'choice', study)
  assert.equal(answer.status, 200)
  assert.equal(await projectOf(study), 'castings')
  const text = await answer.text()
  assert.match(text, new RegExp(`${backend.url}/dicom-web/projects/castings/studies/${study}/series/`))
})

test('a study stays in its project, whichever project of the caller is named', async () => {
  const study = uidOf('stays')
  assert.equal((await store('/dicom-web/projects/castings/studies', both, 'stays 1', study)).status, 200)
  assert.equal((await store('/dicom-web/projects/welds/studies', both, 'stays 2', study)).status, 409)
  assert.equal((await store(`/dicom-web/projects/castings/studies/${study}`, both, 'stays 3', study)).status, 200)
  assert.equal(await projectOf(study), 'castings')
})

test('one project shows its own studies, and answers lead on within it', async () => {
  const study = uidOf('lead')
  assert.equal((await store('/dicom-web/projects/welds/studies', both, 'lead', study)).status, 200)
  const find = (base: string): Promise<Response> =>
    fetch(`${backend.url}${base}/instances?StudyInstanceUID=${study}`, { headers: both })
  assert.equal((await find('/dicom-web/projects/castings')).status, 204)
  const [found] = (await (await find('/dicom-web/projects/welds')).json()) as Record<string, { Value: string[] }>[]
  const url = found?.['00081190']?.Value[0] ?? ''
  assert.ok(url.startsWith(`${backend.url}/dicom-web/projects/welds/studies/${study}/series/`), url)
  const metadata = await (await fetch(`${url}/metadata`, { headers: both })).text()
  assert.match(metadata, new RegExp(`"BulkDataURI":"${url}/bulkdata/7FE00010"`))
  assert.equal((await fetch(url.replace('/welds/', '/castings/'), { headers: both })).status, 404)
  assert.equal((await fetch(`${backend.url}/api/inspections?project=castings&q=`, { headers: both })).status, 200)
})

test('a person’s default project takes what names none', async () => {
  const { id } = await addPerson(backend.db, {
    memberships: { welds: 'level-ii', castings: 'level-i', default: 'viewer' },
  })
  const headers = await sessionHeaders(backend.db, id, backend.url)
  const choose = async (defaultProject: string | null): Promise<number> =>
    (
      await fetch(`${backend.url}/api/profile`, {
        method: 'PATCH',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ defaultProject }),
      })
    ).status
  assert.equal((await store('/dicom-web/studies', headers, 'mine', uidOf('mine'))).status, 400)
  // Seen, but not to be stored into.
  assert.equal(await choose('default'), 404)
  assert.equal(await choose('welds'), 204)
  assert.equal((await store('/dicom-web/studies', headers, 'mine', uidOf('mine'))).status, 200)
  assert.equal(await projectOf(uidOf('mine')), 'welds')
  assert.equal(await choose(null), 204)
  assert.equal((await store('/dicom-web/studies', headers, 'mine 2', uidOf('mine 2'))).status, 400)
})
