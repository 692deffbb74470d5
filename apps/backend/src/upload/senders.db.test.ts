// Whose an upload is: of a person or a machine, in projects where they may store; for everybody else it does not exist.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { accountHeader, createClient, startUpload, uploadUrl } from '@instandt/api'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { addPerson, addProject, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { startJobs } from '../jobs/index.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import {
  ask,
  begin,
  complete,
  look,
  partBytes,
  partOf,
  problemOf,
  putAll,
  putPart,
  type Sender,
  senderOf,
  settled,
  sha256Of,
  upload,
} from './upload.fixture.ts'

let backend: TestBackend
let jobs: Awaited<ReturnType<typeof startJobs>>
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0, UPLOAD_PART_BYTES: partBytes, UPLOAD_MAX_OPEN: 3 })
  jobs = await startJobs(backend.deps)
  for (const slug of ['alpha', 'beta']) await addProject(backend.db, slug)
})
after(async () => {
  await jobs.stop()
  await backend.stop()
})

const fileOf = (seed: string, more: object = {}): Uint8Array =>
  buildInstance({ seed, image: { rows: 200, columns: 200 }, ...more })

async function personWith(memberships: Parameters<typeof addPerson>[1]): Promise<{ id: string; sender: Sender }> {
  const { id } = await addPerson(backend.db, memberships)
  return { id, sender: senderOf(backend, await sessionHeaders(backend.db, id, backend.url)) }
}

test('an upload of somebody else does not exist, at any address', async () => {
  const owner = await personWith({ memberships: { alpha: 'level-ii' } })
  const bytes = fileOf('owned')
  const begun = await begin(owner.sender, bytes)
  await putPart(owner.sender, begun, 0, partOf(begun, bytes, 0))
  const colleague = await personWith({ memberships: { alpha: 'level-iii' } })
  const stranger = await personWith({ memberships: { beta: 'level-iii' } })
  const token = senderOf(backend, await tokenHeaders(backend.db, 'sender', ['alpha']))
  for (const other of [colleague.sender, stranger.sender, token]) {
    const answers = [
      await ask(other, 'GET', uploadUrl(begun.id)),
      await ask(other, 'DELETE', uploadUrl(begun.id)),
      await complete(other, begun),
      await putPart(other, begun, 1, partOf(begun, bytes, 1)),
      // Here already, and its hash is known to the sender: not even that is told.
      await putPart(other, begun, 0, partOf(begun, bytes, 0)),
    ]
    for (const answer of answers)
      assert.deepEqual([answer.status, (await problemOf(answer)).code], [404, 'upload-not-found'])
    assert.deepEqual(await (await ask(other, 'GET', '/api/uploads')).json(), { items: [] })
  }
  assert.deepEqual((await look(owner.sender, begun)).received, [[0, 0]])
})

test('when the session ends in the middle, a new one goes on with the same upload', async () => {
  const { id, sender } = await personWith({ memberships: { alpha: 'level-i' } })
  const bytes = fileOf('session')
  const begun = await begin(sender, bytes)
  await putPart(sender, begun, 0, partOf(begun, bytes, 0))
  await backend.db.pool.query(`update session set expires_at = now() - interval '1 second' where account_id = $1`, [id])
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  const over = await putPart(sender, begun, 1, partOf(begun, bytes, 1))
  assert.equal(over.status, 401)
  assert.equal((await problemOf(over)).code, 'not-signed-in')
  const again = senderOf(backend, await sessionHeaders(backend.db, id, backend.url))
  assert.deepEqual((await look(again, begun)).received, [[0, 0]])
  await putAll(again, begun, bytes)
  assert.equal((await complete(again, begun)).status, 202)
  assert.equal((await settled(again, begun)).state, 'stored')
  const { rows } = await backend.db.pool.query<{ actor_id: string; project: string }>(
    `select actor_id, project from audit_event where action = 'image.store' and study_instance_uid = $1`,
    [uidOf('session', 'study')],
  )
  assert.deepEqual(rows, [{ actor_id: id, project: null }])
})

test('what a page began as one person is not gone on with as another who has signed in beside it', async () => {
  const [first, second] = [
    await personWith({ memberships: { alpha: 'level-i' } }),
    await personWith({ memberships: { alpha: 'level-i' } }),
  ]
  // The cookie of the second, in a tab of the first.
  const tab = { ...second.sender, headers: { ...second.sender.headers, [accountHeader]: first.id } }
  const refused = await ask(tab, 'POST', '/api/uploads', { name: 'a', byteSize: 9 })
  assert.deepEqual([refused.status, (await problemOf(refused)).code], [401, 'other-account'])
  const stow = await fetch(`${backend.url}/dicom-web/studies`, {
    method: 'POST',
    headers: { ...tab.headers, 'content-type': 'application/dicom' },
    body: fileOf('beside') as Uint8Array<ArrayBuffer>,
  })
  assert.equal(stow.status, 401)
  const own = { ...second.sender, headers: { ...second.sender.headers, [accountHeader]: second.id } }
  assert.equal((await upload(own, fileOf('beside'), { project: 'alpha' })).state, 'stored')
})

test('whoever may not store any more has no upload any more', async () => {
  const { id, sender } = await personWith({ memberships: { alpha: 'level-i', beta: 'viewer' } })
  const bytes = fileOf('revoked')
  const begun = await begin(sender, bytes)
  await putAll(sender, begun, bytes)
  await backend.db.pool.query(`update membership set role = 'viewer' where account_id = $1`, [id])
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  assert.equal((await complete(sender, begun)).status, 403)
  await backend.db.pool.query(
    `update membership set role = 'level-i' where account_id = $1 and project_id = (select id from project where slug = 'beta')`,
    [id],
  )
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  assert.equal((await complete(sender, begun)).status, 404)
})

test('who may store nowhere cannot begin, and a project is named when there is a choice', async () => {
  const viewer = await personWith({ memberships: { alpha: 'viewer' } })
  const post = async (sender: Sender, more: object): Promise<string> => {
    const answer = await ask(sender, 'POST', '/api/uploads', { name: 'a', byteSize: 9, ...more })
    const text = (await answer.json()) as { code?: string; project?: string }
    return `${answer.status} ${text.code ?? text.project ?? ''}`
  }
  assert.equal(await post(viewer.sender, {}), '403 forbidden')
  const both = await personWith({ memberships: { alpha: 'level-i', beta: 'level-i', default: 'viewer' } })
  assert.equal(await post(both.sender, {}), '400 project-needed')
  assert.equal(await post(both.sender, { project: 'beta' }), '201 beta')
  assert.equal(await post(both.sender, { project: 'default' }), '403 forbidden')
  assert.equal(await post(both.sender, { project: 'elsewhere' }), '404 project-not-found')
})

test('a study in another project is added to, unless the upload names its own project', async () => {
  const { sender } = await personWith({ memberships: { alpha: 'level-i', beta: 'level-i' } })
  const study = { studyInstanceUid: uidOf('shared', 'study') }
  assert.equal((await upload(sender, fileOf('shared-1', study), { project: 'alpha' })).state, 'stored')
  const named = await upload(sender, fileOf('shared-2', study), { project: 'beta' })
  assert.equal(named.outcome?.kind === 'refused' && named.outcome.failureReason, 0x0124)
  const only = senderOf(backend, await tokenHeaders(backend.db, 'sender', ['beta']))
  const foreign = await upload(only, fileOf('shared-3', study))
  assert.deepEqual(foreign.outcome?.kind === 'refused' && [foreign.outcome.failureReason, foreign.outcome.comment], [
    0x0124,
    'This study cannot be added to.',
  ])
})

test('so many uploads at once and no more, also of requests that come together', async () => {
  const { sender } = await personWith({ memberships: { alpha: 'level-i' } })
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => ask(sender, 'POST', '/api/uploads', { name: 'a', byteSize: 9 })),
  )
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
  assert.deepEqual(statuses, [201, 201, 201, 409, 409, 409, 409, 409])
  const refused = answers.find(({ status }) => status === 409)
  assert.equal(refused && (await problemOf(refused)).code, 'too-many-uploads')
  const other = await personWith({ memberships: { alpha: 'level-i' } })
  await begin(other.sender, fileOf('other'))
})

test('one upload too many waits until another one has ended, and says for what', async () => {
  const { sender } = await personWith({ memberships: { alpha: 'level-i' } })
  const begun = await Promise.all(
    ['x', 'y', 'z'].map(async (name) => {
      const answer = await ask(sender, 'POST', '/api/uploads', { name, byteSize: 9 })
      return ((await answer.json()) as { id: string }).id
    }),
  )
  const client = createClient((address, init) =>
    fetch(backend.url + address, { ...init, headers: { ...(init.headers as object), ...sender.headers } }),
  )
  let isFull = false
  const running = startUpload({
    client,
    source: new Blob([fileOf('waits for room') as Uint8Array<ArrayBuffer>]),
    file: { name: 'a.dcm', project: 'alpha' },
    onChange: (progress) => (isFull ||= progress.phase === 'waiting' && progress.isFull),
  })
  while (!isFull) await new Promise((resolve) => setTimeout(resolve, 20))
  await client.removeUpload(begun[0]!)
  assert.equal((await running.done).outcome?.kind, 'stored')
  assert.equal(running.progress().isFull, false)
})

test('known files are those of projects where the caller may read or store, and no others', async () => {
  const alpha = senderOf(backend, await tokenHeaders(backend.db, 'sender', ['alpha']))
  const bytes = fileOf('where')
  assert.equal((await upload(alpha, bytes)).state, 'stored')
  const hash = sha256Of(bytes).toString('hex')
  const known = async (sender: Sender): Promise<string[]> => {
    const answer = await ask(sender, 'POST', '/api/uploads/known', { sha256: [hash] })
    return ((await answer.json()) as { items: { project: string }[] }).items.map(({ project }) => project)
  }
  assert.deepEqual(await known(alpha), ['alpha'])
  assert.deepEqual(await known(senderOf(backend, await tokenHeaders(backend.db, 'sender', ['beta']))), [])
  const reads = await personWith({ memberships: { alpha: 'viewer', beta: 'level-i' } })
  assert.deepEqual(await known(reads.sender), ['alpha'])
})
