import type { PoolClient } from 'pg'
import type { Scope } from '../plugins/access.ts'
import { noteMended } from './mended.ts'
import type { InsertResult, NewInstance } from './new-instance.ts'

/** Bytes that are kept of an instance: those that are shown, or of a version before a correction. */
interface Copy {
  place: 'current' | 'version'
  blobKey: string
  /** In hex. */
  sha256: string
  /** They were read again, and were not those of the hash. */
  isDamaged: boolean
}

interface Existing {
  projectId: number
  sopInstanceUid: string
  seriesKey: string
  blobKey: string
  copies: Copy[]
}

/** What stands under the SOP Instance UIDs of the batch: its own rows, or those that were there before. */
export async function findExisting(
  client: PoolClient,
  scope: Scope,
  rows: readonly NewInstance[],
): Promise<{ byUid: Map<string, Existing>; own: Set<string> }> {
  const { rows: found } = await client.query<Existing>({
    name: 'find-existing',
    text: `select i.project_id as "projectId", i.sop_instance_uid as "sopInstanceUid", i.blob_key as "blobKey",
        s.study_instance_uid || ' ' || r.series_instance_uid as "seriesKey", (
          select jsonb_agg(jsonb_build_object('place', c.place, 'blobKey', c.blob_key, 'sha256', encode(c.sha256, 'hex'),
            'isDamaged', exists (select from fixity_fault f where f.blob_key = c.blob_key)))
          from (select 'current' as place, i.blob_key, i.sha256
            union all select 'version', blob_key, sha256 from instance_version where instance_id = i.id) c
        ) as copies
      from instance i join series r on r.id = i.series_id join study s on s.id = i.study_id
      where i.project_id = any($1::bigint[]) and i.sop_instance_uid = any($2::text[])
        or i.blob_key = any($3::text[])`,
    values: [scope.projectIds, rows.map((row) => row.sopInstanceUid), rows.map((row) => row.blobKey)],
  })
  return {
    byUid: new Map(found.map((row) => [`${row.projectId} ${row.sopInstanceUid}`, row])),
    own: new Set(found.map((row) => row.blobKey)),
  }
}

/**
 * Puts the bytes that came again in the place of those that were found damaged; these lose their row and go with the sweep.
 * Of several that come at once the first one is taken.
 */
export async function replaceDamaged(
  client: PoolClient,
  rows: readonly NewInstance[],
  results: readonly InsertResult[],
): Promise<InsertResult[]> {
  const wanted = results.flatMap((result, index) =>
    result.outcome === 'replaced' ? [{ place: result.place, old: result.blobKey, new: rows[index]?.blobKey }] : [],
  )
  const { rows: replaced } = await client.query<{ blob_key: string }>({
    name: 'replace-damaged',
    text: `with wanted as (
        select distinct on (old) * from jsonb_to_recordset($1) as w(place text, old text, new text) order by old
      ), current as (
        update instance o set blob_key = w.new, proven_at = null from wanted w
        where w.place = 'current' and o.blob_key = w.old returning w.old, o.blob_key
      ), version as (
        update instance_version o set blob_key = w.new, proven_at = null from wanted w
        where w.place = 'version' and o.blob_key = w.old returning w.old, o.blob_key
      ), taken as (
        select * from current union all select * from version
      ), over as (
        delete from fixity_fault f using taken t where f.blob_key = t.old
      )
      select blob_key from taken`,
    values: [JSON.stringify(wanted)],
  })
  await noteMended(
    client,
    replaced.map((row) => row.blob_key),
  )
  const taken = new Set(replaced.map((row) => row.blob_key))
  return results.map((result, index) =>
    result.outcome === 'replaced' && !taken.has(rows[index]?.blobKey ?? '') ? { outcome: 'already-stored' } : result,
  )
}
