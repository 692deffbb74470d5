import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type TestDatabase, testDatabase } from '@instandt/testkit'
import { AppError } from '../app-error.ts'
import { readArchiveScope, type StoreScope } from '../plugins/access.ts'
import { createInstanceWriter, type InstanceWriter } from './group-commit.ts'
import { makeRow } from './insert-rows.fixture.ts'

let database: TestDatabase
let writer: InstanceWriter
let scope: StoreScope
before(async () => {
  database = await testDatabase()
  writer = createInstanceWriter(database.db)
  scope = await readArchiveScope(database.db)
})
after(() => database.stop())

/** Keys of the rows that everybody sees. */
async function storedKeys(study: string): Promise<string[]> {
  const { rows } = await database.db.pool.query<{ blob_key: string }>(
    'select blob_key from instance where blob_key like $1 order by 1',
    [`objects/aa/${study}-%`],
  )
  return rows.map((row) => row.blob_key)
}

const rowOf = (study: string, instance: string) =>
  makeRow({ study, instance: `${study}-${instance}`, blobKey: `objects/aa/${study}-${instance}` })

test('a row is committed behind its bytes', async () => {
  const flush = Promise.withResolvers<void>()
  const inserted = writer.insert(scope, rowOf('behind', 'a'), { durable: flush.promise })
  // Longer than a transaction waits for them, too.
  for (const pause of [100, 300]) {
    await delay(pause)
    assert.deepEqual(await storedKeys('behind'), [])
  }
  flush.resolve()
  assert.deepEqual(await inserted, { outcome: 'stored' })
  assert.deepEqual(await storedKeys('behind'), ['objects/aa/behind-a'])
})

test('bytes that cannot be flushed take their own row with them, and no other of the batch', async () => {
  const full = new AppError('storage-unavailable', 503, 'The image store is full.')
  const failing = delay(20).then(() => Promise.reject(full))
  const results = await Promise.allSettled([
    writer.insert(scope, rowOf('failing', 'a')),
    writer.insert(scope, rowOf('failing', 'b'), { durable: failing }),
    writer.insert(scope, rowOf('failing', 'c'), { durable: delay(60) }),
    writer.insert(scope, rowOf('failing', 'd'), { durable: delay(1) }),
  ])
  assert.deepEqual(results, [
    { status: 'fulfilled', value: { outcome: 'stored' } },
    { status: 'rejected', reason: full },
    { status: 'fulfilled', value: { outcome: 'stored' } },
    { status: 'fulfilled', value: { outcome: 'stored' } },
  ])
  assert.deepEqual(
    await storedKeys('failing'),
    ['a', 'c', 'd'].map((instance) => `objects/aa/failing-${instance}`),
  )
})

test('bytes that are long in coming hold up no other row of their study', async () => {
  const flush = Promise.withResolvers<void>()
  const late = writer.insert(scope, rowOf('late', 'a'), { durable: flush.promise })
  assert.deepEqual(await writer.insert(scope, rowOf('late', 'b')), { outcome: 'stored' })
  assert.deepEqual(await writer.insert(scope, rowOf('late', 'c')), { outcome: 'stored' })
  flush.resolve()
  assert.deepEqual(await late, { outcome: 'stored' })
})
