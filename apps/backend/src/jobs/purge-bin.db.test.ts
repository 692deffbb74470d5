import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Deletion } from '@instandt/api'
import { testAzurite } from '@instandt/testkit'
import { blobKeys, inspectionFiles, instanceOf, post, remove, studyOf, whileStoreIsAway } from '../archive.fixture.ts'
import { addPerson, sessionHeaders } from '../identity.fixture.ts'
import { untilBlocked } from '../data/until-blocked.fixture.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { objectPrefix } from '../storage/blob-keys.ts'
import { startFaultyAzure } from '../storage/faulty-azure.fixture.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { startJobs } from './index.ts'
import { purgeBin, type PurgeReport } from './purge-bin.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0 })
})
after(() => backend.stop())

const purge = async (one = backend): Promise<PurgeReport> => purgeBin(one.deps, await readArchiveScope(one.db))
const isOver = (deletion: Deletion, one = backend): Promise<unknown> =>
  one.db.pool.query(`update deletion set purge_at = now() - interval '1 second' where id = $1`, [deletion.id])
const readDeletion = async (id: string, one = backend): Promise<Record<string, unknown> | undefined> =>
  (await one.db.pool.query<Record<string, unknown>>('select * from deletion where id = $1', [id])).rows[0]

async function deleted(seed: string, count: number, one = backend): Promise<Deletion> {
  const answer = await one.stow(inspectionFiles(seed, count))
  assert.equal(answer.status, 200, await answer.text())
  return remove(one, studyOf(seed), { reason: `reason of ${seed}` })
}

test('what has waited long enough is removed for good, and its tombstone tells what it was', async () => {
  const files = inspectionFiles('waited', 130)
  assert.equal((await backend.stow(files)).status, 200)
  const { rows: stored } = await backend.db.pool.query<{ uid: string; sha256: string }>(
    `select sop_instance_uid as uid, encode(sha256, 'hex') as sha256 from instance order by id`,
  )
  const old = await remove(backend, studyOf('waited'), { reason: 'reason of waited' })
  const young = await deleted('young', 1)
  assert.deepEqual(await purge(), { purged: 0, instances: 0, postponed: 0 })
  await isOver(old)
  assert.deepEqual(await purge(), { purged: 1, instances: 130, postponed: 0 })
  assert.equal((await blobKeys(backend, objectPrefix)).length, 1)
  assert.equal(await readDeletion(old.id), undefined)
  assert.ok(await readDeletion(young.id))

  const { rows: events } = await backend.db.pool.query<{
    detail: Record<string, unknown>
    actor_kind: string
    count: number
  }>(
    `select detail, actor_kind, count from audit_event where action = 'image.purge' and study_instance_uid = $1 order by id`,
    [studyOf('waited')],
  )
  assert.deepEqual(
    events.map((event) => [event.actor_kind, event.count]),
    [
      ['system', 100],
      ['system', 30],
    ],
  )
  const detail = events[0]?.detail ?? {}
  assert.deepEqual(
    [detail['step'], detail['reason'], detail['deletedBy'], detail['level']],
    ['tombstone', 'reason of waited', 'tests', 'study'],
  )
  const told = events.flatMap((event) => event.detail['instances'] as { instance: string; sha256: string[] }[])
  assert.deepEqual(
    told.map((one) => [one.instance, one.sha256]),
    stored.map((row) => [row.uid, [row.sha256]]),
  )
  const { rows: changes } = await backend.db.pool.query(
    'select kind, component_number, order_number from change where study_instance_uid = $1 order by id',
    [studyOf('waited')],
  )
  assert.deepEqual(changes.at(-1), { kind: 'purged', component_number: 'B-waited', order_number: 'JOB-waited' })
})

test('an administrator orders it before its time, the worker does it, and there is no way back', async () => {
  const deletion = await deleted('ordered', 2)
  const address = `/api/archive/bin/${deletion.id}/purge`
  assert.equal((await post(backend, address, { reason: 'not by Level III' })).status, 403)
  const { id } = await addPerson(backend.db, { isAdministrator: true, name: 'Ada Admin' })
  const admin = await sessionHeaders(backend.db, id, backend.url)
  assert.equal((await post(backend, address, {}, admin)).status, 400)
  const jobs = await startJobs(backend.deps)
  try {
    assert.equal((await post(backend, address, { reason: 'export control' }, admin)).status, 202)
    const refused = await post(backend, `/api/bin/${deletion.id}/restore`)
    assert.ok(['purge-begun', 'deletion-not-found'].includes(refused.code), refused.code)
    for (let wait = 0; wait < 600 && (await readDeletion(deletion.id)); wait += 1) await delay(50)
  } finally {
    await jobs.stop()
  }
  assert.equal(await readDeletion(deletion.id), undefined)
  const { rows } = await backend.db.pool.query<{ actor_name: string; detail: Record<string, unknown> }>(
    `select actor_name, detail from audit_event where action = 'image.purge' and study_instance_uid = $1 order by id`,
    [studyOf('ordered')],
  )
  assert.deepEqual(
    rows.map((row) => [row.actor_name, row.detail['step'], row.detail['purgedBy'] ?? null]),
    [
      ['Ada Admin', 'ordered', null],
      ['instandt', 'tombstone', 'Ada Admin'],
    ],
  )
  assert.equal((await post(backend, address, { reason: 'once more' }, admin)).code, 'deletion-not-found')
})

test('a deletion that somebody just looks at is waited for, not left out', async () => {
  const deletion = await deleted('looked-at', 2)
  await isOver(deletion)
  const client = await backend.db.pool.connect()
  try {
    await client.query('begin')
    await client.query('select from deletion where id = $1 for update', [deletion.id])
    const purging = purge()
    await untilBlocked(backend.db)
    await client.query('rollback')
    assert.deepEqual(await purging, { purged: 1, instances: 2, postponed: 0 })
  } finally {
    client.release()
  }
})

test('a purge that was killed between bytes and rows goes on, and cannot be taken back', async () => {
  const deletion = await deleted('killed', 3)
  await isOver(deletion)
  const { rows } = await backend.db.pool.query<{ blob_key: string }>(
    `update deletion d set state = 'purging' from bin_instance b where b.deletion_id = d.id and d.id = $1 returning b.blob_key`,
    [deletion.id],
  )
  await backend.deps.blobs.delete(rows[0]?.blob_key ?? '')
  assert.equal((await post(backend, `/api/bin/${deletion.id}/restore`)).code, 'purge-begun')
  assert.deepEqual(await purge(), { purged: 1, instances: 3, postponed: 0 })
})

const canMark =
  process.getuid?.() === 0 && spawnSync('chattr', ['-V'], { stdio: 'ignore' }).error === undefined
    ? false
    : 'marking a file immutable takes root and chattr'

test('bytes that the file system keeps are told, and tried again a day later', { skip: canMark }, async () => {
  const deletion = await deleted('write-once', 2)
  await isOver(deletion)
  const { rows } = await backend.db.pool.query<{ blob_key: string }>(
    'select blob_key from bin_instance where deletion_id = $1 order by id',
    [deletion.id],
  )
  const kept = path.join(backend.deps.config.STORAGE_DIR ?? '', rows[1]?.blob_key ?? '')
  execFileSync('chattr', ['+i', kept])
  try {
    assert.deepEqual(await purge(), { purged: 0, instances: 0, postponed: 1 })
  } finally {
    execFileSync('chattr', ['-i', kept])
  }
  const told = await readDeletion(deletion.id)
  assert.match(String(told?.['fault']), /keeps these bytes/)
  assert.ok(Math.abs(Number(told?.['next_try_at']) - Date.now() - 86_400_000) < 60_000)
  // Not before its time, and then it is done.
  assert.deepEqual(await purge(), { purged: 0, instances: 0, postponed: 0 })
  await backend.db.pool.query('update deletion set next_try_at = now()')
  assert.deepEqual(await purge(), { purged: 1, instances: 2, postponed: 0 })
})

test('a store that is away gives up nothing, and nothing is buried', async () => {
  const deletion = await deleted('away', 2)
  await isOver(deletion)
  await whileStoreIsAway(backend, async () => {
    await assert.rejects(purge(), { code: 'storage-unavailable' })
  })
  const { rows } = await backend.db.pool.query<{ count: number }>(
    'select count(*)::integer as count from bin_instance where deletion_id = $1',
    [deletion.id],
  )
  assert.deepEqual(rows, [{ count: 2 }])
  await backend.db.pool.query('update deletion set next_try_at = now()')
  assert.deepEqual(await purge(), { purged: 1, instances: 2, postponed: 0 })
})

test('a policy of the cloud that keeps the bytes is told, and the purge is done once it lets go', async () => {
  let isKeeping = true
  const azure = await startFaultyAzure(await testAzurite(), ({ method }) =>
    method === 'DELETE' && isKeeping ? 'kept' : undefined,
  )
  const one = await startTestBackend({
    STORAGE: 'azure',
    AZURE_STORAGE_CONNECTION_STRING: azure.connectionString,
    AZURE_STORAGE_CONTAINER: `test-${randomUUID()}`,
  })
  try {
    await purge(one)
    const deletion = await deleted('policy', 2, one)
    await isOver(deletion, one)
    assert.deepEqual(await purge(one), { purged: 0, instances: 0, postponed: 1 })
    const shown = (await (await one.get('/api/bin')).json()) as { items: Deletion[] }
    assert.deepEqual(
      shown.items.map(({ state, instanceCount }) => [state, instanceCount]),
      [['purging', 2]],
    )
    assert.match(shown.items[0]?.fault ?? '', /keeps these bytes/)
    isKeeping = false
    await one.db.pool.query('update deletion set next_try_at = now()')
    assert.deepEqual(await purge(one), { purged: 1, instances: 2, postponed: 0 })
    assert.deepEqual(await blobKeys(one, objectPrefix), [])
  } finally {
    await one.stop()
    azure.stop()
  }
})

test('one deletion that cannot be purged holds up no other', { skip: canMark }, async () => {
  const stuck = await deleted('stuck', 1)
  const free = await deleted('free', 1)
  await isOver(stuck)
  await isOver(free)
  const { rows } = await backend.db.pool.query<{ blob_key: string }>(
    'select blob_key from bin_instance where deletion_id = $1 and sop_instance_uid = $2',
    [stuck.id, instanceOf('stuck', 0)],
  )
  const kept = path.join(backend.deps.config.STORAGE_DIR ?? '', rows[0]?.blob_key ?? '')
  execFileSync('chattr', ['+i', kept])
  try {
    assert.deepEqual(await purge(), { purged: 1, instances: 1, postponed: 1 })
  } finally {
    execFileSync('chattr', ['-i', kept])
  }
})
