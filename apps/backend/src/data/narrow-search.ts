import type { Db } from '@instandt/db'
import type { SearchQuery } from '../dicomweb/qido/parse-query.ts'
import type { Condition } from '../dicomweb/qido/read-condition.ts'
import { type Level, levels } from '../dicomweb/qido/search-keys.ts'
import type { Scope } from '../plugins/access.ts'
import { runStatement } from './run-statement.ts'
import {
  conditionSql,
  ownersInOrder,
  parentOf,
  startStatement,
  type Statement,
  tables,
  tablesSql,
  whereSql,
  type Within,
} from './search-sql.ts'

// A search below more parents or rows than these walks the archive study by study.
const maxParents = 5000
const maxBelowParents = 100_000
// So few owners of a value are looked up one by one.
const maxOwners = 2000

/**
 * Finds out where a search has to begin, before it is made: how rare matches are, and whether they are all old, is nothing
 * the planner knows. Conditions on the level above ask that level, those on declared attributes their values.
 */
export async function narrow(db: Db, scope: Scope, level: Level, query: SearchQuery, within: Within): Promise<Within> {
  if (within.studyInstanceUid !== undefined) return within
  const declared = await findAllOwners(
    db,
    scope,
    query.conditions.filter(({ key }) => key.declared),
  )
  const few = declared.filter((one): one is { condition: Condition; owners: string[] } => one.owners !== undefined)
  const own = few
    .filter(({ condition }) => condition.key.level === level)
    .sort((a, b) => a.owners.length - b.owners.length)
  if (own[0]) return { ...within, ids: own[0].owners, known: [own[0].condition] }

  const above = query.conditions.filter(({ key }) => levels[key.level] < levels[level])
  const isRare = (condition: Condition): boolean => few.some((one) => one.condition === condition)
  const telling = above.filter((condition) => !condition.key.declared || isRare(condition))
  // Dates alone: the index of the studies has them in the order of the answer.
  const isByDate = telling.length > 0 && telling.every(({ key }) => key.keyword === 'StudyDate')
  const found =
    telling.length === 0 || isByDate
      ? undefined
      : await findParents(db, scope, level, { ...query, conditions: telling }, few)
  if (found) return { ...within, parentIds: found, known: telling }

  const many = declared.filter(({ owners }) => owners === undefined).map(({ condition }) => condition)
  const driver = many.find((condition) => condition.kind === 'one-of') ?? many[0]
  const hasDate = query.conditions.some(({ key }) => key.keyword === 'StudyDate')
  // Values of studies are in the order of their dates; those of others would be read from all times.
  if (driver && query.sort.length === 0 && (driver.key.level === 'study' || !hasDate))
    return { ...within, driver, known: [driver] }
  return level !== 'study' && above.length > 0 ? { ...within, isByStudy: true } : within
}

/** A condition on a declared attribute, and who fulfils it where those are few. */
export interface Narrowing {
  condition: Condition
  owners: string[] | undefined
}

export const findAllOwners = (db: Db, scope: Scope, conditions: readonly Condition[]): Promise<Narrowing[]> =>
  Promise.all(conditions.map(async (condition) => ({ condition, owners: await findOwners(db, scope, condition) })))

/** Who has a value that is asked for, in the order of the answer; undefined when they are many. */
async function findOwners(db: Db, scope: Scope, condition: Condition): Promise<string[] | undefined> {
  const rows = await runStatement<{ id: string }>(db, ownersStatement(scope, condition))
  return rows.length > maxOwners ? undefined : [...new Set(rows.map((row) => row.id))]
}

function ownersStatement(scope: Scope, condition: Condition): Statement {
  const values = startStatement()
  const { level, declared } = condition.key
  const projects = values.value(scope.projectIds, 'bigint[]')
  const attribute = values.value(declared?.id, 'integer')
  const limit = values.value(maxOwners + 1, 'integer')
  // Value by value: a plan that reads all owners to find those of many values would not stop at the limit.
  const found = `select o.* from (
    select a.id from attribute_value a where a.attribute_id = ${attribute} and ${conditionSql(condition, values)} offset 0
  ) m cross join lateral (
    select v.* from ${level}_value v where v.value_id = m.id and v.project_id = any(${projects}) limit ${limit}
  ) o limit ${limit}`
  const order = ownersInOrder(level, 'v').join(', ')
  return { text: `select v.${level}_id::text as id from (${found}) v order by ${order}`, values: values.values }
}

/** The rows of the level above that can match, in the order of the answer; undefined when much lies below them. */
async function findParents(
  db: Db,
  scope: Scope,
  level: Level,
  query: SearchQuery,
  few: readonly { condition: Condition; owners: string[] }[],
): Promise<string[] | undefined> {
  const parent = parentOf[level]
  if (parent === '') return undefined
  const values = startStatement()
  const { alias } = tables[parent]
  const rare = few.filter(({ condition }) => query.conditions.includes(condition))
  const conditions = query.conditions.filter((condition) => !rare.some((one) => one.condition === condition))
  const where = [
    whereSql(parent, scope, { ...query, conditions }, {}, values),
    ...rare.map(({ condition, owners }) => {
      return `${tables[condition.key.level].alias}.id = any(${values.value(owners, 'bigint[]')})`
    }),
  ].join(' and ')
  const text = `select coalesce(array_agg(id order by study_date desc, study_id desc, id desc), '{}') as ids,
  coalesce(sum(below), 0)::float8 as below from (
  select ${alias}.id, ${alias}.${level}_count as below, coalesce(s.study_date, '') as study_date, s.id as study_id
  from ${tablesSql(parent)}
  where ${where} limit ${values.value(maxParents + 1, 'integer')}
) found`
  const [row] = await runStatement<{ ids: string[]; below: number }>(db, { text, values: values.values })
  return !row || row.ids.length > maxParents || row.below > maxBelowParents ? undefined : row.ids
}
