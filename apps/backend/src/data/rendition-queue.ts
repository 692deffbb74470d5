import {
  type FailedRenditionPage,
  type FailedRenditionQuery,
  queueCountCap,
  type Remake,
  type RenditionQueue,
} from '@instandt/api'
import type { Db } from '@instandt/db'
import type { Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { makeAnew } from './mended.ts'
import { inTransaction } from './transaction.ts'

const countOf = (condition: string): string =>
  `(select count(*) from (select from rendition_job where ${condition} limit ${queueCountCap}) capped)`

/** The queue of the whole installation: for those who look after it, whatever images they may see. */
export async function readRenditionQueue(db: Db, _scope: Scope): Promise<RenditionQueue> {
  const [{ rows: counts }, { rows: working }] = await Promise.all([
    db.pool.query<Omit<RenditionQueue, 'working'>>({
      name: 'count-rendition-queue',
      text: `select ${countOf(`thumbnail = 'waiting'`)} as thumbnails,
        ${countOf(`state = 'waiting' and thumbnail <> 'waiting'`)} as renditions,
        ${countOf(`state = 'failed'`)} as failed,
        ${countOf(`finished_at > now() - interval '10 minutes'`)} as "finishedRecently"`,
    }),
    db.pool.query<RenditionQueue['working'][number]>({
      name: 'read-rendition-work',
      text: `select i.sop_instance_uid as "sopInstanceUid", j.frames_done as "framesDone", j.frame_count as "frameCount"
        from rendition_job j join instance i on i.id = j.instance_id
        where j.leased_by is not null and j.leased_until > now() order by j.instance_id desc limit 100`,
    }),
  ])
  return { ...(counts[0] as Omit<RenditionQueue, 'working'>), working }
}

type FailedRow = FailedRenditionPage['items'][number] & { id: number }

/** Instances of which something could not be made, and why. */
export async function listFailedRenditions(
  db: Db,
  _scope: Scope,
  { cursor, limit }: FailedRenditionQuery,
): Promise<FailedRenditionPage> {
  const { rows } = await db.pool.query<FailedRow>({
    name: 'list-failed-renditions',
    text: `select j.instance_id as id, p.slug as project, st.study_instance_uid as "studyInstanceUid",
        i.sop_instance_uid as "sopInstanceUid", coalesce(j.reason, '') as reason, j.frames_made as "framesMade",
        j.frame_count as "frameCount", to_json(j.finished_at) #>> '{}' as "finishedAt"
      from rendition_job j join instance i on i.id = j.instance_id join study st on st.id = i.study_id
        join project p on p.id = i.project_id
      where j.state = 'failed' and ($1::bigint is null or j.instance_id < $1)
      order by j.instance_id desc limit $2`,
    values: [cursor ?? null, limit + 1],
  })
  const items = rows.slice(0, limit)
  return {
    items: items.map(({ id: _id, ...item }) => item),
    next: rows.length > limit ? String(items.at(-1)?.id) : null,
  }
}

/**
 * Forgets what was made of the chosen instances, so that it is made again; returns how many. The objects stay until
 * the sweep finds them without a row, so that whoever reads one reads it to its end.
 */
export async function remakeRenditions(db: Db, scope: Scope, { of }: Remake): Promise<number> {
  const [condition, values] =
    of === 'failed'
      ? [`j.state = 'failed'`, []]
      : ['i.study_id = (select id from study where study_instance_uid = $1)', [of.study]]
  return inTransaction(db, async (client) => {
    const { rows } = await client.query<{ id: number }>(
      `select j.instance_id as id from rendition_job j join instance i on i.id = j.instance_id where ${condition}`,
      values,
    )
    const count = await makeAnew(
      client,
      rows.map(({ id }) => id),
    )
    if (count > 0)
      await addAuditEvent(client, scope, {
        action: 'archive.remake',
        count,
        ...(of === 'failed' ? {} : { studyInstanceUid: of.study }),
      })
    return count
  })
}
