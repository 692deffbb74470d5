import type { SearchAttribute, SearchLevel } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { Vr } from '@instandt/dicom'
import type { Pool, PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'
import { parsePath } from '../search-attribute/attribute-path.ts'
import { type DeclaredPath, matchingOf } from '../search-attribute/declared-values.ts'
import { addAuditEvent } from './audit.ts'
import { inTransaction } from './transaction.ts'

/** An attribute that is searched, as it was declared. */
export interface DeclaredAttribute extends DeclaredPath {
  name: string
  path: string
  level: SearchLevel
  isReady: boolean
}

export interface Declared {
  version: number
  attributes: DeclaredAttribute[]
}

/** Each costs a look-up for every instance stored, and room in the index. */
export const maxSearchAttributes = 40

/**
 * Held shared by whoever writes values, for one transaction, and alone by whoever changes what is declared: no instance is
 * stored by an old list, and none is missed between the index of what was there and of what comes.
 */
const listLock = 4_410_041
export const shareListSql = `select pg_advisory_xact_lock_shared(${listLock})`
const takeListSql = `select pg_advisory_xact_lock(${listLock})`
export const versionSql = '(select version from search_attribute_version)'

const memories = new WeakMap<Db, { declared: Declared; readAt: number }>()

/** What is declared; from memory while that is young enough. */
export async function readDeclared(db: Db, maxAgeMs: number, client: Pool | PoolClient = db.pool): Promise<Declared> {
  const known = memories.get(db)
  if (known && Date.now() - known.readAt <= maxAgeMs) return known.declared
  const readAt = Date.now()
  const { rows } = await client.query<{ version: number; attributes: AttributeRow[] }>({
    name: 'declared-attributes',
    text: `select version, (select coalesce(json_agg(a order by a.id), '[]') from (
        select id, name, path, vr, level, state from search_attribute where state <> 'removing') a) as attributes
      from search_attribute_version`,
  })
  const [row] = rows
  const declared = { version: row?.version ?? 0, attributes: (row?.attributes ?? []).map(toDeclared) }
  memories.set(db, { declared, readAt })
  return declared
}

export const forgetDeclared = (db: Db): void => void memories.delete(db)

export interface AttributeRow {
  id: number
  name: string
  path: string
  vr: Vr
  level: SearchLevel
  state: SearchAttribute['state']
}

const toDeclared = ({ state, ...row }: AttributeRow): DeclaredAttribute => ({
  ...row,
  ...pathOf(row),
  isReady: state === 'ready',
})

export function pathOf({ id, path, vr }: Pick<AttributeRow, 'id' | 'path' | 'vr'>): DeclaredPath {
  const steps = parsePath(path)
  const matching = matchingOf[vr]
  if (!Array.isArray(steps) || !matching) throw new Error(`search_attribute ${id} is not one we can have written`)
  return { id, steps, vr, matching }
}

const columns = `a.id, a.name, a.path, a.vr, a.level, a.state, a.fault, a.created_by as "createdBy",
  case when a.last_id <= a.first_id then 1
    else (a.indexed_id - a.first_id)::float8 / (a.last_id - a.first_id) end as progress,
  a.skipped_count as "skippedCount", to_json(a.created_at) #>> '{}' as "createdAt",
  to_json(a.ready_at) #>> '{}' as "readyAt"`

const toAnswer = (row: Omit<SearchAttribute, 'matching'>): SearchAttribute => ({
  ...row,
  matching: matchingOf[row.vr as Vr] ?? 'text',
})

export async function listSearchAttributes(db: Db, _scope: Scope): Promise<SearchAttribute[]> {
  const { rows } = await db.pool.query<SearchAttribute>(
    `select ${columns} from search_attribute a order by lower(a.name), a.id`,
  )
  return rows.map(toAnswer)
}

const enqueue = `select graphile_worker.add_job('index-attributes', job_key => 'index-attributes', queue_name => 'index-attributes',
  priority => 10)`

/**
 * Declares an attribute: whatever is stored from now on is indexed with its instance, the rest in the background.
 * @throws AppError 'too-many-attributes', 'attribute-declared' (409)
 */
export async function addSearchAttribute(
  db: Db,
  scope: Scope,
  attribute: { name: string; path: string; vr: Vr; level: SearchLevel },
): Promise<SearchAttribute> {
  const added = await inTransaction(db, async (client) => {
    await client.query(takeListSql)
    const { rows: others } = await client.query<{ name: string; path: string }>(
      `select name, path from search_attribute where state <> 'removing'`,
    )
    if (others.some(({ path }) => path === attribute.path))
      throw new AppError('attribute-declared', 409, 'This attribute is declared already.')
    if (others.some(({ name }) => name.toLowerCase() === attribute.name.toLowerCase()))
      throw new AppError('attribute-declared', 409, `Another attribute is called ${attribute.name} already.`)
    if (others.length >= maxSearchAttributes)
      throw new AppError('too-many-attributes', 409, `No more than ${maxSearchAttributes} attributes can be declared.`)
    const { rows } = await client.query<SearchAttribute>(
      `with bounds as (select coalesce(min(id), 1) - 1 as first, coalesce(max(id), 0) as last from instance),
         a as (insert into search_attribute (name, path, vr, level, first_id, indexed_id, last_id, created_by)
           select $1, $2, $3, $4, least(first, last), least(first, last), last, $5 from bounds returning *)
       select ${columns} from a`,
      [attribute.name, attribute.path, attribute.vr, attribute.level, scope.actor.name],
    )
    await client.query('update search_attribute_version set version = version + 1')
    await client.query(enqueue)
    await addAuditEvent(client, scope, { action: 'search-attribute.add', target: attribute.name, detail: attribute })
    return rows[0] as SearchAttribute
  })
  forgetDeclared(db)
  return toAnswer(added)
}

const notFound = (): AppError => new AppError('search-attribute-not-found', 404, 'There is no such search attribute.')

/** Takes an attribute out of every search at once; its values go in the background. @throws AppError 404 */
export async function removeSearchAttribute(db: Db, scope: Scope, id: number): Promise<void> {
  await inTransaction(db, async (client) => {
    await client.query(takeListSql)
    const { rows } = await client.query<{ name: string }>(
      `update search_attribute set state = 'removing' where id = $1 and state <> 'removing' returning name`,
      [id],
    )
    if (!rows[0]) throw notFound()
    await client.query('update search_attribute_version set version = version + 1')
    await client.query(enqueue)
    await addAuditEvent(client, scope, { action: 'search-attribute.remove', target: rows[0].name })
  })
  forgetDeclared(db)
}

/** Goes on where an index failed. @throws AppError 404; 'not-failed' (409) */
export async function resumeSearchAttribute(db: Db, scope: Scope, id: number): Promise<SearchAttribute> {
  const resumed = await inTransaction(db, async (client) => {
    const { rows: found } = await client.query<{ state: string }>(
      `select state from search_attribute where id = $1 and state <> 'removing' for update`,
      [id],
    )
    if (!found[0]) throw notFound()
    if (found[0].state !== 'failed') throw new AppError('not-failed', 409, 'Only an index that failed can be resumed.')
    const { rows } = await client.query<SearchAttribute>(
      `with a as (update search_attribute set state = 'indexing', fault = null where id = $1 returning *)
       select ${columns} from a`,
      [id],
    )
    await client.query(enqueue)
    const attribute = rows[0] as SearchAttribute
    await addAuditEvent(client, scope, { action: 'search-attribute.resume', target: attribute.name })
    return attribute
  })
  forgetDeclared(db)
  return toAnswer(resumed)
}
