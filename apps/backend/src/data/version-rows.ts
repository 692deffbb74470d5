import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import type { Db } from '@instandt/db'
import { parseDataset } from '@instandt/dicom'
import type { PoolClient } from 'pg'
import { earlierHashes } from '../correction/hash-chain.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import { fileValues, type InsertResult, type NewInstance } from './new-instance.ts'
import { lockStudy, recount, replaceStudy } from './study-rows.ts'
import { inRetriedTransaction } from './transaction.ts'

const unpack = promisify(zstdDecompress)

interface Live {
  id: number
  sha256: string
  blobKey: string
  metadata: Buffer
}

/**
 * Brings files of one instance into their order while their rows are made from them: a corrected file names the hashes of
 * those before it. True when the file found its place as a version, or took the place of an earlier one.
 * @param earlier hashes that the file names
 * @param inserted what inserting it as an instance of its own came to
 */
export async function joinVersions(
  db: Db,
  scope: ArchiveScope,
  row: NewInstance,
  earlier: readonly string[],
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
    const before = earlierHashes(parseDataset((await unpack(live.metadata)).toString()))
    const place = before.indexOf(sha256)
    if (place >= 0) {
      await client.query('update instance set version = $2 where id = $1', [live.id, before.length + 1])
      return addVersion(client, live.id, place + 1, row)
    }
    const ofLive = earlier.indexOf(live.sha256)
    if (ofLive < 0) return false
    await keepAsVersion(client, live.id, ofLive + 1)
    await takePlace(client, live.id, earlier.length + 1, row)
    await replaceStudy(client, study, row.study)
    await recount(client, study.id)
    return true
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
