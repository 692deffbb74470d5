// The same part, upload or end from several sides at once: two servers, broken duplicates, dead connections, a database that
// forgets.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { formatDigest, type Upload, uploadPartUrl, uploadUrl } from '@instandt/api'
import { closeDb, openDb } from '@instandt/db'
import { testCaller } from '@instandt/testkit'
import { buildInstance } from '@instandt/testkit/files'
import { buildApp } from '../app.ts'
import { dropIdleUploads } from '../data/upload-jobs.ts'
import { createPartLocks } from '../data/upload-locks.ts'
import { startJobs } from '../jobs/index.ts'
import { sweepOrphans } from '../jobs/sweep-orphans.ts'
import { readArchiveScope, type Scope } from '../plugins/access.ts'
import { openDiskStore } from '../storage/disk-store.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { receivePart } from './receive-part.ts'
import {
  ask,
  begin,
  blobKeys,
  complete,
  jobCount,
  look,
  partOf,
  problemOf,
  putAll,
  putPart,
  type Sender,
  senderOf,
  settled,
  sha256Of,
} from './upload.fixture.ts'

let backend: TestBackend
let sender: Sender
/** The same through another server: own process state, own connections, own view of the store. */
let other: Sender
let jobs: Awaited<ReturnType<typeof startJobs>>
const closing: (() => Promise<unknown>)[] = []

before(async () => {
  backend = await startTestBackend({ UPLOAD_PART_BYTES: 1024 * 1024, DERIVE_THREADS: 0 })
  sender = senderOf(backend)
  const db = openDb({ connectionString: backend.database.appUrl })
  const blobs = await openDiskStore(backend.deps.config.STORAGE_DIR ?? '')
  const app = await buildApp({ ...backend.deps, db, blobs })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  other = { ...sender, url }
  closing.push(
    async () => {
      app.server.closeAllConnections()
      await app.close()
    },
    () => closeDb(db),
  )
  jobs = await startJobs(backend.deps)
})
after(async () => {
  await jobs.stop()
  for (const close of closing) await close()
  await backend.stop()
})

/** Some 2.9 MiB: three parts. */
const fileOf = (seed: string): Uint8Array => buildInstance({ seed, image: { rows: 1200, columns: 1250 } })

/** A part whose bytes are sent when told to. */
async function slowPart(
  to: Sender,
  upload: Upload,
  number: number,
  bytes: Uint8Array,
  digest: Uint8Array = sha256Of(bytes),
): Promise<{ send: (from: number, until?: number) => Promise<void>; answer: Promise<string>; cut: () => void }> {
  const socket = net.connect(Number(new URL(to.url).port), '127.0.0.1')
  await once(socket, 'connect')
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  socket.on('error', () => undefined)
  const answer = new Promise<string>((resolve) => {
    const look = (): void => {
      const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1]
      if (status !== undefined && (status === '204' || text.includes('"code"')))
        resolve(`${status} ${/"code":"([\w-]+)"/.exec(text)?.[1] ?? ''}`.trim())
    }
    socket.on('data', look)
    socket.on('close', () => resolve('no answer'))
  })
  socket.write(
    `PUT ${uploadPartUrl(upload.id, number)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${testCaller.authorization}\r\n` +
      `Content-Type: application/octet-stream\r\nContent-Digest: ${formatDigest(digest)}\r\nContent-Length: ${bytes.length}\r\n\r\n`,
  )
  return {
    async send(from, until = bytes.length) {
      if (!socket.write(bytes.subarray(from, until))) await once(socket, 'drain')
      await delay(50)
    },
    answer,
    cut: () => socket.destroy(),
  }
}

async function isStoredWhole(upload: Upload, bytes: Uint8Array): Promise<void> {
  assert.equal((await complete(sender, upload)).status, 202)
  const { outcome } = await settled(sender, upload)
  assert.ok(outcome?.kind === 'stored' || outcome?.kind === 'already-stored', JSON.stringify(outcome))
  assert.equal(outcome.sha256, sha256Of(bytes).toString('hex'))
}

test('parts through any server, some through both at once, become one file', async () => {
  const bytes = fileOf('both')
  const begun = await begin(sender, bytes)
  const statuses = await Promise.all(
    [0, 1, 2].flatMap((number) =>
      [sender, other].map(async (to) => (await putPart(to, begun, number, partOf(begun, bytes, number))).status),
    ),
  )
  // Whoever came second was told to come again, or found it done.
  assert.ok(
    statuses.every((status) => status === 204 || status === 409),
    statuses.join(),
  )
  assert.ok(statuses.filter((status) => status === 204).length >= 3)
  await isStoredWhole(begun, bytes)
})

for (const place of ['the same server', 'another server'] as const) {
  test(`a broken duplicate through ${place} does no harm to the part that is being received`, async () => {
    const bytes = fileOf(`broken ${place}`)
    const begun = await begin(sender, bytes)
    const part = partOf(begun, bytes, 0)
    const good = await slowPart(sender, begun, 0, part)
    await good.send(0, 700_000)
    const wrong = new Uint8Array(randomBytes(part.length))
    const broken = await slowPart(place === 'another server' ? other : sender, begun, 0, wrong, sha256Of(part))
    await broken.send(0, 900_000)
    await good.send(700_000)
    assert.equal(await good.answer, '204')
    await broken.send(900_000)
    assert.equal(await broken.answer, '409 part-busy')
    const late = await slowPart(other, begun, 0, wrong, sha256Of(part))
    await late.send(0)
    assert.equal(await late.answer, '204', 'known by its hash: nothing is written')
    await putAll(sender, begun, bytes)
    await isStoredWhole(begun, bytes)
  })
}

test('a part whose connection fell silent gives way to the same part over a new one', { timeout: 30_000 }, async () => {
  const bytes = fileOf('silent')
  const begun = await begin(sender, bytes)
  const part = partOf(begun, bytes, 1)
  const old = await slowPart(sender, begun, 1, part)
  await old.send(0, 300_000)
  assert.equal((await putPart(sender, begun, 1, part)).status, 409)
  await delay(5_200)
  assert.equal((await putPart(sender, begun, 1, part)).status, 204)
  await old.send(300_000)
  assert.match(await old.answer, /^(409 part-busy|204)$/)
  await putAll(sender, begun, bytes)
  await isStoredWhole(begun, bytes)
})

test('a part that takes longer than the proxies wait is ended, and can be sent again', async () => {
  const bytes = fileOf('crawls')
  const begun = await begin(sender, bytes)
  const part = partOf(begun, bytes, 0)
  const { rows } = await backend.db.pool.query<{ actor_id: string }>('select actor_id from upload where id = $1', [
    begun.id,
  ])
  const own = {
    ...(await readArchiveScope(backend.db)),
    actor: { kind: 'token', id: rows[0]?.actor_id ?? '', name: '' },
  } as Scope
  async function* crawling(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < part.length; at += 4096) {
      yield part.subarray(at, at + 4096)
      await delay(5)
    }
  }
  const sent = { upload: begun.id, number: 0, byteLength: part.length, sha256: sha256Of(part), body: crawling() }
  await assert.rejects(receivePart(backend.deps, createPartLocks(backend.db), own, sent, 300), {
    code: 'part-too-slow',
    status: 408,
  })
  assert.deepEqual((await look(sender, begun)).received, [])
  await putAll(sender, begun, bytes)
  await isStoredWhole(begun, bytes)
})

test('a part that was cut off is sent again at once, through another server too', async () => {
  const bytes = fileOf('cut')
  const begun = await begin(sender, bytes)
  const part = partOf(begun, bytes, 2)
  const gone = await slowPart(sender, begun, 2, part)
  await gone.send(0, 500_000)
  gone.cut()
  let status = 409
  for (let tries = 0; tries < 40 && status === 409; tries += 1) {
    await delay(25)
    status = (await putPart(other, begun, 2, part)).status
  }
  assert.equal(status, 204)
  await putAll(sender, begun, bytes)
  await isStoredWhole(begun, bytes)
})

test('a duplicate still under way when the parts are put together changes no byte afterwards', async () => {
  const bytes = fileOf('late')
  const begun = await begin(sender, bytes)
  const part = partOf(begun, bytes, 1)
  const wrong = new Uint8Array(randomBytes(part.length))
  const early = await slowPart(other, begun, 1, wrong)
  await early.send(0, 200_000)
  early.cut()
  await delay(200)
  await putAll(sender, begun, bytes)
  const late = await slowPart(other, begun, 1, wrong)
  const answers = await Promise.all([complete(sender, begun), late.send(0).then(() => late.answer)])
  assert.equal(answers[0].status, 202)
  assert.ok(answers[1].startsWith('409'), answers[1])
  const ended = await settled(sender, begun)
  assert.equal(ended.outcome?.kind === 'stored' && ended.outcome.sha256, sha256Of(bytes).toString('hex'))
  const after = await putPart(other, begun, 1, wrong)
  assert.deepEqual([after.status, (await problemOf(after)).code], [409, 'upload-complete'])
})

test('complete and remove from many sides at once have one winner', async () => {
  for (let round = 0; round < 8; round += 1) {
    const bytes = buildInstance({ seed: `winner ${round}`, image: { rows: 64, columns: 64 } })
    const begun = await begin(sender, bytes)
    await putAll(sender, begun, bytes)
    const answers = await Promise.all([
      complete(sender, begun),
      ask(other, 'DELETE', uploadUrl(begun.id)),
      complete(other, begun),
      ask(sender, 'DELETE', uploadUrl(begun.id)),
    ])
    const [completed, removed] = [
      answers.filter(({ status }) => status === 202).length,
      answers.filter(({ status }) => status === 204).length,
    ]
    if (removed === 0) {
      assert.equal(completed, 2)
      assert.equal((await settled(sender, begun)).state, 'stored')
    } else {
      const { rowCount } = await backend.db.pool.query('select from upload where id = $1', [begun.id])
      // Removed while open, or what was told of it once it was stored.
      assert.equal(rowCount, 0)
    }
  }
  for (let tries = 0; tries < 100 && (await jobCount(backend, 'drop-parts')) > 0; tries += 1) await delay(50)
  assert.deepEqual(
    (await blobKeys(backend)).filter((key) => key.startsWith('staged/')),
    [],
  )
})

test('when the database forgets our locks, parts under way end with 503 and can be sent again', async () => {
  const bytes = fileOf('forgets')
  const begun = await begin(sender, bytes)
  const part = partOf(begun, bytes, 0)
  const slow = await slowPart(sender, begun, 0, part)
  await slow.send(0, 600_000)
  const admin = openDb({ connectionString: backend.database.adminUrl })
  await admin.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )
  await closeDb(admin)
  await delay(200)
  await slow.send(600_000)
  assert.equal(await slow.answer, '503 database-unavailable')
  assert.deepEqual((await look(sender, begun)).received, [])
  await putAll(other, begun, bytes)
  await isStoredWhole(begun, bytes)
})

test('the sweep drops what nobody touched, with its bytes, and forgets how old uploads ended', async () => {
  const bytes = fileOf('idle')
  const scope = await readArchiveScope(backend.db)
  const [idle, fresh] = [await begin(sender, bytes), await begin(sender, bytes)]
  for (const one of [idle, fresh]) await putPart(sender, one, 0, partOf(one, bytes, 0))
  await backend.db.pool.query(`update upload set touched_at = now() - interval '6 days 1 hour' where id = $1`, [
    idle.id,
  ])
  await backend.db.pool.query(
    `update upload set finished_at = now() - interval '31 days' where id = (select id from upload where finished_at is not null limit 1)`,
  )
  const report = await dropIdleUploads(backend.db, scope, { idleDays: 6, finishedDays: 30 })
  assert.deepEqual(report, { dropped: 1, forgotten: 1 })
  assert.equal((await ask(sender, 'GET', uploadUrl(idle.id))).status, 404)
  for (let tries = 0; tries < 100 && (await jobCount(backend, 'drop-parts')) > 0; tries += 1) await delay(50)
  const staged = (await blobKeys(backend)).filter((key) => key.startsWith('staged/'))
  assert.equal(staged.length, 1, 'the fresh one has its bytes')
  assert.deepEqual((await look(sender, fresh)).received, [[0, 0]])

  // Days old, but somebody's; and parts that the database, restored from an older state, does not know.
  const tomorrow = new Date(Date.now() + 2 * 86_400_000)
  assert.equal((await sweepOrphans(backend.deps, scope, { now: tomorrow })).removedTemporary, 0)
  await backend.db.pool.query('delete from upload where id = $1', [fresh.id])
  assert.equal((await sweepOrphans(backend.deps, scope, { now: tomorrow, isDryRun: true })).removedTemporary, 1)
  assert.equal((await sweepOrphans(backend.deps, scope, { now: tomorrow })).removedTemporary, 1)
  assert.deepEqual(
    (await blobKeys(backend)).filter((key) => key.startsWith('staged/')),
    [],
  )
})
