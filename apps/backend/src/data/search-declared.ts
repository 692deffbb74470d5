import type { SearchQuery } from '../dicomweb/qido/parse-query.ts'
import type { Condition } from '../dicomweb/qido/read-condition.ts'
import type { Level } from '../dicomweb/qido/search-keys.ts'
import type { Scope } from '../plugins/access.ts'
import { conditionSql, ownersInOrder, restSql, tables, type Values } from './search-sql.ts'

/** Where matching rows are found: a statement with their `id`, and what puts them in order. */
export interface Found {
  sql: string
  order: string
}

/**
 * Rows that match, found from the values of one condition of their level or one above. Equal values have the order of the
 * answer in their index; ranges and patterns come in the order of their values, as no index knows which of a thousand
 * values was stored last. Without a page all rows, in no order.
 */
export function drivenSql(
  level: Level,
  scope: Scope,
  query: SearchQuery,
  driver: Condition,
  values: Values,
  page: { limit: number; offset: number } | undefined,
): Found {
  const { alias, table, joins } = tables[level]
  const from = driver.key.level
  const owner = `v.${from}_id`
  const attribute = values.value(driver.key.declared?.id, 'integer')
  const rank = driver.key.column.replace('a.', '')
  const hasRank = driver.kind !== 'one-of'
  const projects = values.value(scope.projectIds, 'bigint[]')
  const rest = restSql(query, { known: [driver] }, values)
  const isOwn = from === level
  const id = isOwn ? owner : `${alias}.id`
  const isJoined = !isOwn || rest.length > 0
  const conditions = ['v.value_id = m.id', 'v.project_id = p.id', ...rest]
  if (from === 'study')
    for (const condition of query.conditions)
      if (condition.key.keyword === 'StudyDate') conditions.push(conditionSql(condition, values, 'v.study_date'))
  // Several values of one owner are one match: the first of them stands for it.
  if (hasRank || driver.values.length > 1) {
    conditions.push(`not exists (select from ${from}_value w cross join lateral (
        select * from attribute_value where id = w.value_id offset 0) b
      where w.${from}_id = ${owner} and b.attribute_id = ${attribute} and ${conditionSql(driver, values, `b.${rank}`)}
        and b.${rank} < m.rank offset 0)`)
  }
  // The value's project is a copy that gives the order: who may see a row is said by the row alone.
  conditions.push(
    isJoined
      ? `${alias}.project_id = p.id`
      : `exists (select from ${table} where ${alias}.id = ${id} and ${alias}.project_id = p.id offset 0)`,
  )
  const joined = isJoined ? ` join ${table} on ${alias}.${isOwn ? 'id' : `${from}_id`} = ${owner}${joins}` : ''
  const sorted = [...ownersInOrder(from, 'v'), ...(isOwn ? [] : [`${id} desc`])].join(', ')
  // Value by value also for a total: it ends as soon as enough are counted.
  const sought = page ? ` order by ${sorted} limit ${values.value(page.limit + page.offset, 'integer')}` : ' offset 0'
  const shown = [`${id} as id`, ...(from === 'study' ? ['v.study_date'] : []), ...(isOwn ? [] : [owner])].join(', ')
  const sql = `select m.rank, o.* from (
    select a.id, a.${rank} as rank from attribute_value a
    where a.attribute_id = ${attribute} and ${conditionSql(driver, values)}${hasRank && page ? ' order by rank' : ''} offset 0
  ) m cross join unnest(${projects}) p(id) cross join lateral (
    select ${shown} from ${from}_value v${joined}
    where ${conditions.join('\n      and ')}${sought}
  ) o`
  const places = isOwn
    ? [...(from === 'study' ? ['f.study_date desc'] : []), 'f.id desc']
    : [...ownersInOrder(from, 'f'), 'f.id desc']
  return { sql, order: [...(hasRank ? ['f.rank'] : []), ...places].join(', ') }
}
