// Each job of the archive is killed at each of its steps, before and after it; another process then brings it to its end.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  checkTotals,
  inspectionFiles,
  instanceOf,
  post,
  remove,
  retrieveInstance,
  studyOf,
} from '../archive.fixture.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { objectPrefix } from '../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { correctInspections } from './correct-inspections.ts'
import { startDying } from './dying.fixture.ts'
import { proveRequested } from './prove-objects.ts'
import { purgeBin } from './purge-bin.ts'
import { sweepOrphans } from './sweep-orphans.ts'

let backend: TestBackend
let scope: ArchiveScope
before(async () => {
  backend = await startTestBackend()
  scope = await readArchiveScope(backend.db)
})
after(() => backend.stop())

/** Kills the work at every step it has; `recover` ends it and looks at what is there. */
async function killEverywhere(
  prepare: (round: number) => Promise<void>,
  work: (deps: TestBackend['deps']) => Promise<unknown>,
  recover: (round: number, where: string) => Promise<void>,
): Promise<number> {
  let kills = 0
  let round = 0
  for (const moment of ['before', 'after'] as const) {
    for (let killAt = 1; ; killAt += 1) {
      round += 1
      await prepare(round)
      const dying = startDying(backend.deps, backend.database.appUrl, killAt, moment)
      await work(dying.deps).catch(() => undefined)
      const wasKilled = dying.isDead()
      const where = `killed ${moment} ${dying.lastStep()}`
      await dying.stop()
      await recover(round, where)
      if (!wasKilled) break
      kills += 1
    }
  }
  return kills
}

/** As the schedule does, again and again: the server may not have noticed yet that the dead one's transaction is over. */
async function untilNone(table: string, work: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    await work()
    if ((await backend.db.pool.query(`select from ${table} limit 1`)).rowCount === 0) return
    await delay(20)
  }
}

/** Bytes without a row are few and the sweep's; rows without bytes there are none. */
async function checkBytes(where: string): Promise<void> {
  await sweepOrphans(backend.deps, scope, { graceHours: 0, isForced: true })
  const { rows } = await backend.db.pool.query<{ key: string }>(
    `select blob_key as key from instance union all select blob_key from instance_version
     union all select blob_key from bin_instance order by 1`,
  )
  const stored = new Set<string>()
  for await (const { key } of backend.deps.blobs.list(objectPrefix)) stored.add(key)
  const named = new Set(rows.map((row) => row.key))
  const faults = [...stored, ...named].filter((key) => !stored.has(key) || !named.has(key))
  assert.deepEqual(faults, [], where)
}

test('a correction killed anywhere changes everything once, or nothing yet', { timeout: 300_000 }, async () => {
  const files = inspectionFiles('killed', 2)
  assert.equal((await backend.stow(files)).status, 200)
  let versions = 1
  const kills = await killEverywhere(
    async (round) => {
      const body = { changes: { componentNumber: `B-${round}` }, reason: 'killed' }
      const { status } = await post(backend, `/api/inspections/${studyOf('killed')}/corrections`, body)
      assert.equal(status, 202)
    },
    (deps) => correctInspections(deps, scope),
    async (round, where) => {
      const { rows: seen } = await backend.db.pool.query<{ count: number }>(
        `select count(distinct version)::integer as count from instance`,
      )
      assert.equal(seen[0]?.count, 1, `${where}: some instances changed, others not`)
      await untilNone(`correction where state in ('waiting', 'running')`, async () => {
        await backend.db.pool.query('update correction set leased_until = null')
        await correctInspections(backend.deps, scope)
      })
      const { rows } = await backend.db.pool.query<{ version: number; former: number; state: string; number: string }>(
        `select i.version, (select count(*)::integer from instance_version v where v.instance_id = i.id) as former,
           (select state from correction order by created_at desc limit 1) as state, s.component_number as number
         from instance i join study s on s.id = i.study_id`,
      )
      const { rows: current } = await backend.db.pool.query<{ number: string }>(
        `select changes ->> 'componentNumber' as number from correction order by created_at desc limit 1`,
      )
      versions += rows[0]?.version === versions ? 0 : 1
      for (const row of rows)
        assert.deepEqual(
          [row.version, row.former, row.state, row.number],
          [versions, versions - 1, 'done', current[0]?.number],
          where,
        )
      await checkBytes(where)
      await checkTotals(backend)
    },
  )
  assert.ok(kills > 30, `${kills} kills`)
  const first = await backend.get(
    `/api/inspections/${studyOf('killed')}/instances/${instanceOf('killed', 0)}/versions/1`,
  )
  assert.ok(Buffer.from(await first.arrayBuffer()).equals(files[0] as Buffer))
  assert.deepEqual((await retrieveInstance(backend, 'killed', 0)).subarray(-64), files[0]?.subarray(-64))
})

test(
  'a purge killed anywhere is brought to its end, with one tombstone for each instance',
  { timeout: 300_000 },
  async () => {
    // The first look into a bin holds what is due.
    await purgeBin(backend.deps, scope)
    const kills = await killEverywhere(
      async (round) => {
        assert.equal((await backend.stow(inspectionFiles(`purged ${round}`, 2))).status, 200)
        const { id } = await remove(backend, studyOf(`purged ${round}`))
        await backend.db.pool.query('update deletion set purge_at = now() where id = $1', [id])
      },
      (deps) => purgeBin(deps, scope),
      async (round, where) => {
        await untilNone('deletion', async () => {
          await backend.db.pool.query('update deletion set next_try_at = null')
          await purgeBin(backend.deps, scope)
        })
        const { rows } = await backend.db.pool.query<{ tombstones: number; left: number; changes: number }>(
          `select (select sum(count)::integer from audit_event where study_instance_uid = $1 and detail ->> 'step' = 'tombstone') as tombstones,
           (select count(*)::integer from deletion) as left,
           (select count(*)::integer from change where study_instance_uid = $1 and kind = 'purged') as changes`,
          [studyOf(`purged ${round}`)],
        )
        assert.deepEqual(rows[0], { tombstones: 2, left: 0, changes: 1 }, where)
        await checkBytes(where)
      },
    )
    assert.ok(kills > 10, `${kills} kills`)
  },
)

test('a proof killed anywhere reads on where it was, and finds what is wrong once', { timeout: 300_000 }, async () => {
  assert.equal((await backend.stow(inspectionFiles('proven', 3))).status, 200)
  const { rows } = await backend.db.pool.query<{ key: string }>(
    'select blob_key as key from instance where sop_instance_uid = $1',
    [instanceOf('proven', 1)],
  )
  await backend.deps.blobs.delete(rows[0]?.key ?? '')
  const kills = await killEverywhere(
    async () => {
      await backend.db.pool.query('delete from fixity_fault')
      const { status } = await post(backend, `/api/inspections/${studyOf('proven')}/proof`)
      assert.equal(status, 202)
    },
    (deps) => proveRequested(deps, scope),
    async (round, where) => {
      await untilNone('proof_request', async () => {
        await backend.db.pool.query('update proof_request set leased_until = null')
        await proveRequested(backend.deps, scope)
      })
      const { rows: found } = await backend.db.pool.query<{ faults: number; told: number }>(
        `select (select count(*)::integer from fixity_fault) as faults,
           (select count(*)::integer from audit_event where action = 'archive.fixity' and result = 'failed') as told`,
      )
      assert.deepEqual(found[0], { faults: 1, told: round }, where)
    },
  )
  assert.ok(kills > 20, `${kills} kills`)
})
