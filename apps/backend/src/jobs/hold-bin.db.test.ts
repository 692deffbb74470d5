// The bin of an older database that was put back: what is due in it may have been restored in the one that was lost.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Deletion } from '@instandt/api'
import {
  blobKeys,
  inspectionFiles,
  post,
  remove,
  retrieveInstance,
  studyOf,
  whileStoreIsAway,
} from '../archive.fixture.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { objectPrefix } from '../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { purgeBin, type PurgeReport } from './purge-bin.ts'
import { reindex } from './reindex.ts'

let backend: TestBackend
let scope: ArchiveScope
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0 })
  scope = await readArchiveScope(backend.db)
})
after(() => backend.stop())

const nothing: PurgeReport = { purged: 0, instances: 0, postponed: 0 }
const purge = async (): Promise<PurgeReport> => purgeBin(backend.deps, scope)
const sql = async (text: string, ...values: unknown[]): Promise<unknown> => backend.db.pool.query(text, values)
/** As it stands in a database that is so old, or after the worker was off for so long. */
const lookedAt = (age: string | null): Promise<unknown> =>
  sql('update bin_watch set looked_at = now() - $1::interval', age)
const dueIn = (deletion: Deletion, time: string): Promise<unknown> =>
  sql('update deletion set purge_at = now() + $2::interval where id = $1', deletion.id, time)

async function deleted(seed: string, count = 2): Promise<Deletion> {
  assert.equal((await backend.stow(inspectionFiles(seed, count))).status, 200)
  return remove(backend, studyOf(seed))
}

interface Row {
  state: string
  days: number
  isHeld: boolean
}
async function look(deletion: Deletion): Promise<Row | undefined> {
  const { rows } = await backend.db.pool.query<Row>(
    `select state, round(extract(epoch from purge_at - now()) / 86400, 1)::float8 as days, held_at is not null as "isHeld"
     from deletion where id = $1`,
    [deletion.id],
  )
  return rows[0]
}
const held: Row = { state: 'binned', days: 7, isHeld: true }

async function keysOf(deletion: Deletion): Promise<string[]> {
  const { rows } = await backend.db.pool.query<{ key: string }>(
    'select blob_key as key from bin_instance where deletion_id = $1 order by id',
    [deletion.id],
  )
  return rows.map((row) => row.key)
}

async function holdsOf(seed: string): Promise<unknown[]> {
  const { rows } = await backend.db.pool.query(
    `select actor_kind, count, target from audit_event where action = 'image.hold' and study_instance_uid = $1 order by id`,
    [studyOf(seed)],
  )
  return rows
}

for (const age of ['61 minutes', '20 days', null]) {
  test(`last looked into ${age ?? 'never'} ago: what is due is held for a week and can be restored`, async () => {
    const seed = `restored ${age}`
    const due = await deleted(seed)
    const soon = await deleted(`soon ${age}`)
    const late = await deleted(`late ${age}`)
    await dueIn(due, '-3 days')
    await dueIn(soon, '3 days')
    await dueIn(late, '20 days')
    await lookedAt(age)
    assert.deepEqual(await purge(), nothing)
    assert.deepEqual([await look(due), await look(soon)], [held, held])
    // It has the time of its own, and may be held another time.
    assert.deepEqual(await look(late), { state: 'binned', days: 20, isHeld: false })
    assert.deepEqual(await holdsOf(seed), [
      { actor_kind: 'system', count: 2, target: 'the worker did not look into the bin for an hour' },
    ])
    const shown = (await (await backend.get('/api/bin')).json()) as { items: Deletion[] }
    const purgeAt = shown.items.find(({ id }) => id === due.id)?.purgeAt ?? ''
    assert.ok(Math.abs(Date.parse(purgeAt) - Date.now() - 7 * 86_400_000) < 60_000, purgeAt)
    assert.equal((await post(backend, `/api/bin/${due.id}/restore`)).status, 200)
    assert.ok((await retrieveInstance(backend, seed, 0)).length > 0)
  })
}

test('looked into an hour ago at most, nothing is held', async () => {
  const deletion = await deleted('young')
  await dueIn(deletion, '-1 second')
  await lookedAt('55 minutes')
  assert.deepEqual(await purge(), { purged: 1, instances: 2, postponed: 0 })
})

test('a machine that is off every night holds a deletion once, and then removes it', async () => {
  const deletion = await deleted('nightly')
  await dueIn(deletion, '6 days 12 hours')
  for (let night = 0; night < 6; night += 1) {
    await lookedAt('12 hours')
    assert.deepEqual(await purge(), nothing)
    // A day goes by.
    await sql(`update deletion set purge_at = purge_at - interval '1 day' where id = $1`, deletion.id)
  }
  assert.equal((await holdsOf('nightly')).length, 1)
  await dueIn(deletion, '-1 second')
  await lookedAt('12 hours')
  assert.deepEqual(await purge(), { purged: 1, instances: 2, postponed: 0 })
})

test('a purge that had begun is put back into the bin when all its bytes are there', async () => {
  const deletion = await deleted('begun')
  await sql(
    `update deletion set state = 'purging', purge_at = now() - interval '2 days', next_try_at = now() where id = $1`,
    deletion.id,
  )
  await lookedAt('2 days')
  await whileStoreIsAway(backend, async () => {
    await assert.rejects(purge(), { code: 'storage-unavailable' })
  })
  // A store that is away decided nothing, and the next turn, which is not late any more, still asks.
  await sql('update deletion set next_try_at = now() where id = $1', deletion.id)
  assert.deepEqual(await purge(), nothing)
  assert.deepEqual(await look(deletion), held)
  assert.deepEqual(await holdsOf('begun'), [
    { actor_kind: 'system', count: 2, target: 'its purge had begun, and all bytes are there' },
  ])
  assert.equal((await post(backend, `/api/bin/${deletion.id}/restore`)).status, 200)
  assert.ok((await retrieveInstance(backend, 'begun', 1)).length > 0)
})

test('a purge that had begun goes on when bytes are gone, or instances are buried', async () => {
  const gone = await deleted('gone', 130)
  const [buried, ordered] = [await deleted('buried', 3), await deleted('just ordered')]
  const keys = [...(await keysOf(gone)), ...(await keysOf(buried)), ...(await keysOf(ordered))]
  await backend.deps.blobs.delete((await keysOf(gone)).at(-1) ?? '')
  await sql('delete from bin_instance where id = (select min(id) from bin_instance where deletion_id = $1)', buried.id)
  await sql(`update deletion set state = 'purging', next_try_at = now() where id = any($1)`, [gone.id, buried.id])
  // While the worker was off.
  await sql(`update deletion set state = 'purging', purged_by = 'Ada' where id = $1`, ordered.id)
  await lookedAt('2 days')
  assert.deepEqual(await purge(), { purged: 3, instances: 134, postponed: 0 })
  assert.deepEqual([await look(gone), await look(buried), await look(ordered)], [undefined, undefined, undefined])
  const left = await blobKeys(backend, objectPrefix)
  // Of the one that was buried by hand the bytes stay.
  assert.equal(keys.filter((key) => left.includes(key)).length, 1)
})

test('reindex holds everything that is due soon; asked for every week it keeps nothing for ever', async () => {
  const deletion = await deleted('reindexed')
  await dueIn(deletion, '1 day')
  await purge()
  assert.equal((await reindex(backend.deps, scope, { isDryRun: true })).held, 0)
  assert.equal((await look(deletion))?.isHeld, false)
  assert.ok((await reindex(backend.deps, scope)).held >= 1)
  assert.deepEqual(await look(deletion), held)
  await dueIn(deletion, '1 hour')
  assert.equal((await reindex(backend.deps, scope)).held, 0)
  // Put back with a hold of its own that is over: only the reindex can tell.
  await lookedAt('2 days')
  assert.ok((await reindex(backend.deps, scope)).held >= 1)
  assert.deepEqual(await look(deletion), held)
  assert.deepEqual(await purge(), nothing)
})
