import type { Db } from '@instandt/db'
import type { ArchiveScope } from '../plugins/access.ts'

/**
 * Which of these blobs a row refers to, in whatever project, as an object or as the file it was made of, or an upload that is
 * being stored: only the others are orphans.
 */
export async function findReferenced(db: Db, _scope: ArchiveScope, blobKeys: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ blob_key: string }>({
    name: 'find-referenced-blobs',
    text: `select blob_key from instance where blob_key = any($1::text[])
      union all select blob_key from original where blob_key = any($1::text[])
      union all select blob_key from upload where state = 'assembling' and blob_key = any($1::text[])`,
    values: [blobKeys],
  })
  return new Set(rows.map((row) => row.blob_key))
}

export interface ReferencedBlob {
  id: number
  blobKey: string
  byteSize: number
  sha256: Buffer
}

/** Rows after `afterId` in ascending order, with what their bytes must be. */
export async function listReferenced(
  db: Db,
  _scope: ArchiveScope,
  afterId: number,
  limit: number,
): Promise<ReferencedBlob[]> {
  const { rows } = await db.pool.query<ReferencedBlob>({
    name: 'list-referenced-blobs',
    text: `select id, blob_key as "blobKey", byte_size as "byteSize", sha256 from instance where id > $1 order by id limit $2`,
    values: [afterId, limit],
  })
  return rows
}
