import type { Db } from '@instandt/db'
import type { Pool, PoolClient } from 'pg'
import type { ArchiveScope, Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { addFarewell } from './changes.ts'
import { dropOriginals } from './originals.ts'
import { deletionNotFound } from './restore.ts'
import { inTransaction } from './transaction.ts'

/** What is purged, as its tombstones tell it. */
export interface Purge {
  id: string
  projectId: number
  studyInstanceUid: string
  componentName: string | null
  componentNumber: string | null
  orderNumber: string | null
  level: string
  reason: string
  actorName: string
  deletedAt: string
  purgedBy: string | null
  instanceCount: number
  /** Begun in a database that may be an older one by now: what was begun may not have been so in the one that was lost. */
  isDoubtful: boolean
}

const purgeColumns = `id, project_id as "projectId", study_instance_uid as "studyInstanceUid", component_name as "componentName",
  component_number as "componentNumber", order_number as "orderNumber", level, reason, actor_name as "actorName",
  to_json(deleted_at) #>> '{}' as "deletedAt", purged_by as "purgedBy", instance_count as "instanceCount",
  is_doubtful as "isDoubtful"`

/** In one transaction with its event: from here on there is no way back, however often the job begins anew. */
export async function requestPurge(db: Db, scope: Scope, id: string, reason: string): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<Purge>(
      `update deletion set state = 'purging', purged_by = $2, next_try_at = null, fault = null, is_doubtful = false
       where id = $1
       returning ${purgeColumns}`,
      [id, scope.actor.name],
    )
    const [purge] = rows
    if (!purge) throw deletionNotFound()
    await addAuditEvent(client, scope, {
      action: 'image.purge',
      projectId: purge.projectId,
      studyInstanceUid: purge.studyInstanceUid,
      component: purge.componentName ?? purge.componentNumber ?? undefined,
      target: reason,
      count: purge.instanceCount,
      detail: { deletion: id, step: 'ordered', reason },
    })
    await addPurgeJob(client, scope)
  })
}

/** Without a queue: one whose worker was killed would be closed for hours. */
export async function addPurgeJob(client: Pool | PoolClient, _scope: Scope): Promise<void> {
  await client.query(`select graphile_worker.add_job('purge-bin', job_key => 'purge-bin')`)
}

/** For so long nobody else takes it up. */
const lease = `now() + interval '10 minutes'`

/** Takes the next one whose time has come; marked before the first byte is removed. */
export async function beginPurge(db: Db, _scope: ArchiveScope, tried: readonly string[]): Promise<Purge | undefined> {
  // What is locked is another worker's, or was only looked at, as by a restore that is refused: that one is waited for.
  for (const ifLocked of ['skip locked', '']) {
    const { rows } = await db.pool.query<Purge>(
      `update deletion set state = 'purging', next_try_at = ${lease} where id = (
         select id from deletion where (state = 'purging' or purge_at <= now())
           and (next_try_at is null or next_try_at <= now()) and id <> all($1::uuid[])
         order by purge_at, id limit 1 for update ${ifLocked})
       returning ${purgeColumns}`,
      [tried],
    )
    if (rows[0]) return rows[0]
  }
  return undefined
}

/** One instance in the bin with the bytes of all its versions, the first one first. */
export interface Remains {
  id: number
  sopInstanceUid: string
  seriesInstanceUid: string
  versions: { blobKey: string; sha256: string; byteSize: number }[]
}

/** The first ones after `afterId`, in the order of ids. */
export async function listRemains(
  db: Db,
  _scope: ArchiveScope,
  purge: Purge,
  limit: number,
  afterId = 0,
): Promise<Remains[]> {
  const { rows } = await db.pool.query<Remains>(
    `select b.id, b.sop_instance_uid as "sopInstanceUid", r.series_instance_uid as "seriesInstanceUid", (
         select jsonb_agg(jsonb_build_object('blobKey', v.blob_key, 'sha256', encode(v.sha256, 'hex'), 'byteSize', v.byte_size)
           order by v.version)
         from (select version, blob_key, sha256, byte_size from instance_version where instance_id = b.id
           union all select b.version, b.blob_key, b.sha256, b.byte_size) v) as versions
     from bin_instance b join bin_series r on r.deletion_id = b.deletion_id and r.id = b.series_id
     where b.deletion_id = $1 and b.id > $3 order by b.id limit $2`,
    [purge.id, limit, afterId],
  )
  return rows
}

/**
 * Removes the rows of instances whose bytes are gone, and puts up their tombstone.
 * @returns keys of files of other formats of which no object is left: nobody refers to them any more
 */
export async function buryRemains(
  db: Db,
  scope: ArchiveScope,
  purge: Purge,
  remains: readonly Remains[],
): Promise<string[]> {
  const ids = remains.map((one) => one.id)
  return inTransaction(db, async (client) => {
    const { rows } = await client.query<{ id: number }>(
      'delete from bin_instance where deletion_id = $1 and id = any($2::bigint[]) returning id',
      [purge.id, ids],
    )
    // Another process was quicker: the tombstone stands.
    if (rows.length === 0) return []
    await client.query(`update deletion set next_try_at = ${lease} where id = $1`, [purge.id])
    await client.query('delete from instance_version where instance_id = any($1::bigint[])', [ids])
    await client.query('delete from fixity_fault where blob_key = any($1::text[])', [
      remains.flatMap((one) => one.versions.map((version) => version.blobKey)),
    ])
    const { reason, actorName: deletedBy, deletedAt, purgedBy, level } = purge
    await addAuditEvent(client, scope, {
      action: 'image.purge',
      projectId: purge.projectId,
      studyInstanceUid: purge.studyInstanceUid,
      component: purge.componentName ?? purge.componentNumber ?? undefined,
      target: reason,
      count: rows.length,
      detail: {
        deletion: purge.id,
        step: 'tombstone',
        level,
        reason,
        deletedBy,
        deletedAt,
        ...(purgedBy === null ? {} : { purgedBy }),
        instances: remains.map((one) => ({
          series: one.seriesInstanceUid,
          instance: one.sopInstanceUid,
          sha256: one.versions.map((version) => version.sha256),
        })),
      },
    })
    return dropOriginals(client, scope, ids)
  })
}

/** Nothing is left in the bin of it: the deletion itself goes, and what was told of a study that is nowhere any more. */
export async function endPurge(db: Db, _scope: ArchiveScope, purge: Purge): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ id: number }>(
      `with studies as (delete from bin_study where deletion_id = $1 returning id)
       , series as (delete from bin_series where deletion_id = $1)
       select id from studies`,
      [purge.id],
    )
    const { rowCount } = await client.query('delete from deletion where id = $1', [purge.id])
    if (rowCount !== 1) return
    await client.query(
      `delete from correction c where c.study_id = any($1::bigint[]) and c.state in ('done', 'failed')
         and not exists (select from study s where s.id = c.study_id)
         and not exists (select from bin_study b where b.id = c.study_id)`,
      [rows.map((row) => row.id)],
    )
    await addFarewell(client, { ...purge, kind: 'purged', detail: { level: purge.level, count: purge.instanceCount } })
  })
}

/** Why it did not go on, and when it will. */
export async function postponePurge(
  db: Db,
  _scope: ArchiveScope,
  id: string,
  fault: string,
  hours: number,
): Promise<void> {
  await db.pool.query(
    'update deletion set fault = $2, next_try_at = now() + make_interval(hours => $3) where id = $1',
    [id, fault, hours],
  )
}
