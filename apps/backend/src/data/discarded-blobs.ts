import type { Db } from '@instandt/db'
import type { ArchiveScope } from '../plugins/access.ts'

/** Keys of files that were made in vain and may still be there, in ascending order after one. */
export async function listDiscarded(db: Db, _scope: ArchiveScope, afterKey: string, limit: number): Promise<string[]> {
  const { rows } = await db.pool.query<{ key: string }>(
    'select blob_key as key from discarded_blob where blob_key > $1 order by blob_key limit $2',
    [afterKey, limit],
  )
  return rows.map((row) => row.key)
}

/** Which of these were made in vain: no row may be made of them. */
export async function findDiscarded(db: Db, _scope: ArchiveScope, blobKeys: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ key: string }>(
    'select blob_key as key from discarded_blob where blob_key = any($1::text[])',
    [blobKeys],
  )
  return new Set(rows.map((row) => row.key))
}

/** Its bytes are gone. */
export async function forgetDiscarded(db: Db, blobKey: string): Promise<void> {
  await db.pool.query('delete from discarded_blob where blob_key = $1', [blobKey])
}
