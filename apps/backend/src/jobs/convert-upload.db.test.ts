// The job that converts an upload, killed at each of its steps, run beside itself, and with a store that fails.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Upload } from '@instandt/api'
import { AppError } from '../app-error.ts'
import { filmContent, filmOf } from '../conversion/film.fixture.ts'
import { createInstanceWriter } from '../data/group-commit.ts'
import { dropOriginals } from '../data/originals.ts'
import { inTransaction } from '../data/transaction.ts'
import { untilBlocked } from '../data/until-blocked.fixture.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { begin, blobKeys, complete, look, putAll, type Sender, senderOf } from '../upload/upload.fixture.ts'
import { assembleUpload } from './assemble-upload.ts'
import { dieAtEachStep, noOrphans } from './dying.fixture.ts'

let backend: TestBackend
let sender: Sender
let scope: ArchiveScope
before(async () => {
  backend = await startTestBackend({ UPLOAD_PART_BYTES: 64 * 1024 })
  sender = senderOf(backend)
  scope = await readArchiveScope(backend.db)
})
after(() => backend.stop())

async function assembling(bytes: Uint8Array): Promise<Upload> {
  const begun = await begin(sender, bytes, filmContent)
  await putAll(sender, begun, bytes)
  assert.equal((await complete(sender, begun)).status, 202)
  return begun
}

const run = (deps = backend.deps, id = ''): Promise<void> =>
  assembleUpload(deps, createInstanceWriter(deps.db), scope, id)

async function rowsOf(study: string): Promise<object> {
  const { rows } = await backend.db.pool.query<object>(
    `select s.instance_count as counted, count(distinct i.id)::int as instances, count(distinct o.id)::int as originals,
      (select count(*)::int from audit_event where action = 'image.store' and study_instance_uid = $1) as events
      from study s join instance i on i.study_id = s.id left join original_instance oi on oi.instance_id = i.id
      left join original o on o.id = oi.original_id where s.study_instance_uid = $1 group by s.id`,
    [study],
  )
  return rows[0] ?? {}
}

const studyOf = (upload: Upload): string =>
  (upload.outcome?.kind === 'stored' && upload.outcome.studyInstanceUid) || JSON.stringify(upload.outcome)

for (const moment of ['before', 'after'] as const) {
  test(
    `killed ${moment} any step, all objects of a file are stored once in the end`,
    { timeout: 240_000 },
    async () => {
      const steps = await dieAtEachStep(backend, moment, async (process, number) => {
        const upload = await assembling(filmOf(number))
        await run(process.deps, upload.id).catch((error: unknown) => assert.ok(process.isDead(), String(error)))
        await run(backend.deps, upload.id)
        const ended = await look(sender, upload)
        assert.equal(ended.state, 'stored', process.lastStep())
        const found = await rowsOf(studyOf(ended))
        assert.deepEqual(found, { counted: 2, instances: 2, originals: 1, events: 1 }, process.lastStep())
      })
      // As for any upload, and besides: reads by ranges, two objects, their rows.
      assert.ok(steps >= 18, `${steps} steps`)
      await noOrphans(backend)
    },
  )

  test(
    `killed ${moment} any step, a refused file is refused, and nothing of it stays`,
    { timeout: 240_000 },
    async () => {
      await dieAtEachStep(backend, moment, async (process, number) => {
        const bytes = Buffer.from(filmOf(number, 2))
        // The second page: by then the first object is written.
        const first = bytes.readUInt32LE(4)
        bytes.fill(0xff, bytes.length - 600, bytes.length - 400)
        assert.ok(first < bytes.length - 600)
        const upload = await assembling(bytes)
        await run(process.deps, upload.id).catch(() => undefined)
        await run(backend.deps, upload.id)
        assert.equal((await look(sender, upload)).state, 'refused', process.lastStep())
      })
      await noOrphans(backend)
    },
  )
}

test('runs at the same time store once, and no bytes are lost', async () => {
  const upload = await assembling(filmOf(1000))
  await Promise.all([1, 2, 3].map(() => run(backend.deps, upload.id)))
  const ended = await look(sender, upload)
  assert.deepEqual(await rowsOf(studyOf(ended)), { counted: 2, instances: 2, originals: 1, events: 1 })
  await noOrphans(backend)
})

test('a store that is away while objects are written is waited for, and leaves nothing', async () => {
  const upload = await assembling(filmOf(2000))
  const before = await blobKeys(backend)
  const away = { ...backend.deps, blobs: Object.create(backend.deps.blobs) as typeof backend.deps.blobs }
  let writes = 0
  away.blobs.write = (...args) => {
    writes += 1
    return writes === 2
      ? Promise.reject(new AppError('storage-unavailable', 503, 'away'))
      : backend.deps.blobs.write(...args)
  }
  await assert.rejects(run(away, upload.id), { code: 'storage-unavailable' })
  assert.equal((await look(sender, upload)).state, 'assembling')
  assert.equal(
    (await blobKeys(backend)).filter((key) => !key.startsWith('staged/')).length,
    before.filter((key) => !key.startsWith('staged/')).length + 1,
  )
  await run(backend.deps, upload.id)
  assert.equal((await look(sender, upload)).state, 'stored')
})

test('an original goes with the last of its objects', async () => {
  const upload = await assembling(filmOf(3000))
  await run(backend.deps, upload.id)
  const { rows } = await backend.db.pool.query<{ id: number; blob_key: string }>(
    `select i.id, o.blob_key from instance i join study s on s.id = i.study_id join original_instance oi on oi.instance_id = i.id
      join original o on o.id = oi.original_id where s.study_instance_uid = $1 order by i.id`,
    [studyOf(await look(sender, upload))],
  )
  const [first, second] = rows as [{ id: number; blob_key: string }, { id: number; blob_key: string }]
  const drop = (id: number): Promise<string[]> =>
    inTransaction(backend.db, (client) => dropOriginals(client, scope, [id]))
  assert.deepEqual(await drop(first.id), [])
  assert.deepEqual(await drop(second.id), [first.blob_key])
})

test('of two purges at once that remove its last objects, one takes the original along', async () => {
  const upload = await assembling(filmOf(4000))
  await run(backend.deps, upload.id)
  const { rows } = await backend.db.pool.query<{ id: number; original: number; blob_key: string }>(
    `select i.id, o.id as original, o.blob_key from instance i join study s on s.id = i.study_id
      join original_instance oi on oi.instance_id = i.id join original o on o.id = oi.original_id
      where s.study_instance_uid = $1 order by i.id`,
    [studyOf(await look(sender, upload))],
  )
  assert.equal(rows.length, 2)
  const [first, second] = rows as [(typeof rows)[0], (typeof rows)[0]]
  let later: Promise<string[]> = Promise.resolve([])
  const dropped = await inTransaction(backend.db, async (client) => {
    const own = await dropOriginals(client, scope, [first.id])
    later = inTransaction(backend.db, (other) => dropOriginals(other, scope, [second.id]))
    later.catch(() => undefined)
    // Either it is through, or it waits for this transaction.
    await Promise.race([later, untilBlocked(backend.db)])
    return own
  })
  assert.deepEqual([...dropped, ...(await later)], [first.blob_key])
  const { rows: left } = await backend.db.pool.query(
    'select o.id from original o where o.id = $1 union all select oi.original_id from original_instance oi where oi.original_id = $1',
    [first.original],
  )
  assert.deepEqual(left, [])
})
