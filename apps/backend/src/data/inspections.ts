import { type Inspection, type InspectionQuery, type InstanceSummary, totalCap, type View } from '@instandt/api'
import type { Db } from '@instandt/db'
import { foldText } from '@instandt/dicom'
import type { Scope } from '../plugins/access.ts'
import type { Narrowing } from './narrow-search.ts'
import { originalColumn } from './originals.ts'
import { runStatement } from './run-statement.ts'
import {
  containsPattern,
  hasValueSql,
  scopeCondition,
  startStatement,
  type Statement,
  type Values,
} from './search-sql.ts'

/** Where a page of a list ended: the sort value and the row's id, so that pages stay right while rows are added. */
export interface Cursor {
  value: string
  id: number
}

/** Sort names of the API → the expressions the indexes were made for. */
const sortColumns = {
  date: `coalesce(s.study_date, '')`,
  component: `coalesce(s.component_name_folded, '')`,
  order: `coalesce(s.accession_number, '')`,
  stored: 's.stored_at',
} as const

/** Whether an instance can be shown as a picture, as far as is known yet. */
const isShown = `i.frame_layout is not null and coalesce(j.thumbnail, 'waiting') <> 'none'`
// One look-up for each row of a page; as "exists" a plan may hold a second way that reads the whole table.
const hasImage = (condition: string): string => `coalesce((select true from instance i
    left join rendition_job j on j.instance_id = i.id where ${condition} and ${isShown} limit 1), false) as "hasImage"`

const inspectionColumns = `s.study_instance_uid as "studyInstanceUid", p.slug as "projectSlug", s.component_name as "componentName",
  s.component_number as "componentNumber", s.owner_name as "componentOwner", s.material_name as material, s.study_date as date,
  s.study_time as time, s.accession_number as "orderNumber", s.study_id as "inspectionNumber", s.study_description as description,
  s.modalities, s.series_count as "seriesCount", s.instance_count as "instanceCount", s.byte_size as "byteSize",
  s.is_diconde as "isDiconde", to_json(s.stored_at) #>> '{}' as "storedAt", ${hasImage('i.study_id = s.id')}`

function inspectionConditions(
  scope: Scope,
  query: InspectionQuery,
  attributes: readonly Narrowing[],
  values: Values,
): string[] {
  const conditions = [scopeCondition(scope, 's.project_id', values)]
  for (const { condition, owners } of attributes)
    conditions.push(owners ? `s.id = any(${values.value(owners, 'bigint[]')})` : hasValueSql(condition, values))
  const contains = (text: string): string => values.value(containsPattern(foldText(text)), 'text')
  for (const word of query.q?.split(/\s+/).filter((each) => each !== '') ?? [])
    conditions.push(`s.search_text like ${contains(word)}`)
  // As the index has it; undated ones are before every date.
  const { date } = sortColumns
  if (query.from !== undefined || query.to !== undefined)
    conditions.push(`${date} >= ${values.value(query.from ?? '0', 'text')}`)
  if (query.to !== undefined) conditions.push(`${date} <= ${values.value(query.to, 'text')}`)
  if (query.modality !== undefined) conditions.push(`s.modalities @> ${values.value([query.modality], 'text[]')}`)
  if (query.component !== undefined) {
    // The folded search text narrows by its index; the columns say which part of it was meant.
    const pattern = contains(query.component)
    conditions.push(
      `s.search_text like ${pattern}`,
      `(s.component_name_folded like ${pattern} or lower(s.component_number) like ${pattern})`,
    )
  }
  if (query.order !== undefined)
    conditions.push(
      `s.search_text like ${contains(query.order)}`,
      `lower(s.accession_number) like ${contains(query.order)}`,
    )
  if (query.owner !== undefined)
    conditions.push(`s.search_text like ${contains(query.owner)}`, `s.owner_name_folded like ${contains(query.owner)}`)
  if (query.project !== undefined)
    conditions.push(`s.project_id = (select id from project where slug = ${values.value(query.project, 'text')})`)
  if (query.diconde !== undefined) conditions.push(query.diconde === 'yes' ? 's.is_diconde' : 'not s.is_diconde')
  return conditions
}

/** One page of the list and where it ended; exported for its tests. */
export function inspectionStatement(
  scope: Scope,
  query: InspectionQuery,
  attributes: readonly Narrowing[],
  cursor: Cursor | undefined,
): Statement {
  const values = startStatement()
  const isDescending = query.sort.startsWith('-')
  const column = sortColumns[query.sort.replace('-', '') as keyof typeof sortColumns]
  const conditions = inspectionConditions(scope, query, attributes, values)
  if (cursor) {
    const type = column === 's.stored_at' ? 'timestamptz' : 'text'
    conditions.push(
      `(${column}, s.id) ${isDescending ? '<' : '>'} (${values.value(cursor.value, type)}, ${values.value(cursor.id, 'bigint')})`,
    )
  }
  const direction = isDescending ? 'desc' : 'asc'
  const text = `select ${inspectionColumns}, s.id as "cursorId", ${column}::text as "cursorValue"
from study s join project p on p.id = s.project_id
where ${conditions.join('\n  and ')}
order by ${column} ${direction}, s.id ${direction}
limit ${values.value(query.limit + 1, 'integer')}`
  return { text, values: values.values }
}

export type InspectionRow = Inspection & { cursorId: number; cursorValue: string }

export async function listInspections(
  db: Db,
  scope: Scope,
  query: InspectionQuery,
  attributes: readonly Narrowing[],
  cursor: Cursor | undefined,
): Promise<InspectionRow[]> {
  return runStatement<InspectionRow>(db, inspectionStatement(scope, query, attributes, cursor))
}

/** How many inspections match, counted up to totalCap. */
export async function countInspections(
  db: Db,
  scope: Scope,
  query: InspectionQuery,
  attributes: readonly Narrowing[],
): Promise<number> {
  const values = startStatement()
  const conditions = inspectionConditions(scope, query, attributes, values)
  const text = `select count(*)::integer as total from (
  select from study s where ${conditions.join(' and ')} limit ${values.value(totalCap, 'integer')}
) found`
  const [row] = await runStatement<{ total: number }>(db, { text, values: values.values })
  return row?.total ?? 0
}

export async function findInspection(db: Db, scope: Scope, studyInstanceUid: string): Promise<Inspection | undefined> {
  const values = startStatement()
  const text = `select ${inspectionColumns} from study s join project p on p.id = s.project_id
where ${scopeCondition(scope, 's.project_id', values)} and s.study_instance_uid = ${values.value(studyInstanceUid, 'text')}`
  const [row] = await runStatement<Inspection>(db, { text, values: values.values })
  return row
}

export async function listViews(db: Db, scope: Scope, studyInstanceUid: string): Promise<View[]> {
  const values = startStatement()
  const text = `select r.series_instance_uid as "seriesInstanceUid", r.modality, r.series_number as number,
  r.series_description as description, r.series_date as date, r.series_time as time, r.manufacturer, r.station_name as station,
  r.operator_name as operator, r.instance_count as "instanceCount", r.byte_size as "byteSize",
  to_json(r.stored_at) #>> '{}' as "storedAt", ${hasImage('i.series_id = r.id')}
from series r join study s on s.id = r.study_id
where ${scopeCondition(scope, 's.project_id', values)} and s.study_instance_uid = ${values.value(studyInstanceUid, 'text')}
order by r.series_number nulls last, r.id`
  return runStatement<View>(db, { text, values: values.values })
}

export type InstanceRow = Omit<InstanceSummary, 'sopClassName'> & { cursorId: number }

/** Instances of one view in the order of their numbers; undefined when there is no such view for this caller. */
export async function listInstances(
  db: Db,
  scope: Scope,
  view: { studyInstanceUid: string; seriesInstanceUid: string },
  page: { limit: number; cursor: Cursor | undefined },
): Promise<InstanceRow[] | undefined> {
  const values = startStatement()
  const conditions = [
    scopeCondition(scope, 's.project_id', values),
    `s.study_instance_uid = ${values.value(view.studyInstanceUid, 'text')}`,
    `r.series_instance_uid = ${values.value(view.seriesInstanceUid, 'text')}`,
  ]
  const found = `from series r join study s on s.id = r.study_id where ${conditions.join(' and ')}`
  const after = page.cursor
    ? `and (coalesce(i.instance_number, 2147483647), i.id) > (${values.value(Number(page.cursor.value), 'integer')}, ${values.value(page.cursor.id, 'bigint')})`
    : ''
  // The outer join keeps one empty row for a view without further instances, so that it differs from an unknown view.
  const text = `select i.id as "cursorId", i.sop_instance_uid as "sopInstanceUid", i.sop_class_uid as "sopClassUid",
  i.transfer_syntax_uid as "transferSyntaxUid", i.instance_number as number, i.row_count as rows, i.column_count as columns,
  i.frame_count as "frameCount", i.byte_size as "byteSize", encode(i.sha256, 'hex') as sha256, i.warnings,
  ${originalColumn} as original, to_json(i.stored_at) #>> '{}' as "storedAt", ${isShown} as "hasImage",
  case when j.frames_made > 0 then json_build_object('frames', j.frames_made) end as rendition
from (select r.id ${found}) view
left join lateral (
  select * from instance i where i.series_id = view.id ${after}
  order by coalesce(i.instance_number, 2147483647), i.id limit ${values.value(page.limit + 1, 'integer')}
) i on true
left join rendition_job j on j.instance_id = i.id
order by coalesce(i.instance_number, 2147483647), i.id`
  const rows = await runStatement<InstanceRow>(db, { text, values: values.values })
  if (rows.length === 0) return undefined
  return rows.filter((row) => row.cursorId !== null)
}
