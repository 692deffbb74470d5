import type { Db } from '@instandt/db'
import { parseDataset } from '@instandt/dicom'
import type { PoolClient } from 'pg'
import { earlierHashes } from '../correction/hash-chain.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import { indexStudyAnew } from './attribute-index.ts'
import { unpackMetadata } from '../unpack-metadata.ts'
import { addAuditEvent } from './audit.ts'
import { addChanges } from './changes.ts'
import { fileValues, type InsertResult, type NewInstance } from './new-instance.ts'
import { type LockedStudy, lockStudy, recount, replaceStudy } from './study-rows.ts'
import { inRetriedTransaction } from './transaction.ts'

interface Live {
  id: number
  sha256: string
  blobKey: string
  metadata: Buffer
}

/** What a file says of the files before it. */
export interface Origin {
  /** Hashes of the files it was corrected from, the first one first. */
  earlier: readonly string[]
  /** The correction that made it, where it says so. */
  correction: string | undefined
}

/**
 * Whether a file without a row may get one: not when it was made in vain, nor by a correction that failed or is under way,
 * which changed nothing or will do so itself. A correction that this database does not know was done in a later one.
 */
export async function mayAdopt(
  db: Db,
  _scope: ArchiveScope,
  blobKey: string,
  correction: string | undefined,
): Promise<boolean> {
  const { rows } = await db.pool.query<{ may: boolean }>(
    `select not exists (select from discarded_blob where blob_key = $1)
       and not exists (select from correction where id = $2 and state <> 'done') as may`,
    [blobKey, correction ?? null],
  )
  return rows[0]?.may === true
}

/**
 * Brings files of one instance into their order while their rows are made from them: a corrected file names the hashes of
 * those before it. True when the file found its place as a version, or took the place of an earlier one.
 * @param origin what the file says of those before it
 * @param inserted what inserting it as an instance of its own came to
 */
export async function joinVersions(
  db: Db,
  scope: ArchiveScope,
  row: NewInstance,
  { earlier, correction }: Origin,
  inserted: InsertResult,
): Promise<boolean> {
  if (inserted.outcome === 'stored' && earlier.length > 0) {
    await db.pool.query('update instance set version = $2 where blob_key = $1', [row.blobKey, earlier.length + 1])
    return false
  }
  if (inserted.outcome !== 'conflict' || inserted.reason !== 'other-bytes') return false
  const sha256 = Buffer.from(row.sha256).toString('hex')
  return inRetriedTransaction(db, async (client) => {
    const study = await lockStudy(client, scope, row.study.studyInstanceUid)
    const { rows } = await client.query<Live>(
      `select id, encode(sha256, 'hex') as sha256, blob_key as "blobKey", metadata from instance
       where study_id = $1 and sop_instance_uid = $2`,
      [study.id, row.sopInstanceUid],
    )
    const [live] = rows
    if (!live) return false
    const told = { sopInstanceUid: row.sopInstanceUid, ...(correction !== undefined && { correction }) }
    const before = earlierHashes(parseDataset(unpackMetadata(live.metadata).toString()))
    const place = before.indexOf(sha256)
    if (place >= 0) {
      await client.query('update instance set version = $2 where id = $1', [live.id, before.length + 1])
      if (!(await addVersion(client, live.id, place + 1, row))) return false
      await tellAdoption(client, scope, study, { ...told, version: place + 1 })
      return true
    }
    const ofLive = earlier.indexOf(live.sha256)
    if (ofLive < 0) return false
    await keepAsVersion(client, live.id, ofLive + 1)
    await takePlace(client, live.id, earlier.length + 1, row)
    await replaceStudy(client, study, row.study)
    await recount(client, study.id)
    await indexStudyAnew(db, client, study.id)
    // Who follows sees other values from now on, as after the correction itself.
    const detail = { ...told, version: earlier.length + 1, count: 1, instances: [row.sopInstanceUid] }
    await addChanges(client, [{ kind: 'corrected', studyInstanceUid: study.studyInstanceUid, detail }])
    await tellAdoption(client, scope, study, detail)
    return true
  })
}

async function tellAdoption(
  client: PoolClient,
  scope: ArchiveScope,
  study: LockedStudy,
  detail: object,
): Promise<void> {
  await addAuditEvent(client, scope, {
    action: 'image.correct',
    projectId: study.projectId,
    studyInstanceUid: study.studyInstanceUid,
    component: study.component,
    target: 'reindex',
    detail: { step: 'reindexed', ...detail },
  })
}

async function addVersion(client: PoolClient, id: number, version: number, row: NewInstance): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into instance_version (instance_id, version, blob_key, byte_size, sha256, stored_at) values ($1, $2, $3, $4, $5, now())
     on conflict do nothing`,
    [id, version, row.blobKey, row.byteSize, row.sha256],
  )
  return rowCount === 1
}

async function keepAsVersion(client: PoolClient, id: number, version: number): Promise<void> {
  await client.query(
    `insert into instance_version (instance_id, version, blob_key, byte_size, sha256, stored_at, proven_at)
     select id, $2, blob_key, byte_size, sha256, stored_at, proven_at from instance where id = $1`,
    [id, version],
  )
}

async function takePlace(client: PoolClient, id: number, version: number, row: NewInstance): Promise<void> {
  await client.query(
    `update instance set version = $2, blob_key = $3, byte_size = $4, sha256 = $5, frame_layout = $6, frame_table = $7,
       bulk = $8, metadata = $9, warnings = $10, proven_at = null where id = $1`,
    [id, version, ...fileValues(row)],
  )
}
