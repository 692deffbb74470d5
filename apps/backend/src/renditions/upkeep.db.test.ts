// What goes wrong on the way, and what is thrown away: the queue goes on where it stopped, the store ends up with what is needed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { renditionUrl, tileUrl } from '@instandt/api'
import { uidOf } from '@instandt/testkit/files'
import { claimRenditionJob } from '../data/rendition-jobs.ts'
import { remakeRenditions } from '../data/rendition-queue.ts'
import { addRendition, countRenditions, type RenditionLayout } from '../data/renditions.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { renditionPrefix } from '../storage/blob-keys.ts'
import { bytesOf, type RenditionBackend, samples, startRenditionBackend, until } from './renditions.fixture.ts'
import { sweepRenditions } from './sweep-renditions.ts'

let backend: RenditionBackend
before(async () => {
  backend = await startRenditionBackend()
  await backend.store('large', { columns: 2500, rows: 2100, frame: () => bytesOf(samples(2500, 2100, 0)) })
})
after(() => backend.stop())

test('work that was cut off goes on where it stopped, and frames that are done are not made again', async () => {
  const frames = Array.from({ length: 12 }, (_, frame) => samples(800, 800, frame))
  const address = await backend.store('resumed', {
    columns: 800,
    rows: 800,
    frames: 12,
    frame: (at) => bytesOf(frames[at]!),
  })
  const deriving = backend.startDeriving()
  await until(async () => (await backend.jobOf('resumed')).frames_done >= 3)
  await deriving.stop()
  const stopped = await backend.jobOf('resumed')
  assert.equal(stopped.state, 'waiting')
  assert.ok(stopped.frames_done >= 3 && stopped.frames_done < 12, String(stopped.frames_done))
  const made = async () =>
    (
      await backend.db.pool.query<{ frame: number; made_at: Date }>(
        `select r.frame, r.made_at from rendition r join instance i on i.id = r.instance_id where i.sop_instance_uid = $1 order by 1`,
        [uidOf('resumed', 'instance')],
      )
    ).rows
  const before = await made()
  await backend.deriveAll()
  const afterwards = await made()
  assert.equal(afterwards.length, 12)
  assert.deepEqual(afterwards.slice(0, before.length), before)
  assert.deepEqual(await backend.assemble(address.replace(/1$/, '12')), frames[11])
})

test('a claim without a sign of life is taken over, and one that dies again and again is given up', async () => {
  await backend.store('dying', { columns: 800, rows: 800, frame: () => bytesOf(samples(800, 800, 0)) })
  const scope = await readArchiveScope(backend.db)
  for (let life = 1; life <= 6; life += 1) {
    const job = await claimRenditionJob(backend.db, scope, '00000000-0000-4000-8000-000000000000')
    assert.equal(job?.attempts, life)
    // Held by somebody who lives, as far as anybody knows.
    assert.equal(await claimRenditionJob(backend.db, scope, '00000000-0000-4000-8000-000000000001'), undefined)
    await backend.db.pool.query(
      `update rendition_job set leased_until = now() - interval '1 second' where leased_by is not null`,
    )
  }
  await backend.deriveAll()
  const { state, thumbnail, reason } = await backend.jobOf('dying')
  assert.deepEqual([state, thumbnail], ['failed', 'none'])
  assert.match(reason ?? '', /gave up/)
})

test('thrown away and made again it is the same; what nobody refers to is swept, what is referred to stays', async () => {
  const scope = await readArchiveScope(backend.db)
  const address = renditionUrl(uidOf('study'), uidOf('series'), uidOf('large', 'instance'), 1)
  const values = await backend.assemble(address)
  const count = await remakeRenditions(backend.db, scope, { of: { study: uidOf('study') } })
  assert.equal(count, 3)
  assert.equal((await backend.get(address)).status, 404)
  await backend.deriveAll()
  assert.deepEqual(await backend.assemble(address), values)
  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const { key } of backend.deps.blobs.list(renditionPrefix)) found.push(key)
    return found
  }
  const before = await keys()
  assert.equal((await sweepRenditions(backend.deps, scope)).removed, 0)
  const later = new Date(Date.now() + 25 * 3_600_000)
  const { removed, seen } = await sweepRenditions(backend.deps, scope, { now: later })
  assert.equal(seen, before.length)
  assert.ok(removed >= 5, String(removed))
  assert.deepEqual(await backend.assemble(address), values)
  assert.equal((await sweepRenditions(backend.deps, scope, { now: later })).removed, 0)
})

test('what was begun before everything is made again is not added after it', async () => {
  const scope = await readArchiveScope(backend.db)
  await backend.store('late', { columns: 800, rows: 800, frame: () => bytesOf(samples(800, 800, 0)) })
  const owner = '00000000-0000-4000-8000-000000000002'
  const job = await claimRenditionJob(backend.db, scope, owner)
  const id = job!.instanceId
  const count = async () => countRenditions(backend.db, scope, id)
  const late = { blobKey: 'late', byteSize: 1, layout: {} as RenditionLayout, prefixes: [[1]] }
  const remake = () => remakeRenditions(backend.db, scope, { of: { study: uidOf('study') } })
  const add = () => addRendition(backend.db, scope, owner, id, 1, late)

  assert.equal(await add(), true)
  assert.equal(await count(), 1)
  await remake()
  assert.equal(await count(), 0)
  assert.equal(await add(), false)
  assert.equal(await count(), 0)

  // Added and not yet committed while everything is being forgotten.
  await claimRenditionJob(backend.db, scope, owner)
  const worker = await backend.db.pool.connect()
  await worker.query('begin')
  await worker.query('select from rendition_job where instance_id = $1 for update', [id])
  await worker.query(
    `insert into rendition (instance_id, frame, blob_key, layout, index, byte_size) values ($1, 1, 'late', '{}', '', 1)`,
    [id],
  )
  const remaking = remake()
  await until(async () => {
    const { rows } = await backend.db.pool.query<{ waiting: number }>(
      `select count(*) as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    )
    return rows[0]?.waiting === 1
  })
  await worker.query('commit')
  worker.release()
  await remaking
  assert.equal(await count(), 0)
  await backend.deriveAll()
  assert.deepEqual(
    await backend.assemble(renditionUrl(uidOf('study'), uidOf('series'), uidOf('late', 'instance'), 1)),
    samples(800, 800, 0),
  )
})

test('an object that is gone from the store is 404, and made again', async () => {
  const address = renditionUrl(uidOf('study'), uidOf('series'), uidOf('large', 'instance'), 1)
  const { rows } = await backend.db.pool.query<{ blob_key: string }>(
    `select r.blob_key from rendition r join instance i on i.id = r.instance_id where i.sop_instance_uid = $1`,
    [uidOf('large', 'instance')],
  )
  await backend.deps.blobs.delete(rows[0]!.blob_key)
  assert.equal((await backend.get(tileUrl(address, 0, 0))).status, 404)
  assert.equal((await backend.get(address)).status, 404)
  await backend.deriveAll()
  assert.deepEqual(await backend.assemble(address), samples(2500, 2100, 0))
})

test('an instance that is deleted takes its renditions with it, and the sweep their objects', async () => {
  await backend.db.pool.query('delete from instance where sop_instance_uid = $1', [uidOf('large', 'instance')])
  const scope = await readArchiveScope(backend.db)
  const later = new Date(Date.now() + 25 * 3_600_000)
  const { removed } = await sweepRenditions(backend.deps, scope, { now: later })
  assert.ok(removed >= 2, String(removed))
})

test('instances of an older program get their turn', async () => {
  await backend.db.pool.query('delete from rendition_job')
  const scope = await readArchiveScope(backend.db)
  const { added } = await sweepRenditions(backend.deps, scope)
  assert.equal(added, 3)
  assert.equal((await sweepRenditions(backend.deps, scope)).added, 0)
})
