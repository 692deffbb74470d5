import { createHash } from 'node:crypto'
import { totalCap } from '@instandt/api'
import type { Db } from '@instandt/db'
import { foldText } from '@instandt/dicom'
import type { Condition, SearchQuery } from '../dicomweb/qido/parse-query.ts'
import { type Level, levels } from '../dicomweb/qido/search-keys.ts'
import type { Scope } from '../plugins/access.ts'

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

export interface Statement {
  text: string
  values: unknown[]
}

export interface Within {
  studyInstanceUid?: string | undefined
  seriesInstanceUid?: string | undefined
  /** The only studies of a search for series, or series of one for instances, that can match (see findParents). */
  parentIds?: readonly string[]
}

/** Builds SQL with numbered values; texts of keys come from our own table, everything else is a value. */
function startStatement(): { values: unknown[]; value(value: unknown, type: string): string } {
  const values: unknown[] = []
  return {
    values,
    value(value, type) {
      values.push(value)
      return `$${values.length}::${type}`
    },
  }
}

type Values = ReturnType<typeof startStatement>

/** The scope comes first. One project is compared by value, so that indexes also give the order. */
export function scopeCondition(scope: Scope, column: string, values: Values): string {
  return scope.projectIds.length === 1
    ? `${column} = ${values.value(scope.projectIds[0], 'bigint')}`
    : `${column} = any(${values.value(scope.projectIds, 'bigint[]')})`
}

export function containsPattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, String.raw`\$&`)}%`
}

function conditionSql(condition: Condition, values: Values): string {
  const { key } = condition
  const { column } = key
  if (condition.kind === 'one-of') {
    const type = key.matching === 'integer' ? 'integer' : 'text'
    if (key.matching.endsWith('-list')) return `${column} && ${values.value(condition.values, 'text[]')}`
    return condition.values.length === 1
      ? `${column} = ${values.value(condition.values[0], type)}`
      : `${column} = any(${values.value(condition.values, `${type}[]`)})`
  }
  if (condition.kind === 'like') {
    const exact = `${column} like ${values.value(condition.pattern, 'text')}`
    // Three letters make a trigram; shorter ones would only slow the search down.
    if (!key.isInSearchText || condition.literal.length < 3) return exact
    return `s.search_text like ${values.value(containsPattern(foldText(condition.literal)), 'text')} and ${exact}`
  }
  if (condition.kind === 'words') {
    const words = condition.words.flatMap((word) => {
      const contains = ` like ${values.value(containsPattern(word), 'text')}`
      return key.isInSearchText && word.length >= 3
        ? [`s.search_text${contains}`, column + contains]
        : [column + contains]
    })
    return words.length === 0 ? 'true' : words.join(' and ')
  }
  const parts: string[] = []
  if (key.matching === 'time') {
    // Times may leave out minutes and seconds: a bound covers all that begins with it.
    if (condition.from !== undefined) parts.push(`rpad(${column}, 6, '0') >= ${values.value(condition.from, 'text')}`)
    if (condition.to !== undefined) parts.push(`${column} <= ${values.value(`${condition.to}~`, 'text')}`)
  } else {
    if (condition.from !== undefined) parts.push(`${column} >= ${values.value(condition.from, 'text')}`)
    if (condition.to !== undefined) parts.push(`${column} <= ${values.value(condition.to, 'text')}`)
  }
  return parts.join(' and ')
}

const studyColumns = `s.study_instance_uid, s.attributes as study_attributes, s.modalities, s.sop_classes, s.series_count,
  s.instance_count as study_instance_count`
const seriesColumns = `, r.series_instance_uid, r.attributes as series_attributes, r.instance_count as series_instance_count`
const instanceColumns = `, i.sop_instance_uid, i.attributes, i.transfer_syntax_uid`

const tables: Record<Level, { alias: string; columns: string; from: string }> = {
  study: { alias: 's', columns: studyColumns, from: 'study s' },
  series: { alias: 'r', columns: studyColumns + seriesColumns, from: 'series r join study s on s.id = r.study_id' },
  instance: {
    alias: 'i',
    columns: studyColumns + seriesColumns + instanceColumns,
    from: 'instance i join series r on r.id = i.series_id join study s on s.id = i.study_id',
  },
}

function whereSql(level: Level, scope: Scope, query: SearchQuery, within: Within, values: Values): string {
  const { alias } = tables[level]
  const conditions = [scopeCondition(scope, `${alias}.project_id`, values)]
  if (within.studyInstanceUid !== undefined)
    conditions.push(`s.study_instance_uid = ${values.value(within.studyInstanceUid, 'text')}`)
  if (within.seriesInstanceUid !== undefined)
    conditions.push(`r.series_instance_uid = ${values.value(within.seriesInstanceUid, 'text')}`)
  for (const condition of query.conditions) conditions.push(conditionSql(condition, values))
  if (within.parentIds)
    conditions.push(`${alias}.${parentOf[level]}_id = any(${values.value(within.parentIds, 'bigint[]')})`)
  return conditions.join('\n  and ')
}

function orderSql(level: Level, query: SearchQuery, within: Within): string {
  const { alias } = tables[level]
  if (query.sort.length > 0) {
    const keys = query.sort.map(({ key, isDescending }) => `${key.column} ${isDescending ? 'desc' : 'asc'} nulls last`)
    return [...keys, `${alias}.id`].join(', ')
  }
  // Newest first; within a study and a series in the order they were numbered.
  if (level === 'study') return `coalesce(s.study_date, '') desc, s.id desc`
  // With few parents known, a sum no index has: the planner would otherwise walk all rows backwards for the newest.
  if (within.parentIds) return `${alias}.id + 0 desc`
  if (within.studyInstanceUid === undefined) return `${alias}.id desc`
  if (level === 'series') return 'r.series_number nulls last, r.id'
  return within.seriesInstanceUid === undefined ? `i.series_id, ${instanceOrder}` : instanceOrder
}

// As the index has it: those without a number last.
const instanceOrder = 'coalesce(i.instance_number, 2147483647), i.id'

const parentOf: Record<Level, Level | ''> = { study: '', series: 'study', instance: 'series' }
// A search below more parents or rows than these finds its matches sooner by walking from the newest.
const maxParents = 5000
const maxBelowParents = 100_000

/**
 * A search over all series or instances whose conditions lie on the level above asks that level first: how rare its
 * matches are, and whether they are all old, is nothing the planner knows.
 */
export async function findParents(
  db: Db,
  scope: Scope,
  level: Level,
  query: SearchQuery,
  within: Within,
): Promise<Within> {
  const parent = parentOf[level]
  const conditions = query.conditions.filter(({ key }) => levels[key.level] < levels[level])
  if (parent === '' || within.studyInstanceUid !== undefined || conditions.length === 0) return within
  const values = startStatement()
  const { alias, from } = tables[parent]
  const text = `select coalesce(array_agg(id), '{}') as ids, coalesce(sum(below), 0)::float8 as below from (
  select ${alias}.id, ${alias}.${level}_count as below from ${from}
  where ${whereSql(parent, scope, { ...query, conditions }, {}, values)} limit ${values.value(maxParents + 1, 'integer')}
) found`
  const [row] = await runStatement<{ ids: string[]; below: number }>(db, { text, values: values.values })
  if (!row || row.ids.length > maxParents || row.below > maxBelowParents) return within
  return { ...within, parentIds: row.ids }
}

/** The one statement of a search; exported for its tests. */
export function searchStatement(
  level: Level,
  scope: Scope,
  query: SearchQuery,
  within: Within,
  page: { limit: number; offset: number; hasMetadata: boolean },
): Statement {
  const values = startStatement()
  const { columns, from } = tables[level]
  const metadata: Record<Level, string> = {
    study: '(select m.metadata from instance m where m.study_id = s.id order by m.id limit 1)',
    series:
      '(select m.metadata from instance m where m.series_id = r.id order by coalesce(m.instance_number, 2147483647), m.id limit 1)',
    instance: 'i.metadata',
  }
  const text = `select ${columns}${page.hasMetadata ? `, ${metadata[level]} as metadata` : ''}
from ${from}
where ${whereSql(level, scope, query, within, values)}
order by ${orderSql(level, query, within)}
limit ${values.value(page.limit, 'integer')} offset ${values.value(page.offset, 'integer')}`
  return { text, values: values.values }
}

const statementNames = new Map<string, string>()

/** Same text, same name: planned once a connection. Searches have few shapes, and the list of them is bounded. */
function named(text: string): string | undefined {
  let name = statementNames.get(text)
  if (name === undefined && statementNames.size < 200) {
    name = `search-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
    statementNames.set(text, name)
  }
  return name
}

export async function runStatement<Row extends object>(db: Db, { text, values }: Statement): Promise<Row[]> {
  const name = named(text)
  const { rows } = await db.pool.query<Row>({ text, values, ...(name === undefined ? {} : { name }) })
  return rows
}

/** Matches of one page, in the order of the search. */
export async function search(
  db: Db,
  scope: Scope,
  level: Level,
  query: SearchQuery,
  within: Within,
  page: { limit: number; offset: number; hasMetadata: boolean },
): Promise<Match[]> {
  return runStatement<Match>(db, searchStatement(level, scope, query, within, page))
}

/** The one statement of a total; exported for its tests. */
export function countStatement(level: Level, scope: Scope, query: SearchQuery, within: Within): Statement {
  const values = startStatement()
  const text = `select count(*)::integer as total from (
  select from ${tables[level].from} where ${whereSql(level, scope, query, within, values)} limit ${values.value(totalCap, 'integer')}
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

/** Is there such a study (and series) for this caller. */
export async function exists(db: Db, scope: Scope, within: Within): Promise<boolean> {
  const values = startStatement()
  const conditions = [
    scopeCondition(scope, 's.project_id', values),
    `s.study_instance_uid = ${values.value(within.studyInstanceUid, 'text')}`,
  ]
  const hasSeries = within.seriesInstanceUid !== undefined
  if (hasSeries) conditions.push(`r.series_instance_uid = ${values.value(within.seriesInstanceUid, 'text')}`)
  const text = `select from study s${hasSeries ? ' join series r on r.study_id = s.id' : ''} where ${conditions.join(' and ')}`
  return (await runStatement(db, { text, values: values.values })).length > 0
}

export { startStatement }
