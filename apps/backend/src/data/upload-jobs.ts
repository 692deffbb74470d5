import type { UploadContent, UploadOutcome } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import type { ArchiveScope, KeptScope, Scope } from '../plugins/access.ts'
import { addAuditEvent, type AuditEntry } from './audit.ts'
import type { Alongside } from './group-commit.ts'
import { inTransaction } from './transaction.ts'

// The worker's own count of tries ends nothing here: whether to try again is decided by what went wrong.
const endless = 30_000

// One job an upload, however often it is asked for.
const jobKey = `'assemble ' || $1`

/** In the transaction of complete: either both are there, or none. */
export async function addAssembleJob(client: PoolClient, _scope: Scope, id: string): Promise<void> {
  await client.query(
    `select graphile_worker.add_job('assemble-upload', json_build_object('upload', $1::text), job_key => ${jobKey}, max_attempts => $2)`,
    [id, endless],
  )
}

/** Bytes of uploads that are no more; by a job, since a part may be on its way and the store may be away. */
export async function addDropJob(
  client: PoolClient,
  _scope: Scope,
  dropped: readonly { id: string; blobKey: string }[],
): Promise<void> {
  await client.query(
    `select graphile_worker.add_job('drop-parts', json_build_object('upload', d.id, 'blobKey', d.key))
      from unnest($1::text[], $2::text[]) as d(id, key)`,
    [dropped.map(({ id }) => id), dropped.map(({ blobKey }) => blobKey)],
  )
}

/** What the job has to do. */
export interface Assembly {
  id: string
  name: string
  createdAt: Date
  blobKey: string
  byteSize: number
  partSize: number
  /** What the sender said the whole file has. */
  sha256: Buffer | null
  content: UploadContent
  askedBy: KeptScope
  /** With this one. */
  attempts: number
  parts: { byteLength: number; sha256: Buffer }[]
}

/** Begins a try; undefined when there is nothing to do any more. */
export async function beginAssembly(db: Db, _scope: ArchiveScope, id: string): Promise<Assembly | undefined> {
  const { rows } = await db.pool.query<Omit<Assembly, 'parts'>>(
    `update upload set attempts = attempts + 1, read_bytes = 0, touched_at = now() where id = $1 and state = 'assembling'
      returning id, name, created_at as "createdAt", blob_key as "blobKey", byte_size as "byteSize", part_size as "partSize", sha256, content,
        asked_by as "askedBy", attempts`,
    [id],
  )
  const [upload] = rows
  if (!upload) return undefined
  const { rows: parts } = await db.pool.query<Assembly['parts'][number]>(
    'select byte_length as "byteLength", sha256 from upload_part where upload_id = $1 order by number',
    [id],
  )
  return { ...upload, parts }
}

/** A try that met a passing fault, or was told to stop, does not count. */
export async function forgiveAttempt(db: Db, _scope: ArchiveScope, id: string): Promise<void> {
  await db.pool.query('update upload set attempts = greatest(attempts - 1, 0) where id = $1', [id])
}

/** Tells how far the reading is, and that somebody is at it; false when it was ended by somebody else. */
export async function noteReading(db: Db, _scope: ArchiveScope, id: string, readBytes: number): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `update upload set read_bytes = $2, touched_at = now() where id = $1 and state = 'assembling'`,
    [id, readBytes],
  )
  return rowCount === 1
}

const finishedNow = `update upload set state = $2, outcome = $3, finished_at = now(), touched_at = now(), read_bytes = byte_size
  where id = $1 and state = 'assembling' returning id`

/** The end of a stored upload, for the commit of its row: both or none, and never a second time. */
export function storedAlongside(id: string, outcome: UploadOutcome): Alongside {
  return (client) =>
    client.query(
      // Ended by somebody else meanwhile: then the row must not come either, and dividing by nothing undoes it.
      `with finished as (${finishedNow}), gone as (delete from upload_part where upload_id in (select id from finished))
        select 1 / count(*) from finished`,
      [id, 'stored', JSON.stringify(outcome)],
    )
}

/**
 * The end of a file that became objects of other bytes, for the commit of their rows; with it the file itself gets its row.
 * @param blobKeys of the objects made of it
 */
export function convertedAlongside(
  { id, name, blobKey, byteSize, content }: Assembly,
  file: { format: string; sha256: Uint8Array },
  blobKeys: readonly string[],
  outcome: UploadOutcome,
): Alongside {
  return (client) =>
    client.query(
      `with finished as (${finishedNow}), gone as (delete from upload_part where upload_id in (select id from finished)),
        kept as (
          insert into original (blob_key, name, format, byte_size, sha256, content)
          select $4, $5, $6, $7, $8, $9 from finished returning id
        ), linked as (
          insert into original_instance (instance_id, original_id)
          select i.id, kept.id from instance i cross join kept where i.blob_key = any($10::text[])
        ) select 1 / count(*) from finished`,
      [
        id,
        'stored',
        JSON.stringify(outcome),
        blobKey,
        name,
        file.format,
        byteSize,
        file.sha256,
        JSON.stringify(content),
        blobKeys,
      ],
    )
}

/** Any other end, with its event; false when it was ended by somebody else. */
export async function finishUpload(
  db: Db,
  scope: Scope,
  id: string,
  end: { state: 'stored' | 'refused' | 'failed'; outcome: UploadOutcome; event: AuditEntry | undefined },
): Promise<boolean> {
  return inTransaction(db, async (client) => {
    const { rowCount } = await client.query(finishedNow, [id, end.state, JSON.stringify(end.outcome)])
    if (rowCount !== 1) return false
    await client.query('delete from upload_part where upload_id = $1', [id])
    if (end.event) await addAuditEvent(client, scope, end.event)
    return true
  })
}

/**
 * Gives uploads a job again whose own has ended without an end: its worker died, or waits longer than it should after a
 * passing fault. Jobs that are waiting for their turn are left where they are in the queue.
 */
export async function reviveAssemblies(db: Db, _scope: ArchiveScope, silentSeconds: number): Promise<number> {
  const { rowCount } = await db.pool.query(
    `select graphile_worker.add_job('assemble-upload', json_build_object('upload', u.id), max_attempts => $2,
        job_key => ${jobKey.replace('$1', 'u.id')})
      from upload u left join graphile_worker.jobs j on j.key = ${jobKey.replace('$1', 'u.id')}
      where u.state = 'assembling' and u.touched_at < now() - make_interval(secs => $1)
        and (j.id is null or j.locked_at is not null or j.run_at > now())`,
    [silentSeconds, endless],
  )
  return rowCount ?? 0
}

/** Drops open uploads that nobody touched for so long, and forgets how old ones ended. */
export async function dropIdleUploads(
  db: Db,
  scope: ArchiveScope,
  { idleDays, finishedDays }: { idleDays: number; finishedDays: number },
): Promise<{ dropped: number; forgotten: number }> {
  return inTransaction(db, async (client) => {
    const { rows } = await client.query<{ id: string; blobKey: string; byteSize: number }>(
      `delete from upload where state = 'open' and touched_at < now() - make_interval(secs => $1)
        returning id, name, created_at as "createdAt", blob_key as "blobKey", byte_size as "byteSize"`,
      [idleDays * 86_400],
    )
    if (rows.length > 0) {
      await addDropJob(client, scope, rows)
      await addAuditEvent(client, scope, {
        action: 'upload.remove',
        count: rows.length,
        detail: { uploads: rows.map(({ id }) => id), bytes: rows.reduce((sum, { byteSize }) => sum + byteSize, 0) },
      })
    }
    const { rowCount } = await client.query(
      'delete from upload where finished_at < now() - make_interval(secs => $1)',
      [finishedDays * 86_400],
    )
    return { dropped: rows.length, forgotten: rowCount ?? 0 }
  })
}

/** Which of these objects have an upload: their staged bytes are somebody's. */
export async function findUploading(db: Db, _scope: ArchiveScope, blobKeys: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ blob_key: string }>(
    'select blob_key from upload where blob_key = any($1::text[])',
    [blobKeys],
  )
  return new Set(rows.map((row) => row.blob_key))
}
