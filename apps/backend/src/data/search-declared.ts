import type { Db } from '@instandt/db'
import type { SearchQuery } from '../dicomweb/qido/parse-query.ts'
import type { Condition } from '../dicomweb/qido/read-condition.ts'
import type { Level } from '../dicomweb/qido/search-keys.ts'
import type { Scope } from '../plugins/access.ts'
import { runStatement } from './run-statement.ts'
import {
  conditionSql,
  restSql,
  startStatement,
  type Statement,
  tables,
  type Values,
  type Within,
} from './search-sql.ts'

// So few owners of a value are looked up one by one, in the usual order.
const fewOwners = 2000

/**
 * Decides how a search with declared attributes of its own level begins: from the few rows that have a value, or from the
 * value that has the order of the answer in its index. Asking each row would read the whole archive where a value is rare.
 */
export async function startFromValues(
  db: Db,
  scope: Scope,
  level: Level,
  query: SearchQuery,
  within: Within,
): Promise<Within> {
  const conditions = query.conditions.filter(({ key }) => key.declared && key.level === level)
  if (within.studyInstanceUid !== undefined || conditions.length === 0) return within
  const owners = await Promise.all(
    conditions.map(async (condition) => {
      const rows = await runStatement<{ id: string }>(db, ownersStatement(scope, level, condition, fewOwners + 1))
      return [...new Set(rows.map((row) => row.id))]
    }),
  )
  const fewest = owners.reduce((least, ids) => (ids.length < least.length ? ids : least))
  if (fewest.length <= fewOwners) return { ...within, ids: fewest }
  // Few parents, or an order of the caller's own: each row is asked.
  if (within.parentIds || query.sort.length > 0) return within
  const driver = conditions.find((condition) => condition.kind === 'one-of') ?? conditions[0]
  return driver ? { ...within, driver } : within
}

function ownersStatement(scope: Scope, level: Level, condition: Condition, limit: number): Statement {
  const values = startStatement()
  const text = `select v.${level}_id::text as id from attribute_value a join ${level}_value v on v.value_id = a.id
where v.project_id = any(${values.value(scope.projectIds, 'bigint[]')})
  and a.attribute_id = ${values.value(condition.key.declared?.id, 'integer')} and ${conditionSql(condition, values)}
limit ${values.value(limit, 'integer')}`
  return { text, values: values.values }
}

/** Ranges and patterns come in the order of their values: no index knows which of a thousand values was stored last. */
const isByValue = (condition: Condition): boolean => condition.kind !== 'one-of'

const newestFirst: Record<Level, (alias: string) => string[]> = {
  study: (alias) => [`${alias}.study_date desc`, `${alias}.study_id desc`],
  series: (alias) => [`${alias}.series_id desc`],
  instance: (alias) => [`${alias}.instance_id desc`],
}

/** Rows that match, found from the values of one condition; `id` and what puts them in order. */
export function drivenSql(
  level: Level,
  scope: Scope,
  query: SearchQuery,
  within: Within & { driver: Condition },
  values: Values,
  page: { limit: number; offset: number } | undefined,
): { found: string; order: string } {
  const { driver } = within
  const { alias, table, joins } = tables[level]
  const attribute = values.value(driver.key.declared?.id, 'integer')
  const rank = driver.key.column.replace('a.', '')
  const hasRank = isByValue(driver)
  const projects = values.value(scope.projectIds, 'bigint[]')
  const rest = restSql(level, query, within, values, driver)
  const conditions = ['v.value_id = m.id', 'v.project_id = p.id', ...rest]
  // Several values of one row are one match: the first of them stands for it.
  if (hasRank || (driver.kind === 'one-of' && driver.values.length > 1)) {
    conditions.push(`not exists (select from ${level}_value w join attribute_value b on b.id = w.value_id
      where w.${level}_id = v.${level}_id and b.attribute_id = ${attribute} and ${conditionSql(driver, values, `b.${rank}`)}
        and (b.${rank}, b.id) < (m.rank, m.id))`)
  }
  const joined = rest.length === 0 ? '' : ` join ${table} on ${alias}.id = v.${level}_id${joins}`
  const sought = page
    ? ` order by ${newestFirst[level]('v').join(', ')} limit ${values.value(page.limit + page.offset, 'integer')}`
    : ''
  const order = [...(hasRank ? ['f.rank', 'f.value_id'] : []), ...newestFirst[level]('f')].join(', ')
  const found = `select m.rank, o.* from (
    select a.id, a.${rank} as rank from attribute_value a
    where a.attribute_id = ${attribute} and ${conditionSql(driver, values)}${hasRank && page ? ' order by 2, 1 offset 0' : ''}
  ) m cross join unnest(${projects}) p(id) cross join lateral (
    select v.* from ${level}_value v${joined}
    where ${conditions.join('\n      and ')}${sought}
  ) o`
  return { found, order }
}
