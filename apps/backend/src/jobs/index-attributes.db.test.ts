import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { closeDb, openDb } from '@instandt/db'
import { type Dataset, stringifyDataset } from '@instandt/dicom'
import { createLogger } from '@instandt/runtime'
import { type TestDatabase, testDatabase } from '@instandt/testkit'
import { attributesOf } from '@instandt/testkit/files'
import { dropValues, indexInstances } from '../data/attribute-index.ts'
import { createInstanceWriter, type InstanceWriter } from '../data/group-commit.ts'
import { makeRow } from '../data/insert-rows.fixture.ts'
import type { NewInstance } from '../data/new-instance.ts'
import {
  addSearchAttribute,
  listSearchAttributes,
  removeSearchAttribute,
  resumeSearchAttribute,
} from '../data/search-attributes.ts'
import { inTransaction } from '../data/transaction.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { findValues } from '../search-attribute/find-values.ts'
import { indexAttributes } from './index-attributes.ts'

let database: TestDatabase
let scope: ArchiveScope
let writer: InstanceWriter
const log = createLogger({ name: 'test', level: 'fatal' })
const thickness = { name: 'MaterialThickness', path: '00140030', vr: 'DS', level: 'instance' } as const
const shape = { name: 'ComponentShape', path: '00140050', vr: 'CS', level: 'study' } as const

before(async () => {
  database = await testDatabase()
  scope = await readArchiveScope(database.db)
  writer = createInstanceWriter(database.db)
})
after(() => database.stop())

function rowOf(study: string, instance: string, dataset: Dataset): NewInstance {
  return { ...makeRow({ study, instance }), dataset, metadata: zstdCompressSync(stringifyDataset(dataset)) }
}
const plate = (number: number): Dataset =>
  attributesOf({ MaterialThickness: number / 10, ComponentShape: `S${number % 7}` })
const run = (options: Parameters<typeof indexAttributes>[2] = {}): Promise<boolean> =>
  indexAttributes({ db: database.db, log }, scope, { rest: 0, ...options })
async function count(text: string, ...values: unknown[]): Promise<number> {
  const { rows } = await database.db.pool.query<{ count: number }>(
    `select count(*)::integer as count from ${text}`,
    values,
  )
  return rows[0]?.count ?? -1
}
const stateOf = async (name: string): Promise<unknown[]> => {
  const found = (await listSearchAttributes(database.db, scope)).find((one) => one.name === name)
  return [found?.state, found?.progress, found?.skippedCount]
}

test('whoever stores while an attribute is declared, by an older list or a newer one, is in the index', async () => {
  // A server of its own, which remembers its own list: it knows nothing of the declaration until it commits.
  const other = openDb({ connectionString: database.appUrl })
  const otherWriter = createInstanceWriter(other)
  let isOver = false
  let stored = 0
  const pairs = new Set<string>()
  const lane = async (which: InstanceWriter, name: string): Promise<void> => {
    for (let number = 0; !isOver && number < 5000; number += 1) {
      const result = await which.insert(scope, rowOf(`${name}-${number % 5}`, `${name}-${number}`, plate(number)))
      assert.equal(result.outcome, 'stored')
      pairs.add(`${name}-${number % 5} ${number % 7}`)
      stored += 1
    }
  }
  const lanes = Promise.all([0, 1, 2, 3].flatMap((n) => [lane(writer, `own-${n}`), lane(otherWriter, `other-${n}`)]))
  const until = async (more: number): Promise<void> => {
    const wanted = stored + more
    while (stored < wanted) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await until(150)
  const declared = await addSearchAttribute(database.db, scope, thickness)
  await until(100)
  const second = await addSearchAttribute(database.db, scope, shape)
  const indexing = run()
  await until(200)
  isOver = true
  await lanes
  assert.equal(await indexing, false)
  await closeDb(other)

  assert.equal(await count('instance'), stored)
  assert.equal(await count('instance_value'), stored)
  assert.equal(await count('study_value'), pairs.size)
  const { rows } = await database.db.pool.query<{ path: string; distinct: number }>(
    `select a.path, count(*)::integer as distinct from search_attribute a join attribute_value v on v.attribute_id = a.id group by 1 order by 1`,
  )
  assert.deepEqual(
    rows.map((row) => row.path),
    ['00140030', '00140050'],
  )
  assert.equal(rows[1]?.distinct, 7)
  for (const { name } of [declared, second]) assert.deepEqual(await stateOf(name), ['ready', 1, 0])
})

test('what was removed while others store leaves no value behind', async () => {
  const [attribute] = await listSearchAttributes(database.db, scope)
  let isOver = false
  const lanes = Promise.all(
    [0, 1, 2].map(async (name) => {
      for (let number = 0; !isOver && number < 5000; number += 1)
        await writer.insert(scope, rowOf(`r-${name}`, `removed-${name}-${number}`, plate(number)))
    }),
  )
  await removeSearchAttribute(database.db, scope, attribute?.id ?? 0)
  while (await run({ forMs: 50 }));
  isOver = true
  await lanes
  await run()
  assert.equal(await count('attribute_value where attribute_id = $1', attribute?.id), 0)
  assert.equal(await count('study_value v where not exists (select from attribute_value a where a.id = v.value_id)'), 0)
  assert.equal(await count('search_attribute where id = $1', attribute?.id), 0)
})

test('an index that is stopped goes on where it was, and counts what it cannot read', async () => {
  await database.db.pool.query(
    `update instance set metadata = '\\x010203' where id in (select id from instance order by id limit 3)`,
  )
  const { id } = await addSearchAttribute(database.db, scope, { ...shape, level: 'instance' })
  const stop = new AbortController()
  const isMore = run({ signal: stop.signal })
  stop.abort()
  assert.equal(await isMore, true)
  assert.equal(await run({ forMs: 1 }), true)
  const [state, progress] = await stateOf('ComponentShape')
  assert.ok(
    state === 'indexing' && Number(progress) > 0 && Number(progress) < 1,
    `${String(state)} ${String(progress)}`,
  )
  assert.equal(await run(), false)
  assert.deepEqual(await stateOf('ComponentShape'), ['ready', 1, 3])
  assert.equal(
    await count('instance_value v join attribute_value a on a.id = v.value_id where a.attribute_id = $1', id),
    (await count('instance')) - 3,
  )
})

test('an index that the database refuses says why, holds up nobody, and can be resumed', async () => {
  const owner = openDb({ connectionString: database.adminUrl })
  await owner.pool.query(`alter table attribute_value add constraint planted check (text_value <> 'RING')`)
  assert.equal(
    (await writer.insert(scope, rowOf('ring', 'ring', attributesOf({ CurvatureType: 'RING' })))).outcome,
    'stored',
  )
  const { id } = await addSearchAttribute(database.db, scope, {
    name: 'CurvatureType',
    path: '00140052',
    vr: 'CS',
    level: 'series',
  })
  assert.equal(await run(), false)
  assert.equal((await stateOf('CurvatureType'))[0], 'failed')
  const failed = (await listSearchAttributes(database.db, scope)).find((one) => one.id === id)
  assert.match(failed?.fault ?? '', /planted/)
  // Storing is not held up by it: the row that cannot be indexed fails alone, as any that the database refuses.
  assert.equal(
    (await writer.insert(scope, rowOf('ok', 'ok', attributesOf({ CurvatureType: 'FLAT' })))).outcome,
    'stored',
  )
  assert.equal(
    (await writer.insert(scope, rowOf('no', 'no', attributesOf({ CurvatureType: 'RING' })))).outcome,
    'failed',
  )
  await owner.pool.query('alter table attribute_value drop constraint planted')
  await closeDb(owner)
  await resumeSearchAttribute(database.db, scope, id)
  assert.equal(await run(), false)
  assert.deepEqual((await stateOf('CurvatureType')).slice(0, 2), ['ready', 1])
  assert.equal(
    await count('series_value v join attribute_value a on a.id = v.value_id where a.attribute_id = $1', id),
    2,
  )
})

test('rows that come back or change are indexed anew within their transaction', async () => {
  const { rows } = await database.db.pool.query<{ id: number; study: number }>(
    `select i.id, i.study_id as study from instance i join study s on s.id = i.study_id where s.component_number = 'ok'`,
  )
  const [row] = rows
  const values = (): Promise<number> =>
    count('series_value v join series r on r.id = v.series_id where r.study_id = $1', row?.study)
  assert.equal(await values(), 1)
  await inTransaction(database.db, async (client) => {
    await dropValues(client, [row?.study ?? 0])
    await client.query('update instance set metadata = $2 where id = $1', [
      row?.id,
      zstdCompressSync(stringifyDataset(attributesOf({ CurvatureType: ['CONCAVE', 'CONVEX'] }))),
    ])
    assert.equal(await indexInstances(database.db, client, [row?.id ?? 0], findValues), 0)
  })
  assert.equal(await values(), 2)
  // Whatever is deleted takes its values along.
  await database.db.pool.query('delete from instance where id = $1', [row?.id])
  await database.db.pool.query('delete from series where study_id = $1', [row?.study])
  assert.equal(await values(), 0)
})
