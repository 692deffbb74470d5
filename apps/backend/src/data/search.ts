import { totalCap } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { SearchQuery } from '../dicomweb/qido/parse-query.ts'
import { type Level, levels } from '../dicomweb/qido/search-keys.ts'
import type { Scope } from '../plugins/access.ts'
import { runStatement } from './run-statement.ts'
import { drivenSql, startFromValues } from './search-declared.ts'
import {
  fromSql,
  parentOf,
  restSql,
  scopedAlias,
  startStatement,
  type Statement,
  tables,
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

function placesOf(level: Level, query: SearchQuery, within: Within): Place[] {
  const { alias } = tables[level]
  if (query.sort.length > 0) {
    const keys = query.sort.map(({ key, isDescending }): Place => {
      return { column: key.column, direction: isDescending ? 'desc nulls last' : 'asc nulls last' }
    })
    return [...keys, first(`${alias}.id`)]
  }
  // Newest first; within a study and a series in the order they were numbered.
  if (level === 'study') return newestStudies
  if (within.parentIds || within.isByStudy === true) return [...newestStudies, newest(`${alias}.id`)]
  // A sum no index has, where the rows are known: the planner would otherwise walk all of them backwards for the newest.
  if (within.ids) return [newest(`${alias}.id + 0`)]
  if (within.studyInstanceUid === undefined) return [newest(`${alias}.id`)]
  if (level === 'series') return [{ column: 'r.series_number', direction: 'asc nulls last' }, first('r.id')]
  return within.seriesInstanceUid === undefined ? [first('i.series_id'), ...byNumber] : byNumber
}

const orderSql = (places: readonly Place[], name = (place: Place, _at: number): string => place.column): string =>
  places.map((place, at) => `${name(place, at)} ${place.direction}`).join(', ')

// A search below more parents or rows than these finds its matches sooner by walking from the newest.
const maxParents = 5000
const maxBelowParents = 100_000

/**
 * Finds out where a search has to look. Conditions on the level above ask that level first, those on declared attributes
 * their values: how rare matches are, and whether they are all old, is nothing the planner knows.
 */
export async function narrow(db: Db, scope: Scope, level: Level, query: SearchQuery, within: Within): Promise<Within> {
  return startFromValues(db, scope, level, query, await findParents(db, scope, level, query, within))
}

async function findParents(db: Db, scope: Scope, level: Level, query: SearchQuery, within: Within): Promise<Within> {
  const parent = parentOf[level]
  const conditions = query.conditions.filter(({ key }) => levels[key.level] < levels[level])
  if (parent === '' || within.studyInstanceUid !== undefined || conditions.length === 0) return within
  const values = startStatement()
  const { alias } = tables[parent]
  const text = `select coalesce(array_agg(id), '{}') as ids, coalesce(sum(below), 0)::float8 as below from (
  select ${alias}.id, ${alias}.${level}_count as below from ${fromSql(parent)}
  where ${whereSql(parent, scope, { ...query, conditions }, {}, values)} limit ${values.value(maxParents + 1, 'integer')}
) found`
  const [row] = await runStatement<{ ids: string[]; below: number }>(db, { text, values: values.values })
  if (!row || row.ids.length > maxParents || row.below > maxBelowParents) return { ...within, isByStudy: true }
  return { ...within, parentIds: row.ids }
}

const metadataOf: Record<Level, string> = {
  study: '(select m.metadata from instance m where m.study_id = s.id order by m.id limit 1)',
  series:
    '(select m.metadata from instance m where m.series_id = r.id order by coalesce(m.instance_number, 2147483647), m.id limit 1)',
  instance: 'i.metadata',
}

/** The one statement of a search; exported for its tests. */
export function searchStatement(level: Level, scope: Scope, query: SearchQuery, within: Within, page: Page): Statement {
  const values = startStatement()
  const { alias, columns, table, joins } = tables[level]
  const shown = `select ${columns}${page.hasMetadata ? `, ${metadataOf[level]} as metadata` : ''}`
  const places = placesOf(level, query, within)
  const isPlain = scope.projectIds.length === 1 && !within.driver
  if (isPlain) {
    const text = `${shown}
from ${fromSql(level)}
where ${whereSql(level, scope, query, within, values)}
order by ${orderSql(places)}
limit ${values.value(page.limit, 'integer')} offset ${values.value(page.offset, 'integer')}`
    return { text, values: values.values }
  }
  const { found, order } = within.driver
    ? drivenSql(level, scope, query, { ...within, driver: within.driver }, values, page)
    : foundInEach(level, scope, query, within, values, page, places)
  const id = within.driver ? `${level}_id` : 'id'
  const text = `${shown}
from (
  select f.* from (${found}) f
  order by ${order} limit ${values.value(page.limit, 'integer')} offset ${values.value(page.offset, 'integer')}
) f join ${table} on ${alias}.id = f.${id}${joins}
order by ${order}`
  return { text, values: values.values }
}

/** Of each project its own first rows: an index has the order of one project, never that of several. */
function foundInEach(
  level: Level,
  scope: Scope,
  query: SearchQuery,
  within: Within,
  values: Values,
  page: Page,
  places: readonly Place[],
): { found: string; order: string } {
  const named = (_place: Place, at: number): string => `place_${at}`
  const conditions = [`${scopedAlias(level, within)}.project_id = p.id`]
  const projects = values.value(scope.projectIds, 'bigint[]')
  conditions.push(...restSql(level, query, within, values))
  const sorted = places.map((place, at) => `${place.column} as ${named(place, at)}`)
  const found = `select o.* from unnest(${projects}) p(id) cross join lateral (
    select ${tables[level].alias}.id, ${sorted.join(', ')} from ${fromSql(level)}
    where ${conditions.join(' and ')}
    order by ${orderSql(places)} limit ${values.value(page.limit + page.offset, 'integer')}
  ) o`
  return { found, order: orderSql(places, (place, at) => `f.${named(place, at)}`) }
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

/** The one statement of a total; exported for its tests. */
export function countStatement(level: Level, scope: Scope, query: SearchQuery, within: Within): Statement {
  const values = startStatement()
  const matches = within.driver
    ? drivenSql(level, scope, query, { ...within, driver: within.driver }, values, undefined).found
    : `select from ${fromSql(level)} where ${whereSql(level, scope, query, within, values)}`
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
