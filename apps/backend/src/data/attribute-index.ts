import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import type { ArchiveScope } from '../plugins/access.ts'
import type { DeclaredPath } from '../search-attribute/declared-values.ts'
import { findValues as findStoredValues } from '../search-attribute/find-values.ts'
import { type InstanceValues, insertValues } from './attribute-values.ts'
import { type AttributeRow, forgetDeclared, pathOf, readDeclared, shareListSql } from './search-attributes.ts'
import { inTransaction } from './transaction.ts'

/** What is stored of one instance: zstd of the DICOM JSON of its whole data set. */
export interface StoredAttributes {
  id: number
  blobKey: string
  metadata: Uint8Array
}

/** Finds the values of a stored instance; undefined when its attributes cannot be read. */
export type FindValues = (
  rows: readonly StoredAttributes[],
  attributes: readonly DeclaredPath[],
) => Promise<(InstanceValues | undefined)[]>

interface IndexingRow extends Pick<AttributeRow, 'id' | 'path' | 'vr'> {
  indexed_id: number
  last_id: number
}

/**
 * Indexes the next instances that were stored before an attribute was declared, in one transaction: it may be cut off and
 * repeated at any moment. Attributes that have come equally far are looked for together.
 * @returns instances read; undefined when nothing is left to index
 */
export async function indexNextBatch(
  db: Db,
  _scope: ArchiveScope,
  limit: number,
  findValues: FindValues,
): Promise<number | undefined> {
  const read = await inTransaction(db, async (client) => {
    await client.query(shareListSql)
    const { rows: indexing } = await client.query<IndexingRow>(
      `select id, path, vr, indexed_id, last_id from search_attribute where state = 'indexing' order by indexed_id, id`,
    )
    const from = indexing[0]?.indexed_id
    if (from === undefined) return undefined
    const group = indexing.filter((row) => row.indexed_id === from)
    // Up to where the next one has come already: from there they go on together.
    const end = Math.min(
      ...group.map((row) => row.last_id),
      ...indexing.slice(group.length).map((row) => row.indexed_id),
    )
    const { rows } = await client.query<StoredAttributes & { studyId: number }>({
      name: 'attributes-to-index',
      text: `select id, blob_key as "blobKey", metadata, study_id as "studyId" from instance
        where id > $1 and id <= $2 order by id limit $3`,
      values: [from, end, limit],
    })
    const found = await findValues(rows, group.map(pathOf))
    const held = await holdStudies(client, [...new Set(rows.map((row) => row.studyId))])
    await insertValues(
      client,
      found.flatMap((one, at) => (one && held.has(rows[at]?.studyId ?? 0) ? [one] : [])),
    )
    await client.query(
      `update search_attribute set indexed_id = $2, skipped_count = skipped_count + $3,
         state = case when last_id <= $2 then 'ready' else state end,
         ready_at = case when last_id <= $2 then now() else ready_at end
       where id = any($1::integer[]) and state = 'indexing'`,
      [
        group.map((row) => row.id),
        rows.length < limit ? end : (rows.at(-1)?.id ?? end),
        found.filter((one) => one === undefined).length,
      ],
    )
    return rows.length
  })
  // It may be ready now: our own searches say so at once.
  forgetDeclared(db)
  return read
}

/**
 * Keeps studies where they are until the transaction ends: values are written for the project of a study, and whoever moves
 * it has dropped the old ones before its commit. Storing goes on meanwhile. In the order in which stores lock them.
 * @returns those that are still there; whoever brings back the others indexes them
 */
async function holdStudies(client: PoolClient, ids: readonly number[]): Promise<Set<number>> {
  const { rows } = await client.query<{ id: number }>({
    name: 'hold-studies',
    text: 'select id from study where id = any($1::bigint[]) order by study_instance_uid for key share',
    values: [ids],
  })
  return new Set(rows.map((row) => row.id))
}

/** Says why the index of the attributes that were to be next does not go on. */
export async function failIndexing(db: Db, _scope: ArchiveScope, fault: string): Promise<void> {
  await db.pool.query(
    `update search_attribute set state = 'failed', fault = $1
     where state = 'indexing' and indexed_id = (select min(indexed_id) from search_attribute where state = 'indexing')`,
    [fault.replaceAll('\0', '').slice(0, 500)],
  )
}

const tables = ['study_value', 'series_value', 'instance_value'] as const
const ownerOf = { study_value: 'study_id', series_value: 'series_id', instance_value: 'instance_id' } as const

/** Removes some values of attributes that are declared no more, then the attribute. @returns false when there are none */
export async function removeNextBatch(db: Db, _scope: ArchiveScope, limit: number): Promise<boolean> {
  const { rows: removing } = await db.pool.query<{ id: number }>(
    `select id from search_attribute where state = 'removing' order by id limit 1`,
  )
  const [attribute] = removing
  if (!attribute) return false
  const { rows: values } = await db.pool.query<{ id: number }>(
    'select id from attribute_value where attribute_id = $1 limit $2',
    [attribute.id, limit],
  )
  const ids = values.map((row) => row.id)
  for (const table of tables) {
    const { rowCount } = await db.pool.query(
      `delete from ${table} where (${ownerOf[table]}, value_id) in (
         select ${ownerOf[table]}, value_id from ${table} where value_id = any($1::bigint[]) limit $2)`,
      [ids, limit],
    )
    // Owners first, however many one value has.
    if (rowCount === limit) return true
  }
  await db.pool.query('delete from attribute_value where id = any($1::bigint[])', [ids])
  if (ids.length < limit) await db.pool.query('delete from search_attribute where id = $1', [attribute.id])
  return true
}

/**
 * Indexes instances whose rows come or change by other ways than storing. Within the transaction that does so.
 * @returns how many could not be read
 */
export async function indexInstances(
  db: Db,
  client: PoolClient,
  ids: readonly number[],
  findValues: FindValues,
): Promise<number> {
  await client.query(shareListSql)
  // Not from memory: the list in force is the one of this transaction.
  const { attributes } = await readDeclared(db, -1, client)
  if (attributes.length === 0) return 0
  let unread = 0
  for (let start = 0; start < ids.length; start += 200) {
    const { rows } = await client.query<StoredAttributes>({
      name: 'attributes-of-instances',
      text: 'select id, blob_key as "blobKey", metadata from instance where id = any($1::bigint[])',
      values: [ids.slice(start, start + 200)],
    })
    const found = await findValues(rows, attributes)
    unread += found.filter((one) => one === undefined).length
    await insertValues(
      client,
      found.filter((one) => one !== undefined),
    )
  }
  return unread
}

/** Forgets what the index knows of studies and everything in them, before they are indexed anew. */
export async function dropValues(client: PoolClient, studyIds: readonly number[]): Promise<void> {
  const ids = [studyIds]
  await client.query('delete from study_value where study_id = any($1::bigint[])', ids)
  await client.query(
    'delete from series_value where series_id in (select id from series where study_id = any($1::bigint[]))',
    ids,
  )
  await client.query(
    'delete from instance_value where instance_id in (select id from instance where study_id = any($1::bigint[]))',
    ids,
  )
}

/**
 * Indexes a study anew, whose rows came, went or changed by other ways than storing. Last in the transaction that does so:
 * a change of the list of attributes waits for it.
 */
export async function indexStudyAnew(db: Db, client: PoolClient, studyId: number): Promise<void> {
  await client.query(shareListSql)
  const { attributes } = await readDeclared(db, -1, client)
  if (attributes.length === 0) return
  await dropValues(client, [studyId])
  const { rows } = await client.query<{ id: number }>('select id from instance where study_id = $1 order by id', [
    studyId,
  ])
  await indexInstances(
    db,
    client,
    rows.map((row) => row.id),
    findStoredValues,
  )
}
