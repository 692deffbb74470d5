import type { Original } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import type { ArchiveScope, Scope } from '../plugins/access.ts'

export interface StoredOriginal extends Original {
  blobKey: string
}

/** What an instance is told with: the file it was made of, or null. `i` is the instance. */
export const originalColumn = `(select jsonb_build_object('name', o.name, 'format', o.format, 'byteSize', o.byte_size,
  'sha256', encode(o.sha256, 'hex')) from original_instance oi join original o on o.id = oi.original_id
  where oi.instance_id = i.id)`

/** The file that an instance was made of; undefined when there is none that the caller may see. */
export async function findOriginal(
  db: Db,
  scope: Scope,
  place: { studyInstanceUid: string; seriesInstanceUid: string; sopInstanceUid: string },
): Promise<StoredOriginal | undefined> {
  const { rows } = await db.pool.query<StoredOriginal>({
    name: 'find-original',
    text: `select o.name, o.format, o.byte_size as "byteSize", encode(o.sha256, 'hex') as sha256, o.blob_key as "blobKey"
      from study s join series r on r.study_id = s.id join instance i on i.series_id = r.id
      join original_instance oi on oi.instance_id = i.id join original o on o.id = oi.original_id
      where s.project_id = any($1::bigint[]) and s.study_instance_uid = $2 and r.series_instance_uid = $3
        and i.sop_instance_uid = $4`,
    values: [scope.projectIds, place.studyInstanceUid, place.seriesInstanceUid, place.sopInstanceUid],
  })
  return rows[0]
}

/**
 * Forgets the originals of instances that are gone for good, in the transaction that forgets them; returns the keys of bytes
 * that nothing refers to any more, to be removed once it has committed. An original stays as long as one object of it does.
 */
export async function dropOriginals(
  client: PoolClient,
  _scope: ArchiveScope,
  instanceIds: readonly number[],
): Promise<string[]> {
  // One after the other: two that remove the last links at once would each still see the other's, and both leave the file.
  await client.query(
    `select from original where id in (select original_id from original_instance where instance_id = any($1::bigint[]))
     order by id for update`,
    [instanceIds],
  )
  // A statement of its own: it sees what was committed before the locks were there.
  const { rows } = await client.query<{ blob_key: string }>(
    `with unlinked as (delete from original_instance where instance_id = any($1::bigint[]) returning original_id)
      delete from original o where o.id in (select original_id from unlinked) and not exists (
        select from original_instance left_over
        where left_over.original_id = o.id and left_over.instance_id <> all($1::bigint[]))
      returning blob_key`,
    [instanceIds],
  )
  const keys = rows.map((row) => row.blob_key)
  if (keys.length > 0) await client.query('delete from fixity_fault where blob_key = any($1::text[])', [keys])
  return keys
}
