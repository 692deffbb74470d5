import type { Db } from '@instandt/db'
import type { Scope } from '../plugins/access.ts'
import { type InstanceAddress, instanceFirst, type InstanceSelection } from './retrieve.ts'

/** The instance that stands for a study, a series or itself. */
export interface Representative extends InstanceAddress {
  /** Hexadecimal. */
  sha256: string
  mended: number
  thumbnail: 'waiting' | 'made' | 'none'
  thumbnailKey: string | null
}

const isShown = `i.frame_layout is not null and coalesce(j.thumbnail, 'waiting') <> 'none'`
const order = `coalesce(i.instance_number, 2147483647), i.id`

/** Of a walk through a part its middle, unless that is no image: then the first one that is. */
const chosen = `
  select c.id from (
    (select m.id, 1 as rank from (
      select i.id, i.frame_layout from instance i where i.series_id = se.id
      order by ${order} offset se.instance_count / 2 limit 1
    ) m left join rendition_job j on j.instance_id = m.id
    where m.frame_layout is not null and coalesce(j.thumbnail, 'waiting') <> 'none')
    union all
    (select i.id, 2 from instance i left join rendition_job j on j.instance_id = i.id
    where i.series_id = se.id and ${isShown} order by ${order} limit 1)
  ) c order by c.rank limit 1`

const representative = `select st.study_instance_uid as "studyInstanceUid", se.series_instance_uid as "seriesInstanceUid",
    i.sop_instance_uid as "sopInstanceUid", encode(i.sha256, 'hex') as sha256, i.mended, coalesce(j.thumbnail, 'waiting') as thumbnail,
    j.thumbnail_key as "thumbnailKey"`

const statements = {
  study: {
    name: 'thumbnail-study',
    text: `${representative}
      from study st join series se on se.study_id = st.id cross join lateral (${chosen}) c
      join instance i on i.id = c.id left join rendition_job j on j.instance_id = i.id
      where st.project_id = any($1::bigint[]) and st.study_instance_uid = $2
      order by se.series_number nulls last, se.id limit 1`,
  },
  series: {
    name: 'thumbnail-series',
    text: `${representative}
      from study st join series se on se.study_id = st.id cross join lateral (${chosen}) c
      join instance i on i.id = c.id left join rendition_job j on j.instance_id = i.id
      where st.project_id = any($1::bigint[]) and st.study_instance_uid = $2 and se.series_instance_uid = $3`,
  },
  instance: {
    name: 'thumbnail-instance',
    text: `${representative}
      from ${instanceFirst} join series se on se.id = i.series_id join study st on st.id = i.study_id
      left join rendition_job j on j.instance_id = i.id
      where st.study_instance_uid = $2 and se.series_instance_uid = $3`,
  },
}

/** Undefined when there is nothing, or nothing that can be shown, at this address in the scope. */
export async function findRepresentative(
  db: Db,
  scope: Scope,
  { studyInstanceUid, seriesInstanceUid, sopInstanceUid }: InstanceSelection,
): Promise<Representative | undefined> {
  const level = sopInstanceUid !== undefined ? 'instance' : seriesInstanceUid !== undefined ? 'series' : 'study'
  const values = [scope.projectIds, studyInstanceUid, seriesInstanceUid, sopInstanceUid].filter(
    (value) => value !== undefined,
  )
  const { rows } = await db.pool.query<Representative>({ ...statements[level], values })
  return rows[0]
}
