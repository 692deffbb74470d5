import { foldText } from '@instandt/dicom'
import type { SearchQuery } from '../dicomweb/qido/parse-query.ts'
import type { Condition, Instant } from '../dicomweb/qido/read-condition.ts'
import type { Level } from '../dicomweb/qido/search-keys.ts'
import type { Scope } from '../plugins/access.ts'

export interface Statement {
  text: string
  values: unknown[]
}

/** Where a search looks; what is left out means everywhere. */
export interface Within {
  studyInstanceUid?: string | undefined
  seriesInstanceUid?: string | undefined
  /** The only studies of a search for series, or series of one for instances, that can match, in the order of the answer. */
  parentIds?: readonly string[]
  /** The only rows of the level searched that can match, in the order of the answer. */
  ids?: readonly string[]
  /** The condition on a declared attribute from whose values the search begins. */
  driver?: Condition
  /** Conditions that hold wherever the search begins. */
  known?: readonly Condition[]
  /** Walks the archive study by study, newest first: keys of a level above are given, and much lies below what matches. */
  isByStudy?: boolean
}

/** Builds SQL with numbered values; texts of keys come from our own table, everything else is a value. */
export function startStatement(): { values: unknown[]; value(value: unknown, type: string): string } {
  const values: unknown[] = []
  return {
    values,
    value(value, type) {
      values.push(value)
      return `$${values.length}::${type}`
    },
  }
}

export type Values = ReturnType<typeof startStatement>

/** The scope comes first. One project is compared by value, so that indexes also give the order. */
export function scopeCondition(scope: Scope, column: string, values: Values): string {
  return scope.projectIds.length === 1
    ? `${column} = ${values.value(scope.projectIds[0], 'bigint')}`
    : `${column} = any(${values.value(scope.projectIds, 'bigint[]')})`
}

export function containsPattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, String.raw`\$&`)}%`
}

/** As the indexes have it. */
const wholeTime = (column: string): string => `rpad(${column}, 6, '0')`

const columnType: Partial<Record<Condition['key']['matching'], string>> = { integer: 'integer', number: 'float8' }

/** A column's values as rows, where it holds several. */
function severalOf({ matching }: Condition['key'], column: string): string | undefined {
  if (matching === 'names') return `unnest(string_to_array(${column}, chr(92)))`
  return matching.endsWith('-list') ? `unnest(${column})` : undefined
}

/** What a condition asks of a column: the key's own unless another one is given. */
export function conditionSql(condition: Condition, values: Values, column = condition.key.column): string {
  const { key } = condition
  const type = columnType[key.matching] ?? 'text'
  if (condition.kind === 'one-of') {
    if (key.matching.endsWith('-list')) return `${column} && ${values.value(condition.values, 'text[]')}`
    return condition.values.length === 1
      ? `${column} = ${values.value(condition.values[0], type)}`
      : `${column} = any(${values.value(condition.values, `${type}[]`)})`
  }
  if (condition.kind === 'like') {
    const pattern = values.value(condition.pattern, 'text')
    const several = severalOf(key, column)
    if (several !== undefined) return `exists (select from ${several} as one(value) where one.value like ${pattern})`
    const exact = `${column} like ${pattern}`
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
  if (condition.kind === 'instants') {
    const instant = `(${column}, ${wholeTime(condition.timeColumn)})`
    const bound = ({ date, time }: Instant, end = ''): string =>
      `(${values.value(date, 'text')}, ${values.value(time + end, 'text')})`
    if (condition.from) parts.push(`${instant} >= ${bound(condition.from)}`)
    if (condition.to) parts.push(`${instant} <= ${bound(condition.to, '~')}`)
    return parts.join(' and ')
  }
  if (key.matching === 'time') {
    // Times may leave out minutes and seconds: a bound covers all that begins with it.
    const whole = wholeTime(column)
    if (condition.from !== undefined) parts.push(`${whole} >= ${values.value(condition.from, 'text')}`)
    if (condition.to !== undefined) parts.push(`${whole} <= ${values.value(`${condition.to}~`, 'text')}`)
  } else {
    if (condition.from !== undefined) parts.push(`${column} >= ${values.value(condition.from, type)}`)
    // Undated rows are before every date.
    else if (key.matching === 'date') parts.push(`${column} > ''`)
    if (condition.to !== undefined) parts.push(`${column} <= ${values.value(condition.to, type)}`)
  }
  return parts.join(' and ')
}

const studyColumns = `s.study_instance_uid, s.attributes as study_attributes, s.modalities, s.sop_classes, s.series_count,
  s.instance_count as study_instance_count`
const seriesColumns = `, r.series_instance_uid, r.attributes as series_attributes, r.instance_count as series_instance_count`
const instanceColumns = `, i.sop_instance_uid, i.attributes, i.transfer_syntax_uid`

export const tables: Record<Level, { alias: string; columns: string; table: string; joins: string }> = {
  study: { alias: 's', columns: studyColumns, table: 'study s', joins: '' },
  series: {
    alias: 'r',
    columns: studyColumns + seriesColumns,
    table: 'series r',
    joins: ' join study s on s.id = r.study_id',
  },
  instance: {
    alias: 'i',
    columns: studyColumns + seriesColumns + instanceColumns,
    table: 'instance i',
    joins: ' join series r on r.id = i.series_id join study s on s.id = i.study_id',
  },
}

/** The order of a level's values: what was inspected, or stored, last comes first. */
export const ownersInOrder = (level: Level, alias: string): string[] => [
  ...(level === 'study' ? [`${alias}.study_date desc`] : []),
  `${alias}.${level}_id desc`,
]

/** The table of a level with those above it. */
export const tablesSql = (level: Level): string => tables[level].table + tables[level].joins

const belowStudy: Record<Level, string> = {
  study: '',
  series: ' join series r on r.study_id = s.id',
  instance: ' join series r on r.study_id = s.id join instance i on i.series_id = r.id',
}

/**
 * Where a search looks for its rows. A study that is named is found first, under the scope: joined freely, a plan made while
 * the tables were small ran through all series of the project.
 */
export function fromSql(level: Level, scope: Scope, within: Within, values: Values): string {
  if (within.studyInstanceUid === undefined) return tablesSql(level)
  const named = `study_instance_uid = ${values.value(within.studyInstanceUid, 'text')}`
  const seen = scopeCondition(scope, 'project_id', values)
  return `(select * from study where ${named} and ${seen} offset 0) s${belowStudy[level]}`
}

export const parentOf: Record<Level, Level | ''> = { study: '', series: 'study', instance: 'series' }

/**
 * Whether a row has a declared attribute's value. `offset 0` keeps it a question asked of each row: where something else
 * says which rows come into question, reading all that have the value would be the longer way. A range or pattern is asked
 * of the row's own values, as it may hold for a million others.
 */
export function hasValueSql(condition: Condition, values: Values): string {
  const { key } = condition
  const value =
    condition.kind === 'one-of'
      ? 'join attribute_value a on a.id = v.value_id'
      : 'cross join lateral (select * from attribute_value where id = v.value_id offset 0) a'
  return `exists (select from ${key.level}_value v ${value}
    where v.${key.level}_id = ${tables[key.level].alias}.id and a.attribute_id = ${values.value(key.declared?.id, 'integer')} and ${conditionSql(condition, values)} offset 0)`
}

/** Conditions of a search but for its scope, its study and for where it begins. */
export function restSql(query: SearchQuery, within: Within, values: Values): string[] {
  const conditions: string[] = []
  if (within.seriesInstanceUid !== undefined)
    conditions.push(`r.series_instance_uid = ${values.value(within.seriesInstanceUid, 'text')}`)
  for (const condition of query.conditions) {
    if (within.known?.includes(condition)) continue
    conditions.push(condition.key.declared ? hasValueSql(condition, values) : conditionSql(condition, values))
  }
  return conditions
}

/** All conditions of a search. */
export function whereSql(level: Level, scope: Scope, query: SearchQuery, within: Within, values: Values): string {
  const { alias } = tables[level]
  // The table whose index gives the order.
  const scoped = within.isByStudy === true ? 's' : alias
  const conditions = [scopeCondition(scope, `${scoped}.project_id`, values), ...restSql(query, within, values)]
  if (within.parentIds)
    conditions.push(`${alias}.${parentOf[level]}_id = any(${values.value(within.parentIds, 'bigint[]')})`)
  if (within.ids) conditions.push(`${alias}.id = any(${values.value(within.ids, 'bigint[]')})`)
  return conditions.join('\n  and ')
}
