// The job that stores an upload, killed at each of its steps, run beside itself, and given back its lost bytes' truth.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Upload } from '@instandt/api'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { createInstanceWriter } from '../data/group-commit.ts'
import { reviveAssemblies } from '../data/upload-jobs.ts'
import { completeUpload, removeUpload } from '../data/uploads.ts'
import { type ArchiveScope, readArchiveScope, type Scope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import {
  begin,
  complete,
  jobCount,
  look,
  partBytes,
  putAll,
  type Sender,
  senderOf,
  settled,
  sha256Of,
} from '../upload/upload.fixture.ts'
import { assembleUpload } from './assemble-upload.ts'
import { dieAtEachStep as dieAt, Killed, noOrphans as noOrphansIn, type Round } from './dying.fixture.ts'
import { startJobs } from './index.ts'
import { sweepOrphans } from './sweep-orphans.ts'

let backend: TestBackend
let sender: Sender
let scope: ArchiveScope
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0, UPLOAD_PART_BYTES: partBytes })
  sender = senderOf(backend)
  scope = await readArchiveScope(backend.db)
})
after(() => backend.stop())

const fileOf = (seed: string): Uint8Array => buildInstance({ seed, image: { rows: 200, columns: 200 } })

async function allSent(bytes: Uint8Array, more: object = {}): Promise<Upload> {
  const begun = await begin(sender, bytes, more)
  await putAll(sender, begun, bytes)
  return begun
}

async function assembling(bytes: Uint8Array, more: object = {}): Promise<Upload> {
  const begun = await allSent(bytes, more)
  assert.equal((await complete(sender, begun)).status, 202)
  return begun
}

const run = (deps = backend.deps, id = ''): Promise<void> =>
  assembleUpload(deps, createInstanceWriter(deps.db), scope, id)

const dieAtEachStep = (moment: 'before' | 'after', round: Round): Promise<number> => dieAt(backend, moment, round)

async function query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
  return (await backend.db.pool.query<Row>(text, values)).rows
}

const noOrphans = (): Promise<void> => noOrphansIn(backend)

for (const moment of ['before', 'after'] as const) {
  test(`killed ${moment} any step, an upload is stored once in the end`, { timeout: 240_000 }, async () => {
    const steps = await dieAtEachStep(moment, async (process, number) => {
      const seed = `kill ${moment} ${number}`
      const bytes = fileOf(seed)
      const upload = await assembling(bytes)
      const words = await run(process.deps, upload.id).then(
        () => '',
        (error: unknown) => String(error),
      )
      if (process.isDead()) assert.notEqual(words, '', process.lastStep())
      await run(backend.deps, upload.id)
      const ended = await look(sender, upload)
      assert.equal(ended.state, 'stored', process.lastStep())
      assert.deepEqual(ended.outcome?.kind, 'stored', process.lastStep())
      const instance = `/dicom-web/studies/${uidOf(seed, 'study')}/series/${uidOf(seed, 'series')}/instances/${uidOf(seed, 'instance')}`
      const back = await backend.get(instance, { accept: 'application/dicom; transfer-syntax=*' })
      assert.ok(Buffer.from(await back.arrayBuffer()).equals(bytes), process.lastStep())
      assert.deepEqual(
        await query(
          `select (select count(*) from instance where sop_instance_uid = $1)::int as rows, (select instance_count from study where study_instance_uid = $2) as counted,
            (select count(*) from audit_event where action = 'image.store' and study_instance_uid = $2)::int as events,
            (select count(*) from upload_part where upload_id = $3)::int as parts`,
          [uidOf(seed, 'instance'), uidOf(seed, 'study'), upload.id],
        ),
        [{ rows: 1, counted: 1, events: 1, parts: 0 }],
        process.lastStep(),
      )
    })
    // Begin, parts, lock, commit of parts, read, chunks, insert and commit at least.
    assert.ok(steps >= 15, `${steps} steps`)
    await noOrphans()
  })

  test(`killed ${moment} any step, a refused file is refused and its bytes go`, { timeout: 240_000 }, async () => {
    const steps = await dieAtEachStep(moment, async (process) => {
      const upload = await assembling(randomBytes(2 * partBytes + 9))
      await run(process.deps, upload.id).catch(() => undefined)
      await run(backend.deps, upload.id)
      const ended = await look(sender, upload)
      assert.equal(ended.state, 'refused', process.lastStep())
      assert.equal(ended.outcome?.kind === 'refused' && ended.outcome.failureReason, 0xc000, process.lastStep())
    })
    assert.ok(steps >= 12, `${steps} steps`)
    await noOrphans()
  })

  test(
    `killed ${moment} any step, complete leaves an open upload or one with its job`,
    { timeout: 240_000 },
    async () => {
      const steps = await dieAtEachStep(moment, async (process) => {
        const upload = await allSent(fileOf('complete'))
        const [owner] = await query<{ actor_id: string }>('select actor_id from upload where id = $1', [upload.id])
        const own = { ...scope, actor: { kind: 'token', id: owner?.actor_id ?? '', name: 'tests' } } as Scope
        await completeUpload(process.deps.db, own, upload.id).catch(() => undefined)
        const [found] = await query<{ state: string; jobs: number }>(
          `select state, (select count(*) from graphile_worker.jobs where key = 'assemble ' || $1)::int as jobs from upload where id = $1::uuid`,
          [upload.id],
        )
        assert.deepEqual(found, found?.state === 'open' ? { state: 'open', jobs: 0 } : { state: 'assembling', jobs: 1 })
        assert.equal((await complete(sender, upload)).status, 202)
        await run(backend.deps, upload.id)
        assert.equal((await look(sender, upload)).state, 'stored')
      })
      assert.ok(steps >= 5, `${steps} steps`)
    },
  )

  test(
    `killed ${moment} any step, removing leaves an open upload or none, and its bytes a job`,
    { timeout: 240_000 },
    async () => {
      await dieAtEachStep(moment, async (process) => {
        const before = await jobCount(backend, 'drop-parts')
        const upload = await allSent(fileOf('remove'))
        const [owner] = await query<{ actor_id: string }>('select actor_id from upload where id = $1', [upload.id])
        const own = { ...scope, actor: { kind: 'token', id: owner?.actor_id ?? '', name: 'tests' } } as Scope
        await removeUpload(process.deps.db, own, upload.id, { isOpenOnly: false }).catch(() => undefined)
        const left = await query('select state from upload where id = $1', [upload.id])
        assert.equal((await jobCount(backend, 'drop-parts')) - before, left.length === 0 ? 1 : 0, process.lastStep())
      })
    },
  )
}

test('runs at the same time store once, and no bytes are lost', async () => {
  const bytes = fileOf('beside')
  const upload = await assembling(bytes)
  await Promise.all([1, 2, 3].map(() => run(backend.deps, upload.id)))
  assert.equal((await look(sender, upload)).outcome?.kind, 'stored')
  const events = await query(`select from audit_event where action = 'image.store' and study_instance_uid = $1`, [
    uidOf('beside', 'study'),
  ])
  assert.equal(events.length, 1)
  await noOrphans()
})

test('a run that was overtaken by the end of its upload registers nothing', async () => {
  const bytes = fileOf('overtaken')
  const upload = await assembling(bytes)
  const slow = { ...backend.deps, blobs: Object.create(backend.deps.blobs) as typeof backend.deps.blobs }
  slow.blobs.read = async (key, ...more) => {
    // While it reads somebody gives the upload up and drops its bytes.
    await backend.db.pool.query(
      `update upload set state = 'failed', finished_at = now(), outcome = '{"kind": "failed", "code": "unreadable", "comment": "x"}' where id = $1`,
      [upload.id],
    )
    return backend.deps.blobs.read(key, ...more)
  }
  await run(slow, upload.id)
  assert.equal((await look(sender, upload)).state, 'failed')
  assert.equal(
    (await query('select from instance where sop_instance_uid = $1', [uidOf('overtaken', 'instance')])).length,
    0,
  )
  await noOrphans()
})

test('bytes that the store damaged, and parts that it lost, end the upload with words', async () => {
  const damaged = await assembling(fileOf('damaged'))
  const spoil = { ...backend.deps, blobs: Object.create(backend.deps.blobs) as typeof backend.deps.blobs }
  spoil.blobs.read = async (key, ...more) => {
    const body = await backend.deps.blobs.read(key, ...more)
    return (async function* () {
      for await (const chunk of body) {
        // Not in the header: whoever only parses does not notice.
        if (more[0]?.offset === partBytes) chunk[100] = (chunk[100] ?? 0) ^ 1
        yield chunk
      }
    })()
  }
  await run(spoil, damaged.id)
  const first = (await look(sender, damaged)).outcome
  assert.equal(first?.kind === 'failed' && first.code, 'part-damaged')

  const lost = await assembling(fileOf('lost'))
  const [row] = await query<{ blob_key: string }>('select blob_key from upload where id = $1', [lost.id])
  await backend.deps.blobs.dropParts(row?.blob_key ?? '')
  await run(backend.deps, lost.id)
  const second = (await look(sender, lost)).outcome
  assert.equal(second?.kind === 'failed' && second.code, 'parts-lost')
  await noOrphans()
})

test('a store that is away ends nothing, however often; a file that ends its readings is given up', async () => {
  const upload = await assembling(fileOf('away'))
  const away = { ...backend.deps, blobs: Object.create(backend.deps.blobs) as typeof backend.deps.blobs }
  const { AppError } = await import('../app-error.ts')
  away.blobs.read = () => Promise.reject(new AppError('storage-unavailable', 503, 'away'))
  for (let tries = 0; tries < 30; tries += 1)
    await assert.rejects(run(away, upload.id), { code: 'storage-unavailable' })
  assert.equal((await look(sender, upload)).state, 'assembling')
  away.blobs.read = () => Promise.reject(new Killed())
  for (let tries = 0; tries < 20; tries += 1) await assert.rejects(run(away, upload.id), Killed)
  await run(away, upload.id)
  const { state, outcome } = await look(sender, upload)
  assert.deepEqual([state, outcome?.kind === 'failed' && outcome.code], ['failed', 'unreadable'])
})

test('how far the reading is can be seen, and a stop ends it without counting', { timeout: 30_000 }, async () => {
  const upload = await assembling(fileOf('watched'))
  const slow = { ...backend.deps, blobs: Object.create(backend.deps.blobs) as typeof backend.deps.blobs }
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  slow.blobs.read = async (key, range, memory) => {
    if (range?.offset === partBytes) await released
    return backend.deps.blobs.read(key, range, memory)
  }
  const stop = new AbortController()
  const reading = assembleUpload(slow, createInstanceWriter(slow.db), scope, upload.id, stop.signal)
  let seen = await look(sender, upload)
  for (let tries = 0; tries < 200 && seen.readBytes === 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    seen = await look(sender, upload)
  }
  assert.deepEqual([seen.state, seen.readBytes], ['assembling', partBytes])
  stop.abort(new Error('the worker is ending'))
  release()
  await assert.rejects(reading, /the worker is ending/)
  assert.deepEqual(await query('select attempts, state from upload where id = $1', [upload.id]), [
    { attempts: 0, state: 'assembling' },
  ])
  await run(backend.deps, upload.id)
  assert.equal((await look(sender, upload)).state, 'stored')
})

test('an upload whose worker died is taken up by another within its minute, one that waits keeps its place', async () => {
  const bytes = fileOf('dead worker')
  const upload = await assembling(bytes)
  await backend.db.pool.query(`update upload set touched_at = now() - interval '2 minutes' where id = $1`, [upload.id])
  assert.equal(await reviveAssemblies(backend.db, scope, 60), 0, 'its job waits for its turn')
  await backend.db.pool.query(
    `update graphile_worker._private_jobs set locked_at = now(), locked_by = 'dead', attempts = 1 where key = 'assemble ' || $1`,
    [upload.id],
  )
  assert.equal(await reviveAssemblies(backend.db, scope, 180), 0, 'somebody may still be at it')
  assert.equal(await reviveAssemblies(backend.db, scope, 60), 1)
  const jobs = await startJobs(backend.deps)
  try {
    const ended = await settled(sender, upload)
    assert.equal(ended.outcome?.kind === 'stored' && ended.outcome.sha256, sha256Of(bytes).toString('hex'))
  } finally {
    await jobs.stop()
  }
})

test('while an upload is being stored its object is no orphan', async () => {
  const upload = await assembling(fileOf('young'))
  const [row] = await query<{ blob_key: string; byte_size: number; part_size: number }>(
    'select * from upload where id = $1',
    [upload.id],
  )
  await backend.deps.blobs.commitParts(row?.blob_key ?? '', {
    count: upload.partCount,
    partSize: upload.partSize,
    byteLength: upload.byteSize,
  })
  const report = await sweepOrphans(backend.deps, scope, { graceHours: 0 })
  assert.ok(!report.quarantined.includes(row?.blob_key ?? ''))
  await run(backend.deps, upload.id)
  assert.equal((await look(sender, upload)).state, 'stored')
})
