import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import type { ArchiveScope } from '../plugins/access.ts'

/** What is to be made of one instance, and how far it is. */
export interface RenditionJob {
  instanceId: number
  thumbnail: 'waiting' | 'made' | 'none'
  framesDone: number
  framesMade: number
  attempts: number
  /** Why it was not made the last time. */
  reason: string | null
}

/** How long a claim holds without a sign of life. */
export const leaseSeconds = 60

const columns = `j.instance_id as "instanceId", j.thumbnail, j.frames_done as "framesDone", j.frames_made as "framesMade", j.attempts, j.reason`

const isFree = `j.due_at <= now() and (j.leased_until is null or j.leased_until < now())`

/**
 * Takes the newest instance that waits: first all thumbnails, then renditions, so that lists have pictures within seconds
 * however much is to be done. Beginnings are counted here: a process that dies over an instance leaves a trace.
 */
export async function claimRenditionJob(
  db: Db,
  _scope: ArchiveScope,
  owner: string,
): Promise<RenditionJob | undefined> {
  for (const waiting of [`j.thumbnail = 'waiting'`, `j.state = 'waiting' and j.thumbnail <> 'waiting'`]) {
    const { rows } = await db.pool.query<RenditionJob>({
      text: `update rendition_job j set leased_by = $1, leased_until = now() + $2 * interval '1 second', attempts = attempts + 1
        where j.instance_id = (
          select j.instance_id from rendition_job j where ${waiting} and ${isFree}
          order by j.instance_id desc limit 1 for update skip locked
        ) returning ${columns}`,
      values: [owner, leaseSeconds],
    })
    if (rows[0]) return rows[0]
  }
  return undefined
}

/** Says that the work goes on; false when somebody else has it by now. */
export async function keepRenditionJob(db: Db, _scope: ArchiveScope, owner: string, id: number): Promise<boolean> {
  const { rowCount } = await db.pool.query({
    name: 'keep-rendition-job',
    text: `update rendition_job set leased_until = now() + $3 * interval '1 second' where instance_id = $2 and leased_by = $1`,
    values: [owner, id, leaseSeconds],
  })
  return rowCount === 1
}

export interface RenditionChange {
  state?: 'waiting' | 'made' | 'unneeded' | 'failed'
  thumbnail?: 'made' | 'none'
  thumbnailKey?: string | null
  frameCount?: number
  framesDone?: number
  framesMade?: number
  /** Added to what is there. */
  addedBytes?: number
  reason?: string | null
  attempts?: number
  /** Seconds until it may be tried again. */
  retryAfter?: number
  isReleased?: boolean
}

/** Writes how far the work is; false, and nothing written, when somebody else has it by now. */
export async function changeRenditionJob(
  client: Db['pool'] | PoolClient,
  _scope: ArchiveScope,
  owner: string,
  id: number,
  change: RenditionChange,
): Promise<boolean> {
  const sets: string[] = []
  const values: unknown[] = [owner, id]
  const set = (column: string, value: unknown, form = (place: string) => place): void => {
    if (value !== undefined) sets.push(`${column} = ${form(`$${values.push(value)}`)}`)
  }
  set('state', change.state)
  set('thumbnail', change.thumbnail)
  set('thumbnail_key', change.thumbnailKey)
  set('frame_count', change.frameCount)
  set('frames_done', change.framesDone)
  set('frames_made', change.framesMade)
  set('byte_size', change.addedBytes, (place) => `byte_size + ${place}`)
  set('reason', change.reason)
  set('attempts', change.attempts)
  set('due_at', change.retryAfter, (place) => `now() + ${place} * interval '1 second'`)
  if (change.state !== undefined) sets.push(`finished_at = ${change.state === 'waiting' ? 'null' : 'now()'}`)
  if (change.isReleased) sets.push('leased_by = null, leased_until = null')
  const { rowCount } = await client.query(
    `update rendition_job set ${sets.join(', ')} where instance_id = $2 and leased_by = $1`,
    values,
  )
  return rowCount === 1
}

/** Gives a row to instances that have none: stored by an older program, or restored. Returns how many. */
export async function addMissingJobs(db: Db, _scope: ArchiveScope): Promise<number> {
  const { rowCount } = await db.pool.query(
    `insert into rendition_job (instance_id)
      select i.id from instance i where not exists (select from rendition_job j where j.instance_id = i.id)
      on conflict do nothing`,
  )
  return rowCount ?? 0
}
