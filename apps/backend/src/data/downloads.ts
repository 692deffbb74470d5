import type { DownloadItem } from '@instandt/api'
import type { Db } from '@instandt/db'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'
import { hiddenList } from './hidden-list.ts'

/** Hours that a choice is kept until it is downloaded. */
const selectionHours = 24

/** Keeps what the caller chose, for nobody else. */
export async function saveSelection(db: Db, scope: Scope, items: readonly DownloadItem[]): Promise<string> {
  const { rows } = await db.pool.query<{ id: string }>(
    'insert into selection (actor_id, items) values ($1, $2) returning id',
    [scope.actor.id, JSON.stringify(items)],
  )
  return (rows[0] as { id: string }).id
}

/** @throws AppError 'selection-not-found' when it is over or another's */
export async function findSelection(db: Db, scope: Scope, id: string): Promise<DownloadItem[]> {
  const { rows } = await db.pool.query<{ items: DownloadItem[] }>(
    'select items from selection where id = $1 and actor_id = $2 and created_at > now() - make_interval(hours => $3)',
    [id, scope.actor.id, selectionHours],
  )
  if (!rows[0]) throw selectionNotFound()
  return rows[0].items
}

export const selectionNotFound = (): AppError =>
  new AppError('selection-not-found', 404, 'There is no such selection any more. Choose again.')

/** What a download holds before it is read. */
export interface Chosen {
  /** Row ids in the order of components, inspections, views and numbers; each once. */
  ids: string[]
  /** Of the files. */
  byteSize: number
  /** Something that was asked for is not there for this caller. */
  isPartMissing: boolean
}

/** Instances of whole inspections, whole views or lists of instances. */
export async function listChosen(db: Db, scope: Scope, items: readonly DownloadItem[]): Promise<Chosen> {
  const { rows } = await db.pool.query<{ ids: string | null; byteSize: string; isPartMissing: boolean }>({
    name: 'list-chosen',
    // Two branches, because "this one or, when none is named, all" would keep the indexes from being used.
    text: `with asked as (
        select row_number() over () as place, a.study, a.series, u.uid
        from jsonb_to_recordset($2) as a(study text, series text, instances text[])
        left join lateral unnest(a.instances) as u(uid) on true
      ), found as (
        select a.place, i.id from asked a join study st on st.study_instance_uid = a.study
          join series se on se.study_id = st.id and (a.series is null or se.series_instance_uid = a.series)
          join instance i on i.series_id = se.id
        where a.uid is null and st.project_id = any($1::bigint[])
        union all
        select a.place, i.id from asked a join study st on st.study_instance_uid = a.study
          join instance i on i.project_id = st.project_id and i.sop_instance_uid = a.uid and i.study_id = st.id
          join series se on se.id = i.series_id and (a.series is null or se.series_instance_uid = a.series)
        where a.uid is not null and st.project_id = any($1::bigint[])
      ), chosen as (select distinct id from found)
      select string_agg(i.id::text, ',' order by st.component_id, st.study_date, st.id, se.series_number, se.id,
          i.instance_number, i.id) as ids, coalesce(sum(i.byte_size), 0)::text as "byteSize",
        (select count(*) from asked) > (select count(distinct place) from found) as "isPartMissing"
      from chosen c join instance i on i.id = c.id join series se on se.id = i.series_id join study st on st.id = i.study_id`,
    values: [scope.projectIds, JSON.stringify(items)],
  })
  const [row] = rows
  return {
    ids: row?.ids?.split(',') ?? [],
    byteSize: Number(row?.byteSize ?? 0),
    isPartMissing: row?.isPartMissing ?? true,
  }
}

/** What a media directory and a check sum list say of one file. */
export interface ListedInstance {
  studyInstanceUid: string
  seriesInstanceUid: string
  sopInstanceUid: string
  sopClassUid: string
  transferSyntaxUid: string
  instanceNumber: number | null
  rows: number | null
  columns: number | null
  frameCount: number | null
  byteSize: number
  sha256: Uint8Array
  /** How often damaged bytes of it became right again. */
  mended: number
  /** Milliseconds since 1970. */
  storedAt: number
  componentId: string
  componentNumber: string | null
  orderNumber: string | null
  /** DICOM JSON; only at the first instance of a study on a page, and of a series. */
  studyAttributes: string | null
  seriesAttributes: string | null
}

/** The listed rows in their order; a row deleted meanwhile is left out. */
export async function readListing(db: Db, scope: Scope, ids: readonly string[]): Promise<ListedInstance[]> {
  const { rows } = await db.pool.query<ListedInstance & { byteSize: string }>({
    name: 'read-listing',
    text: `select st.study_instance_uid as "studyInstanceUid", se.series_instance_uid as "seriesInstanceUid",
        i.sop_instance_uid as "sopInstanceUid", i.sop_class_uid as "sopClassUid", i.transfer_syntax_uid as "transferSyntaxUid",
        i.instance_number as "instanceNumber", i.row_count as rows, i.column_count as columns, i.frame_count as "frameCount",
        i.byte_size as "byteSize", i.sha256, i.mended, (extract(epoch from i.stored_at) * 1000)::float8 as "storedAt",
        st.component_id::text as "componentId", st.component_number as "componentNumber", st.accession_number as "orderNumber",
        case when lag(st.id) over (order by place) is distinct from st.id then st.attributes end as "studyAttributes",
        case when lag(se.id) over (order by place) is distinct from se.id then se.attributes end as "seriesAttributes"
      from unnest($2::bigint[]) with ordinality as asked(id, place)
      join instance i on i.id = asked.id join series se on se.id = i.series_id join study st on st.id = i.study_id
      where i.project_id = ${hiddenList('$1', 'bigint[]')} order by asked.place`,
    values: [scope.projectIds, ids],
  })
  return rows.map((row) => ({ ...row, byteSize: Number(row.byteSize) }))
}

/** One event for each inspection of which something is downloaded, with how many instances, before the first byte leaves. */
export async function addDownloadEvents(db: Db, scope: Scope, ids: readonly string[], detail: object): Promise<void> {
  await db.pool.query({
    name: 'add-download-events',
    text: `insert into audit_event (actor_kind, actor_id, actor_name, address, request_id, action, result, project,
        study_instance_uid, component, count, detail)
      select $1, $2, $3, $4, $5, 'image.download', 'done', p.slug, st.study_instance_uid,
        coalesce(st.component_name, st.component_number), c.count, $8
      from (select study_id, count(*)::integer as count from instance
        where id = any($7::bigint[]) and project_id = any($6::bigint[]) group by study_id) c
      join study st on st.id = c.study_id join project p on p.id = st.project_id`,
    values: [
      scope.actor.kind,
      scope.actor.id,
      scope.actor.name,
      scope.address,
      scope.requestId,
      scope.projectIds,
      ids,
      JSON.stringify(detail),
    ],
  })
}

/** Choices that can no longer be downloaded. */
export const forgetSelections = `delete from selection where created_at < now() - interval '${selectionHours} hours'`
