import type { Db } from '@instandt/db'
import type { ArchiveScope } from '../plugins/access.ts'

/**
 * Which of these blobs a row refers to, in whatever project: of what is stored, was before a correction or is about to be,
 * lies in the bin, is the file that objects were made of, or of an upload that is being stored. Only the others are orphans.
 */
export async function findReferenced(db: Db, _scope: ArchiveScope, blobKeys: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ blob_key: string }>({
    name: 'find-referenced-blobs',
    text: `select blob_key from instance where blob_key = any($1::text[])
      union all select blob_key from original where blob_key = any($1::text[])
      union all select blob_key from upload where state = 'assembling' and blob_key = any($1::text[])
      union all select blob_key from bin_instance where blob_key = any($1::text[])
      union all select blob_key from instance_version where blob_key = any($1::text[])
      union all select blob_key from correction_instance where blob_key = any($1::text[])`,
    values: [blobKeys],
  })
  return new Set(rows.map((row) => row.blob_key))
}
