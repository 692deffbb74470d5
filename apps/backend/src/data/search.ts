import { totalCap } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { SearchQuery } from '../dicomweb/qido/parse-query.ts'
import type { Condition } from '../dicomweb/qido/read-condition.ts'
import type { Level } from '../dicomweb/qido/search-keys.ts'
import type { Scope } from '../plugins/access.ts'
import { hiddenList } from './hidden-list.ts'
import { runStatement } from './run-statement.ts'
import { drivenSql, type Found } from './search-declared.ts'
import {
  fromSql,
  parentOf,
  restSql,
  scopeCondition,
  startStatement,
  type Statement,
  tables,
  tablesSql,
  type Values,
  whereSql,
  type Within,
} from './search-sql.ts'

/** One match; attribute texts are JSON objects with one member a line. */
export interface Match {
  study_instance_uid: string
  study_attributes: string
  modalities: string[]
  sop_classes: string[]
  series_count: number
  study_instance_count: number
  series_instance_uid?: string
  series_attributes?: string
  series_instance_count?: number
  sop_instance_uid?: string
  attributes?: string
  transfer_syntax_uid?: string
  /** zstd of the whole data set, when asked for. */
  metadata?: Buffer
}

export interface Page {
  limit: number
  offset: number
  hasMetadata: boolean
  /** Nothing but the rows' ids. */
  isIdsOnly?: boolean
}

/** What the rows are sorted by, in the words of SQL. */
interface Place {
  column: string
  direction: 'asc nulls last' | 'desc nulls last' | 'asc' | 'desc'
}

const newest = (column: string): Place => ({ column, direction: 'desc' })
const first = (column: string): Place => ({ column, direction: 'asc' })
const newestStudies = [newest(`coalesce(s.study_date, '')`), newest('s.id')]
// As the index has it: those without a number last.
const byNumber = [first('coalesce(i.instance_number, 2147483647)'), first('i.id')]

/**
 * A range of dates of steps is read from their index, newest first: for the order in which series came, a plan that takes the
 * matches for many would walk through all that came later (a range across the end of a month is taken for ten times as many).
 */
const isOfSteps = ({ key, kind }: Condition): boolean =>
  key.keyword === 'PerformedProcedureStepStartDate' && (kind === 'range' || kind === 'instants')

function placesOf(level: Level, query: SearchQuery, within: Within): Place[] {
  const { alias } = tables[level]
  if (query.sort.length > 0) {
    const keys = query.sort.map(({ key, isDescending }): Place => {
      return { column: key.sortColumn ?? key.column, direction: isDescending ? 'desc nulls last' : 'asc nulls last' }
    })
    return [...keys, first(`${alias}.id`)]
  }
  // Newest first; within a study and a series in the order they were numbered.
  if (level === 'study') return newestStudies
  if (within.isByStudy === true) return [...newestStudies, newest(`${alias}.id`)]
  if (level === 'series' && within.studyInstanceUid === undefined && query.conditions.some(isOfSteps))
    return [newest('r.step_start_date'), newest('r.id')]
  // A sum that only the index of the project has: by the table's key a plan would look for a small project among all rows.
  if (within.studyInstanceUid === undefined) return [newest(`${alias}.id + 0`)]
  if (level === 'series') return [{ column: 'r.series_number', direction: 'asc nulls last' }, first('r.id')]
  return within.seriesInstanceUid === undefined ? [first('i.series_id'), ...byNumber] : byNumber
}

const orderSql = (places: readonly Place[], name = (place: Place, _at: number): string => place.column): string =>
  places.map((place, at) => `${name(place, at)} ${place.direction}`).join(', ')

const metadataOf: Record<Level, string> = {
  study: '(select m.metadata from instance m where m.study_id = s.id order by m.id limit 1)',
  series:
    '(select m.metadata from instance m where m.series_id = r.id order by coalesce(m.instance_number, 2147483647), m.id limit 1)',
  instance: 'i.metadata',
}

const shownSql = (level: Level, hasMetadata: boolean): string =>
  `select ${tables[level].columns}${hasMetadata ? `, ${metadataOf[level]} as metadata` : ''}`

/** The one statement of a search; exported for its tests. */
export function searchStatement(level: Level, scope: Scope, query: SearchQuery, within: Within, page: Page): Statement {
  const values = startStatement()
  const { alias, table, joins } = tables[level]
  const shown = page.isIdsOnly === true ? `select ${alias}.id` : shownSql(level, page.hasMetadata)
  const found = foundSql(level, scope, query, within, values, page)
  const rows = (): string =>
    `limit ${values.value(page.limit, 'integer')} offset ${values.value(page.offset, 'integer')}`
  const text = found
    ? `${shown}
from (
  select f.* from (${found.sql}) f
  order by ${found.order} ${rows()}
) f join ${table} on ${alias}.id = f.id${joins}
order by ${found.order}`
    : `${shown}
from ${fromSql(level, scope, within, values)}
where ${whereSql(level, scope, query, within, values)}
order by ${orderSql(placesOf(level, query, within))}
${rows()}`
  return { text, values: values.values }
}

/** Values know of no study: a search in one begins with it (see narrow). */
function driverOf({ driver, studyInstanceUid }: Within): Condition | undefined {
  if (driver && studyInstanceUid !== undefined) throw new Error('a search in a study does not begin with values')
  return driver
}

/** Rows found from a list in order, or project by project; undefined where one index has the order of the whole answer. */
function foundSql(
  level: Level,
  scope: Scope,
  query: SearchQuery,
  within: Within,
  values: Values,
  page: Page,
): Found | undefined {
  const isOurOrder = query.sort.length === 0
  const driver = driverOf(within)
  if (driver) return drivenSql(level, scope, query, driver, values, page)
  if (within.ids && isOurOrder) return foundInList(level, scope, query, within, values, page, within.ids)
  if (within.parentIds && isOurOrder) return foundInList(level, scope, query, within, values, page, within.parentIds)
  // A study lies in one project, whichever of many that is.
  const isInOne = scope.projectIds.length === 1 || within.studyInstanceUid !== undefined
  return isInOne ? undefined : foundInEach(level, scope, query, within, values, page)
}

/** Of known rows, or of each known parent, in the order of the list: reading ends with the page. */
function foundInList(
  level: Level,
  scope: Scope,
  query: SearchQuery,
  within: Within,
  values: Values,
  page: Page,
  list: readonly string[],
): Found {
  const { alias } = tables[level]
  const isOfParents = list === within.parentIds
  const conditions = [
    `${alias}.${isOfParents ? `${parentOf[level]}_id` : 'id'} = m.id`,
    scopeCondition(scope, `${alias}.project_id`, values),
    ...restSql(query, within, values),
  ]
  const sql = `select m.place, o.id from (
    select id, place from unnest(${values.value(list, 'bigint[]')}) with ordinality as x(id, place) order by place offset 0
  ) m cross join lateral (
    select ${alias}.id from ${fromSql(level, scope, within, values)} where ${conditions.join(' and ')}
    order by ${alias}.id + 0 desc limit ${values.value(isOfParents ? page.limit + page.offset : 1, 'integer')}
  ) o`
  return { sql, order: 'f.place, f.id desc' }
}

/** Of each project its own first rows: an index has the order of one project, never that of several. */
function foundInEach(
  level: Level,
  scope: Scope,
  query: SearchQuery,
  within: Within,
  values: Values,
  page: Page,
): Found {
  const places = placesOf(level, query, within)
  const { alias } = tables[level]
  const named = (_place: Place, at: number): string => `place_${at}`
  const projects = values.value(scope.projectIds, 'bigint[]')
  const conditions = [
    `${within.isByStudy === true ? 's' : alias}.project_id = p.id`,
    ...restSql(query, within, values),
    ...(within.parentIds
      ? [`${alias}.${parentOf[level]}_id = any(${values.value(within.parentIds, 'bigint[]')})`]
      : []),
    ...(within.ids ? [`${alias}.id = any(${values.value(within.ids, 'bigint[]')})`] : []),
  ]
  const sorted = places.map((place, at) => `${place.column} as ${named(place, at)}`)
  const sql = `select o.* from unnest(${projects}) p(id) cross join lateral (
    select ${alias}.id, ${sorted.join(', ')} from ${tablesSql(level)}
    where ${conditions.join(' and ')}
    order by ${orderSql(places)} limit ${values.value(page.limit + page.offset, 'integer')}
  ) o`
  return { sql, order: orderSql(places, (place, at) => `f.${named(place, at)}`) }
}

/** Matches of one page, in the order of the search. */
export async function search(
  db: Db,
  scope: Scope,
  level: Level,
  query: SearchQuery,
  within: Within,
  page: Page,
): Promise<Match[]> {
  return runStatement<Match>(db, searchStatement(level, scope, query, within, page))
}

/** Ids of all rows of a page at one moment, in the order of the search: read by them later, none is left out or told twice. */
export async function searchIds(
  db: Db,
  scope: Scope,
  level: Level,
  query: SearchQuery,
  within: Within,
  page: Omit<Page, 'hasMetadata'>,
): Promise<string[]> {
  const statement = searchStatement(level, scope, query, within, { ...page, hasMetadata: false, isIdsOnly: true })
  const rows = await runStatement<{ id: number }>(db, statement)
  return rows.map(({ id }) => String(id))
}

/** The matches of these ids, in their order; one that is gone is left out. */
export async function readMatches(
  db: Db,
  scope: Scope,
  level: Level,
  ids: readonly string[],
  hasMetadata: boolean,
): Promise<Match[]> {
  const { alias, table, joins } = tables[level]
  const { rows } = await db.pool.query<Match>({
    name: `read-matches-${level}${hasMetadata ? '-with-metadata' : ''}`,
    text: `${shownSql(level, hasMetadata)} from unnest($2::bigint[]) with ordinality as asked(id, place)
      join ${table} on ${alias}.id = asked.id${joins}
      where ${alias}.project_id = ${hiddenList('$1', 'bigint[]')} order by asked.place`,
    values: [scope.projectIds, ids],
  })
  return rows
}

/** The one statement of a total; exported for its tests. */
export function countStatement(level: Level, scope: Scope, query: SearchQuery, within: Within): Statement {
  const values = startStatement()
  const driver = driverOf(within)
  const matches = driver
    ? drivenSql(level, scope, query, driver, values, undefined).sql
    : `select from ${fromSql(level, scope, within, values)} where ${whereSql(level, scope, query, within, values)}`
  const text = `select count(*)::integer as total from (
  ${matches} limit ${values.value(totalCap, 'integer')}
) found`
  return { text, values: values.values }
}

/** How many match, counted up to totalCap. */
export async function countMatches(
  db: Db,
  scope: Scope,
  level: Level,
  query: SearchQuery,
  within: Within,
): Promise<number> {
  const [row] = await runStatement<{ total: number }>(db, countStatement(level, scope, query, within))
  return row?.total ?? 0
}
