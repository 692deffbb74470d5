import type { Deletion } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'
import { indexStudyAnew } from './attribute-index.ts'
import { addAuditEvent } from './audit.ts'
import { addChanges, mostNamed, namedInstances } from './changes.ts'
import { columnsOf, dropEmptyComponent, type LockedStudy, lockStudy, recount } from './study-rows.ts'
import { inRetriedTransaction } from './transaction.ts'

/** All of the study, one of its series, or these instances. */
export interface Chosen {
  series?: string | undefined
  instances?: readonly string[] | undefined
}

const deletionColumns = `d.id, p.slug as "projectSlug", d.level, d.study_instance_uid as "studyInstanceUid",
  d.component_name as "componentName", d.component_number as "componentNumber", d.order_number as "orderNumber", d.reason,
  d.actor_name as "actorName", to_json(d.deleted_at) #>> '{}' as "deletedAt", to_json(d.purge_at) #>> '{}' as "purgeAt",
  d.state, d.fault, to_json(d.next_try_at) #>> '{}' as "nextTryAt", d.instance_count as "instanceCount",
  d.byte_size as "byteSize"`

export interface BinCursor {
  at: string
  id: string
}

/** Newest first; one more than asked for tells whether there are more. */
export async function listBin(
  db: Db,
  scope: Scope,
  query: { project?: string | undefined; cursor: BinCursor | undefined; limit: number; isEvery: boolean },
): Promise<Deletion[]> {
  const { rows } = await db.pool.query<Deletion>(
    `select ${deletionColumns} from deletion d join project p on p.id = d.project_id
     where ($1 or d.project_id = any($2::bigint[])) and ($3::text is null or p.slug = $3)
       and ($4::timestamptz is null or (d.deleted_at, d.id) < ($4, $5::uuid))
     order by d.deleted_at desc, d.id desc limit $6`,
    [
      query.isEvery,
      scope.projectIds,
      query.project ?? null,
      query.cursor?.at ?? null,
      query.cursor?.id ?? null,
      query.limit + 1,
    ],
  )
  return rows
}

/** Ids of the chosen instances. @throws AppError 'view-not-found', 'instance-not-found' (404) when any is not there */
async function choose(client: PoolClient, study: LockedStudy, chosen: Chosen): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(
    `select i.id from instance i join series r on r.id = i.series_id
     where i.study_id = $1 and ($2::text is null or r.series_instance_uid = $2)
       and ($3::text[] is null or i.sop_instance_uid = any($3))`,
    [study.id, chosen.series ?? null, chosen.instances ?? null],
  )
  if (rows.length === 0 && chosen.series !== undefined)
    throw new AppError('view-not-found', 404, 'There is no such view in this inspection.')
  const missing = new Set(chosen.instances).size - rows.length
  if (chosen.instances !== undefined && missing > 0)
    throw new AppError('instance-not-found', 404, `${missing} of the instances are not in this inspection.`)
  return rows.map((row) => row.id)
}

/**
 * Moves the chosen rows to the bin, with those of parents that become empty; counts of the others are right at once.
 * @throws AppError 'inspection-not-found', 'view-not-found', 'instance-not-found' (404): nothing was deleted
 */
export async function deleteImages(
  db: Db,
  scope: Scope,
  studyInstanceUid: string,
  chosen: Chosen,
  reason: string,
  binDays: number,
): Promise<Deletion> {
  return inRetriedTransaction(db, async (client) => {
    const study = await lockStudy(client, scope, studyInstanceUid)
    const ids = await choose(client, study, chosen)
    const level = chosen.instances ? 'instance' : chosen.series === undefined ? 'study' : 'series'
    const deletion = await addDeletion(client, scope, study, { ids, level, reason, binDays })
    const uids = await namesOf(client, ids)
    const remaining = await countOthers(client, study, ids.length)
    const detail = {
      level,
      count: ids.length,
      remaining,
      reason,
      ...(chosen.series === undefined ? {} : { series: chosen.series }),
      ...(level === 'instance' ? namedInstances(uids) : {}),
    }
    await addChanges(client, [{ kind: 'deleted', studyInstanceUid, detail }])
    await addAuditEvent(client, scope, {
      action: 'image.delete',
      projectId: study.projectId,
      studyInstanceUid,
      component: study.component,
      target: reason,
      count: ids.length,
      // The bin itself knows all of them, and the tombstones of the purge name each.
      detail: { deletion, level, reason, instances: uids.slice(0, mostNamed) },
    })
    await moveToBin(client, study, ids, deletion)
    await indexStudyAnew(db, client, study.id)
    const { rows } = await client.query<Deletion>(
      `select ${deletionColumns} from deletion d join project p on p.id = d.project_id where d.id = $1`,
      [deletion],
    )
    return rows[0] as Deletion
  })
}

async function addDeletion(
  client: PoolClient,
  scope: Scope,
  study: LockedStudy,
  { ids, level, reason, binDays }: { ids: number[]; level: string; reason: string; binDays: number },
): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into deletion (project_id, level, study_instance_uid, component, component_name, component_number, order_number,
       reason, actor_kind, actor_id, actor_name, purge_at, instance_count, byte_size)
     select s.project_id, $2, s.study_instance_uid, to_jsonb(c), s.component_name, s.component_number, s.accession_number,
       $3, $4, $5, $6, now() + make_interval(secs => $7 * 86400.0), cardinality($8::bigint[]),
       (select sum(byte_size) from instance where id = any($8::bigint[]))
     from study s join component c on c.id = s.component_id where s.id = $1 returning id`,
    [study.id, level, reason, scope.actor.kind, scope.actor.id, scope.actor.name, binDays, ids],
  )
  return rows[0]?.id ?? ''
}

async function namesOf(client: PoolClient, ids: readonly number[]): Promise<string[]> {
  const { rows } = await client.query<{ uid: string }>(
    'select sop_instance_uid as uid from instance where id = any($1::bigint[]) order by id',
    [ids],
  )
  return rows.map((row) => row.uid)
}

async function countOthers(client: PoolClient, study: LockedStudy, chosen: number): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'select count(*)::integer as count from instance where study_id = $1',
    [study.id],
  )
  return (rows[0]?.count ?? 0) - chosen
}

async function moveToBin(client: PoolClient, study: LockedStudy, ids: number[], deletion: string): Promise<void> {
  const copy = async (table: 'study' | 'series' | 'instance', where: string): Promise<void> => {
    const columns = (await columnsOf(client, table)).join(', ')
    await client.query(
      `insert into bin_${table} (${columns}, deletion_id) select ${columns}, $1 from ${table} where ${where}`,
      [deletion, table === 'study' ? study.id : ids],
    )
  }
  await copy('study', 'id = $2')
  // Also those that stay: should they be deleted later, this deletion can still be taken back alone.
  await copy('series', 'id in (select series_id from instance where id = any($2::bigint[]))')
  await copy('instance', 'id = any($2::bigint[])')
  await client.query('delete from instance where id = any($1::bigint[])', [ids])
  const { rowCount } = await client.query(
    `with gone as (
       delete from series r where r.study_id = $1 and not exists (select from instance i where i.series_id = r.id) returning id
     ) select from series where study_id = $1 and id not in (select id from gone) limit 1`,
    [study.id],
  )
  if (rowCount === 1) return recount(client, study.id)
  await client.query('delete from study where id = $1', [study.id])
  await dropEmptyComponent(client, study.componentId)
}
