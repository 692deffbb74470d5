import type { Upload, UploadContent } from '@instandt/api'
import { partLength } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { KeptScope, Scope, StoreScope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { inTransaction } from './transaction.ts'
import { addAssembleJob, addDropJob } from './upload-jobs.ts'

export const uploadNotFound = (): AppError => new AppError('upload-not-found', 404, 'There is no such upload.')

/** Whoever began it, in projects where they may still store: for everybody else it does not exist. */
const own = 'u.actor_id = $1 and u.project_id = any($2::bigint[])'
const ownValues = (scope: Scope): unknown[] => [scope.actor.id, scope.projectIds]

interface UploadRow extends Omit<Upload, 'partCount' | 'expiresAt' | 'receivedBytes'> {
  receivedBytes: number | null
}

// Times as the web app reads them everywhere else; parts of an open upload only, those of others are all here.
const select = `select u.id, u.name, p.slug as project, u.byte_size as "byteSize", encode(u.sha256, 'hex') as sha256, u.content,
    u.part_size as "partSize", u.state, coalesce(r.runs, '[]') as received, r.bytes as "receivedBytes", u.read_bytes as "readBytes",
    u.outcome, u.created_at as "createdAt", u.touched_at as "touchedAt", u.finished_at as "finishedAt"
  from upload u join project p on p.id = u.project_id
  left join lateral (
    select jsonb_agg(jsonb_build_array(first, last) order by first) as runs, sum(bytes)::bigint as bytes from (
      select min(number) as first, max(number) as last, sum(byte_length) as bytes from (
        select number, byte_length, number - row_number() over (order by number) as run
        from upload_part where upload_id = u.id and u.state = 'open'
      ) numbered group by run
    ) runs
  ) r on true`

function asUpload(row: UploadRow, keepDays: number): Upload {
  const partCount = Math.ceil(row.byteSize / row.partSize)
  const isOpen = row.state === 'open'
  const iso = (time: string | Date | null): string | null => (time === null ? null : new Date(time).toISOString())
  return {
    ...row,
    partCount,
    received: isOpen ? row.received : [[0, partCount - 1]],
    receivedBytes: isOpen ? (row.receivedBytes ?? 0) : row.byteSize,
    createdAt: iso(row.createdAt) ?? '',
    touchedAt: iso(row.touchedAt) ?? '',
    finishedAt: iso(row.finishedAt),
    expiresAt: isOpen ? iso(new Date(new Date(row.touchedAt).getTime() + keepDays * 86_400_000)) : null,
  }
}

export interface UploadToCreate {
  name: string
  byteSize: number
  partSize: number
  key: string | undefined
  sha256: string | undefined
  content: UploadContent
  isProjectNamed: boolean
  blobKey: string
}

/**
 * Begins an upload, or finds the one begun with the same key.
 * @throws AppError 'too-many-uploads' (409) when the caller has `mostOpen` under way; 'key-taken' (409)
 */
export async function createUpload(
  db: Db,
  scope: StoreScope,
  upload: UploadToCreate,
  limits: { mostOpen: number; keepDays: number },
): Promise<Upload> {
  const id = await inTransaction(db, async (client) => {
    // One after the other: requests that come at once would each see room for one more.
    await client.query(`select pg_advisory_xact_lock(hashtextextended('uploads of ' || $1, 0))`, [scope.actor.id])
    const begun = upload.key === undefined ? undefined : await findByKey(client, scope, upload.key)
    if (begun?.byteSize === upload.byteSize) return begun.id
    if (begun) throw new AppError('key-taken', 409, 'Another upload was begun with this key.')
    const { rows: counted } = await client.query<{ count: number }>(
      `select count(*) from upload where actor_id = $1 and state in ('open', 'assembling')`,
      [scope.actor.id],
    )
    if ((counted[0]?.count ?? 0) >= limits.mostOpen)
      throw new AppError(
        'too-many-uploads',
        409,
        `${limits.mostOpen} uploads are under way; finish some of them or remove them.`,
      )
    const { rows } = await client.query<{ id: string }>(
      `insert into upload (actor_id, project_id, is_project_named, name, byte_size, part_size, sha256, content, blob_key, key)
        values ($1, $2, $3, $4, $5, $6, decode($7, 'hex'), $8, $9, $10) returning id`,
      [
        scope.actor.id,
        scope.defaultProjectId,
        upload.isProjectNamed,
        upload.name,
        upload.byteSize,
        upload.partSize,
        upload.sha256 ?? null,
        JSON.stringify(upload.content),
        upload.blobKey,
        upload.key ?? null,
      ],
    )
    const { id: made } = rows[0] as { id: string }
    await addAuditEvent(client, scope, {
      action: 'upload.create',
      projectId: scope.defaultProjectId,
      target: made,
      detail: { bytes: upload.byteSize },
    })
    return made
  })
  return getUpload(db, scope, id, limits.keepDays)
}

async function findByKey(
  client: PoolClient,
  scope: Scope,
  key: string,
): Promise<{ id: string; byteSize: number } | undefined> {
  const { rows } = await client.query<{ id: string; byteSize: number }>(
    'select id, byte_size as "byteSize" from upload where actor_id = $1 and key = $2',
    [scope.actor.id, key],
  )
  return rows[0]
}

/** @throws AppError 'upload-not-found' */
export async function getUpload(db: Db, scope: Scope, id: string, keepDays: number): Promise<Upload> {
  const { rows } = await db.pool.query<UploadRow>({
    name: 'get-upload',
    text: `${select} where ${own} and u.id = $3`,
    values: [...ownValues(scope), id],
  })
  if (!rows[0]) throw uploadNotFound()
  return asUpload(rows[0], keepDays)
}

export async function listUploads(db: Db, scope: Scope, keepDays: number): Promise<Upload[]> {
  const { rows } = await db.pool.query<UploadRow>(
    `${select} where ${own} and u.state in ('open', 'assembling') order by u.created_at desc, u.id`,
    ownValues(scope),
  )
  return rows.map((row) => asUpload(row, keepDays))
}

/** What is known of a part before its bytes are taken. */
export interface PartBefore {
  state: Upload['state']
  byteSize: number
  partSize: number
  blobKey: string
  /** Of the part that is here already. */
  sha256: Buffer | null
}

export async function findPart(db: Db, scope: Scope, id: string, number: number): Promise<PartBefore | undefined> {
  const { rows } = await db.pool.query<PartBefore>({
    name: 'find-upload-part',
    text: `select u.state, u.byte_size as "byteSize", u.part_size as "partSize", u.blob_key as "blobKey", p.sha256
      from upload u left join upload_part p on p.upload_id = u.id and p.number = $4 where ${own} and u.id = $3`,
    values: [...ownValues(scope), id, number],
  })
  return rows[0]
}

const foreignKeyViolation = '23503'

/**
 * Notes a part whose bytes are durable.
 * @throws AppError 'upload-not-found' when the upload was removed meanwhile
 */
export async function addPart(
  db: Db,
  _scope: Scope,
  id: string,
  part: { number: number; byteLength: number; sha256: Uint8Array },
): Promise<void> {
  try {
    await db.pool.query({
      name: 'add-upload-part',
      text: `with touched as (
          update upload set touched_at = now() where id = $1 and state = 'open' and touched_at < now() - interval '1 minute'
        ) insert into upload_part (upload_id, number, byte_length, sha256) values ($1, $2, $3, $4) on conflict do nothing`,
      values: [id, part.number, part.byteLength, part.sha256],
    })
  } catch (error) {
    if ((error as { code?: string }).code === foreignKeyViolation) throw uploadNotFound()
    throw error
  }
}

interface Closing {
  state: Upload['state']
  projectId: number
  isProjectNamed: boolean
  byteSize: number
  partSize: number
  blobKey: string
}

/** The row, locked: whoever changes the state does it alone. */
async function lockUpload(client: PoolClient, scope: Scope, id: string): Promise<Closing> {
  const { rows } = await client.query<Closing>(
    `select u.state, u.project_id as "projectId", u.is_project_named as "isProjectNamed", u.byte_size as "byteSize",
      u.part_size as "partSize", u.blob_key as "blobKey" from upload u where ${own} and u.id = $3 for update`,
    [...ownValues(scope), id],
  )
  if (!rows[0]) throw uploadNotFound()
  return rows[0]
}

/**
 * Takes no more parts and has the job put them together; asked again it changes nothing.
 * @throws AppError 'upload-not-found', 'parts-missing' (409)
 */
export async function completeUpload(db: Db, scope: Scope, id: string): Promise<void> {
  await inTransaction(db, async (client) => {
    const upload = await lockUpload(client, scope, id)
    if (upload.state !== 'open') return
    const partCount = Math.ceil(upload.byteSize / upload.partSize)
    const { rows } = await client.query<{ number: number }>(
      `select number from generate_series(0, $2::integer - 1) number
        where not exists (select from upload_part where upload_id = $1 and upload_part.number = number.number) order by 1`,
      [id, partCount],
    )
    if (rows.length > 0) throw partsMissing(rows, upload)
    const { actor, address, requestId } = scope
    // As STOW-RS at this moment: into the projects the sender may store into now.
    const askedBy: KeptScope = {
      actor,
      address,
      requestId,
      projectIds: upload.isProjectNamed ? [upload.projectId] : scope.projectIds,
      defaultProjectId: upload.projectId,
    }
    await client.query(
      `update upload set state = 'assembling', asked_by = $2, touched_at = now(), attempts = 0 where id = $1`,
      [id, JSON.stringify(askedBy)],
    )
    await addAssembleJob(client, scope, id)
  })
}

function partsMissing(missing: readonly { number: number }[], upload: Closing): AppError {
  const some = missing.slice(0, 20).map(({ number }) => number)
  const bytes = missing.reduce((sum, { number }) => sum + partLength(upload, number), 0)
  const more = missing.length > some.length ? ' and more' : ''
  return new AppError(
    'parts-missing',
    409,
    `${missing.length} parts (${bytes} bytes) are missing: ${some.join(', ')}${more}.`,
  )
}

/**
 * Drops an open upload with its bytes; of a finished one only what is told about it.
 * @throws AppError 'upload-not-found', 'upload-assembling' (409); 'upload-ended' (409) where only an open one is meant
 */
export async function removeUpload(
  db: Db,
  scope: Scope,
  id: string,
  { isOpenOnly }: { isOpenOnly: boolean },
): Promise<void> {
  await inTransaction(db, async (client) => {
    const { state, blobKey, projectId, byteSize } = await lockUpload(client, scope, id)
    if (state === 'assembling')
      throw new AppError('upload-assembling', 409, 'All parts are here and are being stored: too late to remove them.')
    if (isOpenOnly && state !== 'open') throw new AppError('upload-ended', 409, `This upload has ended: ${state}.`)
    await client.query('delete from upload where id = $1', [id])
    if (state !== 'open') return
    await addDropJob(client, scope, [{ id, blobKey }])
    await addAuditEvent(client, scope, { action: 'upload.remove', projectId, target: id, detail: { bytes: byteSize } })
  })
}

export interface KnownFile {
  sha256: string
  project: string
  studyInstanceUid: string
  seriesInstanceUid: string
  sopInstanceUid: string
}

/**
 * Which of these files are stored in the projects of the scope, as they are or as what was made of them: one place each.
 * One whose stored bytes were found damaged is wanted again.
 */
export async function findKnown(db: Db, scope: Scope, sha256: readonly string[]): Promise<KnownFile[]> {
  const { rows } = await db.pool.query<KnownFile>({
    name: 'find-known-files',
    text: `select encode(wanted, 'hex') as sha256, p.slug as project, s.study_instance_uid as "studyInstanceUid",
        r.series_instance_uid as "seriesInstanceUid", i.sop_instance_uid as "sopInstanceUid"
      from unnest($2::bytea[]) wanted
      cross join lateral (
        select * from (
          select * from instance where sha256 = wanted
            and not exists (select from fixity_fault f where f.blob_key = instance.blob_key)
          union all
          select made.* from original o join original_instance oi on oi.original_id = o.id
          join instance made on made.id = oi.instance_id where o.sha256 = wanted
        ) i where i.project_id = any($1::bigint[]) order by i.id limit 1
      ) i
      join series r on r.id = i.series_id join study s on s.id = i.study_id join project p on p.id = i.project_id`,
    values: [scope.projectIds, [...new Set(sha256)].map((hash) => Buffer.from(hash, 'hex'))],
  })
  return rows
}
