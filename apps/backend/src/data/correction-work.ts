import type { CorrectedValues } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { correctStudy } from '../correction/values.ts'
import { type ArchiveScope, type KeptScope, scopeAsKept } from '../plugins/access.ts'
import { indexStudyAnew } from './attribute-index.ts'
import { addAuditEvent } from './audit.ts'
import { addChanges } from './changes.ts'
import { fileValues, type NewFile, type NewStudy } from './new-instance.ts'
import { inspectionNotFound, type LockedStudy, lockStudy, recount, replaceStudy } from './study-rows.ts'
import { inRetriedTransaction, inTransaction } from './transaction.ts'

/** A correction under way. */
export interface CorrectionOrder {
  id: string
  studyId: number
  studyInstanceUid: string
  changes: CorrectedValues
  reason: string
  askedBy: KeptScope
  /** Whose it is: another one after a takeover, and then nothing is written under this one any more. */
  lease: string
}

/** Somebody else works on it by now, or has ended it: nothing was written. */
export class LeaseLost extends Error {
  constructor() {
    super('the correction is another worker’s by now, or over')
  }
}

const orderColumns = `id, study_id as "studyId", study_instance_uid as "studyInstanceUid", changes, reason, asked_by as "askedBy", leased_by as lease`
const lease = `now() + interval '60 seconds'`
const isHeld = `id = $1 and leased_by = $2 and state = 'running'`

function mustHold({ rowCount }: { rowCount: number | null }): void {
  if (rowCount !== 1) throw new LeaseLost()
}

/** Takes one that nobody works on. */
export async function claimCorrection(db: Db, _scope: ArchiveScope): Promise<CorrectionOrder | undefined> {
  const { rows } = await db.pool.query<CorrectionOrder>(
    `update correction set state = 'running', leased_by = gen_random_uuid(), leased_until = ${lease} where id = (
       select id from correction where state in ('waiting', 'running') and (leased_until is null or leased_until < now())
       order by created_at, id limit 1 for update skip locked) returning ${orderColumns}`,
  )
  return rows[0]
}

/**
 * Says that the work goes on.
 * @throws LeaseLost
 */
export async function keepCorrection(db: Db, _scope: ArchiveScope, order: CorrectionOrder): Promise<void> {
  mustHold(
    await db.pool.query(
      `update correction c set leased_until = ${lease},
         done_count = (select count(*) from correction_instance s where s.correction_id = c.id) where ${isHeld}`,
      [order.id, order.lease],
    ),
  )
}

/** Gives it up for somebody else, or for oneself in a while; what is another one's stays so. */
export async function releaseCorrection(
  db: Db,
  _scope: ArchiveScope,
  order: CorrectionOrder,
  seconds: number,
): Promise<void> {
  await db.pool.query(
    `update correction set leased_by = null, leased_until = now() + make_interval(secs => $3) where ${isHeld}`,
    [order.id, order.lease, seconds],
  )
}

export interface ToCorrect {
  id: number
  sopInstanceUid: string
  blobKey: string
  byteSize: number
  sha256: Buffer
}

const isStaged = `exists (select from correction_instance c where c.correction_id = $1 and c.instance_id = i.id and c.source_key = i.blob_key)`

/** Instances of the study that have no new file yet, also those that came meanwhile. */
export async function listToCorrect(
  db: Db,
  _scope: ArchiveScope,
  order: CorrectionOrder,
  limit: number,
): Promise<ToCorrect[]> {
  const { rows } = await db.pool.query<ToCorrect>(
    `select i.id, i.sop_instance_uid as "sopInstanceUid", i.blob_key as "blobKey", i.byte_size as "byteSize", i.sha256
     from instance i where i.study_id = $2 and not ${isStaged} order by i.id limit $3`,
    [order.id, order.studyId, limit],
  )
  return rows
}

export interface StagedFile {
  instanceId: number
  sourceKey: string
  /** By name: what stood there. */
  before: Record<string, string | null>
  row: NewFile
}

// Waits for whoever ends the correction at this moment, and stages nothing under one that is over.
const fromHeld = `from correction where ${isHeld} for share`
const orAnew = `on conflict (correction_id, instance_id) do update set source_key = excluded.source_key, blob_key = excluded.blob_key,
  before = excluded.before, byte_size = excluded.byte_size, sha256 = excluded.sha256, frame_layout = excluded.frame_layout,
  frame_table = excluded.frame_table, bulk = excluded.bulk, metadata = excluded.metadata, warnings = excluded.warnings`

/**
 * Keeps what the swap needs of one new file.
 * @throws LeaseLost
 */
export async function stageFile(db: Db, _scope: ArchiveScope, order: CorrectionOrder, file: StagedFile): Promise<void> {
  const { row } = file
  mustHold(
    await db.pool.query(
      `insert into correction_instance (correction_id, instance_id, source_key, before, blob_key, byte_size, sha256, frame_layout,
         frame_table, bulk, metadata, warnings)
       select id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 ${fromHeld} ${orAnew}`,
      [order.id, order.lease, file.instanceId, file.sourceKey, JSON.stringify(file.before), ...fileValues(row)],
    ),
  )
}

/**
 * One that needs no change stands under its own key.
 * @throws LeaseLost
 */
export async function stageUnchanged(
  db: Db,
  _scope: ArchiveScope,
  order: CorrectionOrder,
  instance: ToCorrect,
  before: Record<string, string | null>,
): Promise<void> {
  mustHold(
    await db.pool.query(
      `insert into correction_instance (correction_id, instance_id, source_key, blob_key, before, byte_size, sha256, bulk, metadata, warnings)
       select id, $3, $4, $4, $5, 0, $6, '[]', '', '[]' ${fromHeld} ${orAnew}`,
      [order.id, order.lease, instance.id, instance.blobKey, JSON.stringify(before), instance.sha256],
    ),
  )
}

/**
 * Ends without a change; the keys of files that were made in vain.
 * @throws LeaseLost
 */
export async function failCorrection(
  db: Db,
  _scope: ArchiveScope,
  order: CorrectionOrder,
  fault: string,
): Promise<string[]> {
  return inTransaction(db, async (client) => {
    mustHold(
      await client.query(
        `update correction set state = 'failed', fault = $3, finished_at = now(), leased_by = null, leased_until = null
         where ${isHeld}`,
        [order.id, order.lease, fault.slice(0, 1000)],
      ),
    )
    await addAuditEvent(client, scopeAsKept(order.askedBy), {
      action: 'image.correct',
      result: 'failed',
      projectId: order.askedBy.defaultProjectId,
      studyInstanceUid: order.studyInstanceUid,
      target: order.reason,
      detail: { correction: order.id, step: 'failed', changes: order.changes, fault: fault.slice(0, 1000) },
    })
    return unstage(client, order.id)
  })
}

/** Forgets what was staged; the keys of its files that nothing refers to, which are kept until their bytes are gone. */
async function unstage(client: PoolClient, id: string): Promise<string[]> {
  const { rows } = await client.query<{ key: string }>(
    `with gone as (delete from correction_instance where correction_id = $1 returning source_key, blob_key)
     insert into discarded_blob (blob_key) select blob_key from gone where blob_key <> source_key
       and not exists (select from instance i where i.blob_key = gone.blob_key)
     on conflict (blob_key) do update set discarded_at = excluded.discarded_at returning blob_key as key`,
    [id],
  )
  return rows.map((row) => row.key)
}

/**
 * Puts the new files in the place of the old ones, all at once. `more` when instances without a new file are there.
 * @throws AppError 'inspection-not-found' when it was deleted meanwhile; LeaseLost
 */
export async function swapFiles(
  db: Db,
  _scope: ArchiveScope,
  order: CorrectionOrder,
): Promise<'more' | { unused: string[] }> {
  const scope = scopeAsKept(order.askedBy)
  return inRetriedTransaction(db, async (client) => {
    const study = await lockStudy(client, scope, order.studyInstanceUid)
    // Deleted and stored again: another one under the same UID.
    if (study.id !== order.studyId) throw inspectionNotFound()
    const { rows: left } = await client.query<{ is: boolean }>(
      `select exists (select from instance i where i.study_id = $2 and not ${isStaged}) as is`,
      [order.id, study.id],
    )
    if (left[0]?.is === true) return 'more'
    const before = await valuesBefore(client, order)
    const count = await replaceFiles(client, order)
    await replaceStudy(client, study, await correctedRow(client, study, order.changes))
    await recount(client, study.id)
    await indexStudyAnew(db, client, study.id)
    // Taken over or ended by somebody else in between: nothing of this may stand.
    mustHold(
      await client.query(
        `update correction set state = 'done', before = $3, finished_at = now(), leased_by = null, leased_until = null,
           fault = null, done_count = $4, instance_count = $4 where ${isHeld}`,
        [order.id, order.lease, JSON.stringify(before), count],
      ),
    )
    const detail = { changes: order.changes, before, reason: order.reason, count }
    await addChanges(client, [{ kind: 'corrected', studyInstanceUid: order.studyInstanceUid, detail }])
    await addAuditEvent(client, scope, {
      action: 'image.correct',
      projectId: study.projectId,
      studyInstanceUid: order.studyInstanceUid,
      component: study.component,
      target: order.reason,
      count,
      detail: { correction: order.id, step: 'done', ...detail },
    })
    return { unused: await unstage(client, order.id) }
  })
}

async function correctedRow(client: PoolClient, study: LockedStudy, changes: CorrectedValues): Promise<NewStudy> {
  const { rows } = await client.query<Parameters<typeof correctStudy>[0]>(
    `select attributes, study_instance_uid as "studyInstanceUid", is_diconde as "isDiconde" from study where id = $1`,
    [study.id],
  )
  return correctStudy(rows[0] as Parameters<typeof correctStudy>[0], changes)
}

/** By attribute every value that stood there. */
async function valuesBefore(client: PoolClient, order: CorrectionOrder): Promise<Record<string, string[]>> {
  const { rows } = await client.query<{ name: string; values: string[] }>(
    `select b.key as name, array_agg(distinct b.value) filter (where b.value is not null) as values
     from correction_instance c cross join jsonb_each_text(c.before) b where c.correction_id = $1 group by b.key`,
    [order.id],
  )
  return Object.fromEntries(rows.map(({ name, values }) => [name, values ?? []]))
}

const isNew = `c.correction_id = $1 and c.instance_id = i.id and c.source_key = i.blob_key and c.blob_key <> c.source_key`

/** Keeps each old file as a version and lets the row speak of the new one; how many. */
async function replaceFiles(client: PoolClient, order: CorrectionOrder): Promise<number> {
  await client.query(
    `insert into instance_version (instance_id, version, blob_key, byte_size, sha256, stored_at, correction_id, proven_at)
     select i.id, i.version, i.blob_key, i.byte_size, i.sha256,
       coalesce((select max(v.replaced_at) from instance_version v where v.instance_id = i.id), i.stored_at), $1, i.proven_at
     from instance i join correction_instance c on ${isNew}`,
    [order.id],
  )
  const { rowCount } = await client.query(
    `update instance i set version = i.version + 1, proven_at = null, blob_key = c.blob_key, byte_size = c.byte_size,
       sha256 = c.sha256, frame_layout = c.frame_layout, frame_table = c.frame_table, bulk = c.bulk, metadata = c.metadata,
       warnings = c.warnings from correction_instance c where ${isNew}`,
    [order.id],
  )
  return rowCount ?? 0
}
