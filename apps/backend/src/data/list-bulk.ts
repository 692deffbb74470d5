import type { Db } from '@instandt/db'
import { tags } from '@instandt/dicom'
import type { Scope } from '../plugins/access.ts'
import { hiddenList } from './hidden-list.ts'
import type { InstanceAddress, InstanceSelection } from './retrieve.ts'

/** Which values are meant: pixel data of the data set itself, or everything that the metadata leaves out. */
export type BulkSort = 'pixeldata' | 'bulkdata'

/** How values are encoded. */
export interface BulkKind {
  syntaxUid: string
  isEncapsulated: boolean
}

export interface InstanceBulk extends InstanceAddress {
  syntaxUid: string
  /** Values in the order of the file (see BulkElement). */
  values: { path: string; isEncapsulated: boolean }[]
}

const pixelPaths = [tags.pixelData, tags.floatPixelData, tags.doubleFloatPixelData]

/** Fragments of pixel data are no element of their own; the frame index knows them. */
const valuesOf = (isPixels: string): string => `(
    select element ->> 'path' as path, false as is_encapsulated, place from jsonb_array_elements(i.bulk) with ordinality as x(element, place)
    union all
    select '${tags.pixelData}', true, 2147483647 where (i.frame_layout ->> 'encapsulated')::boolean
  ) value where not ${isPixels} or value.path = any('{${pixelPaths.join()}}')`

/** Every kind of value below an address; none when there is no value. */
export async function listBulkKinds(
  db: Db,
  scope: Scope,
  { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: InstanceSelection,
  sort: BulkSort,
): Promise<BulkKind[]> {
  const { rows } = await db.pool.query<BulkKind>({
    name: 'bulk-kinds',
    text: `select distinct i.transfer_syntax_uid as "syntaxUid", value.is_encapsulated as "isEncapsulated"
      from study st join instance i on i.study_id = st.id join series se on se.id = i.series_id
      cross join lateral (select value.* from ${valuesOf('$5::boolean')}) value
      where st.project_id = any($1::bigint[]) and st.study_instance_uid = $2
        and ($3::text is null or se.series_instance_uid = $3) and ($4::text is null or i.sop_instance_uid = $4)`,
    values: [
      scope.projectIds,
      studyInstanceUid,
      seriesInstanceUid ?? null,
      sopInstanceUid ?? null,
      sort === 'pixeldata',
    ],
  })
  return rows
}

/** Values of the listed rows, in that order; a row deleted meanwhile is left out. */
export async function readBulkPaths(
  db: Db,
  scope: Scope,
  ids: readonly string[],
  sort: BulkSort,
): Promise<InstanceBulk[]> {
  const { rows } = await db.pool.query<InstanceBulk>({
    name: 'bulk-paths',
    text: `select st.study_instance_uid as "studyInstanceUid", se.series_instance_uid as "seriesInstanceUid",
        i.sop_instance_uid as "sopInstanceUid", i.transfer_syntax_uid as "syntaxUid",
        (select coalesce(json_agg(json_build_object('path', value.path, 'isEncapsulated', value.is_encapsulated) order by value.place), '[]')
          from ${valuesOf('$3::boolean')}) as values
      from unnest($2::bigint[]) with ordinality as asked(id, at)
      join instance i on i.id = asked.id join series se on se.id = i.series_id join study st on st.id = i.study_id
      where i.project_id = ${hiddenList('$1', 'bigint[]')} order by asked.at`,
    values: [scope.projectIds, ids, sort === 'pixeldata'],
  })
  return rows
}
