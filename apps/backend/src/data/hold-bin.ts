import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import type { ArchiveScope } from '../plugins/access.ts'
import { addAuditEvents } from './audit.ts'
import type { Purge } from './purge.ts'
import { inTransaction } from './transaction.ts'

/** Without a look into the bin for so long, the worker was off or the database is an older one put back. */
const longAgo = `looked_at is null or looked_at < now() - interval '1 hour'`
/** For people to restore what had been restored in the database that was lost. */
const respite = `now() + interval '7 days'`

interface Held {
  id: string
  projectId: number
  studyInstanceUid: string
  component: string | null
  instanceCount: number
  purgeAt: string
}

const heldColumns = `id, project_id as "projectId", study_instance_uid as "studyInstanceUid",
  coalesce(component_name, component_number) as component, instance_count as "instanceCount",
  to_json(purge_at) #>> '{}' as "purgeAt"`

/**
 * Notes that the bin is looked into. When the last look is long ago, what is due within the respite is given that time
 * first, once: in a machine that is off every night it still goes. One whose purge had begun becomes doubtful.
 * @returns deletions that were held or became doubtful
 */
export async function lookIntoBin(db: Db, scope: ArchiveScope): Promise<number> {
  return inTransaction(db, async (client) => {
    const isLongAgo = await lockWatch(client)
    const held = isLongAgo ? await hold(client, scope, 'the worker did not look into the bin for an hour', false) : 0
    await client.query('update bin_watch set looked_at = now()')
    return held
  })
}

/**
 * The same whenever the last look was, for a database that somebody says may be an older one. What was held before is held
 * again only when that look is long ago: a reindex every week keeps nothing for ever.
 */
export async function holdBin(db: Db, scope: ArchiveScope): Promise<number> {
  return inTransaction(db, async (client) => hold(client, scope, 'reindex', await lockWatch(client)))
}

/** Somebody is at it. After an hour without it does nothing: the database was put back meanwhile. */
export async function keepWatch(db: Db, _scope: ArchiveScope): Promise<void> {
  await db.pool.query(`update bin_watch set looked_at = now() where not (${longAgo})`)
}

async function lockWatch(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ isLongAgo: boolean }>(
    `select ${longAgo} as "isLongAgo" from bin_watch for update`,
  )
  return rows[0]?.isLongAgo ?? true
}

async function hold(client: PoolClient, scope: ArchiveScope, why: string, isAnew: boolean): Promise<number> {
  const { rows } = await client.query<Held>(
    `update deletion set purge_at = ${respite}, held_at = now()
     where state = 'binned' and purge_at < ${respite} and (held_at is null or $1) returning ${heldColumns}`,
    [isAnew],
  )
  await tell(client, scope, rows, why)
  const { rowCount } = await client.query(
    // An order that nobody began with is as young as its database: no restore came after it.
    `update deletion set is_doubtful = true, held_at = now()
     where state = 'purging' and (held_at is null or $1) and (purged_by is null or next_try_at is not null)`,
    [isAnew],
  )
  return rows.length + (rowCount ?? 0)
}

/** All of a doubtful purge's bytes are there: back into the bin, for as long as what is held. */
export async function putBack(db: Db, scope: ArchiveScope, purge: Purge): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<Held>(
      `update deletion set state = 'binned', is_doubtful = false, purge_at = greatest(purge_at, ${respite}), held_at = now(),
         next_try_at = null, fault = null
       where id = $1 and state = 'purging' and is_doubtful returning ${heldColumns}`,
      [purge.id],
    )
    await tell(client, scope, rows, 'its purge had begun, and all bytes are there')
  })
}

/** Bytes of it are gone already: there is no way back. False when another process decided meanwhile. */
export async function endDoubt(db: Db, _scope: ArchiveScope, purge: Purge): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `update deletion set is_doubtful = false where id = $1 and state = 'purging' and is_doubtful`,
    [purge.id],
  )
  return rowCount === 1
}

/** Instances of it that are not buried yet. */
export async function countRemains(db: Db, _scope: ArchiveScope, purge: Purge): Promise<number> {
  const { rows } = await db.pool.query<{ count: number }>(
    'select count(*)::integer as count from bin_instance where deletion_id = $1',
    [purge.id],
  )
  return rows[0]?.count ?? 0
}

async function tell(client: PoolClient, scope: ArchiveScope, held: readonly Held[], why: string): Promise<void> {
  const events = held.map(({ id, purgeAt, component, instanceCount, ...place }) => ({
    scope,
    entry: {
      action: 'image.hold' as const,
      ...place,
      component: component ?? undefined,
      target: why,
      count: instanceCount,
      detail: { deletion: id, purgeAt },
    },
  }))
  await addAuditEvents(client, events)
}
