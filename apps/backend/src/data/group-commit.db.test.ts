// Commits that fail, or wait: what their rows are told is what is there.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { closeDb, openDb } from '@instandt/db'
import { createLogger } from '@instandt/runtime'
import { type TestDatabase, testDatabase } from '@instandt/testkit'
import { AppError } from '../app-error.ts'
import { readArchiveScope, systemScope, type StoreScope } from '../plugins/access.ts'
import { createInstanceWriter, type InstanceWriter } from './group-commit.ts'
import { makeRow } from './insert-rows.fixture.ts'

let database: TestDatabase
let scope: StoreScope
before(async () => {
  database = await testDatabase()
  scope = await readArchiveScope(database.db)
})
after(() => database.stop())

const isFault = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

test('a statement that never reached the database leaves its row committed, and nobody is told that it is not', async () => {
  const row = makeRow({ study: 'unsent', instance: 'unsent', blobKey: 'objects/aa/unsent' })
  const alongside = (): Promise<never> => Promise.reject(new Error('not sent'))
  await assert.rejects(createInstanceWriter(database.db).insert(scope, row, { alongside }), isFault('commit-unknown'))
  const { rowCount } = await database.db.pool.query(`select from instance where blob_key = 'objects/aa/unsent'`)
  assert.equal(rowCount, 1)
})

interface Watched {
  writer: InstanceWriter
  transactions: () => number
  lines: Record<string, unknown>[]
}

/** A writer whose transactions and log lines are counted. */
async function withWatched(work: (watched: Watched) => Promise<void>): Promise<void> {
  const db = openDb({ connectionString: database.appUrl, max: 3 })
  const lines: Record<string, unknown>[] = []
  const log = createLogger({
    name: 'test',
    level: 'warn',
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  })
  let transactions = 0
  const connect = db.pool.connect.bind(db.pool) as () => Promise<never>
  db.pool.connect = () => {
    transactions += 1
    return connect()
  }
  try {
    await work({ writer: createInstanceWriter(db, log), transactions: () => transactions, lines })
  } finally {
    await closeDb(db)
  }
}

const rowOf = (study: string, instance: string | number) => makeRow({ study, instance: `${study}-${instance}` })
const stored = { outcome: 'stored' }

test('after a commit that was undone for a late flush, rows wait for their bytes first, and the log tells', async () => {
  await withWatched(async ({ writer, transactions, lines }) => {
    assert.deepEqual(await writer.insert(scope, rowOf('slow', 0), { durable: delay(400) }), stored)
    assert.equal(transactions(), 2)
    assert.deepEqual(
      lines.map(({ rows, undone }) => ({ rows, undone })),
      [{ rows: 1, undone: 1 }],
    )
    assert.deepEqual(await writer.insert(scope, rowOf('slow', 1), { durable: delay(400) }), stored)
    assert.equal(transactions(), 3)
    assert.equal(lines.length, 1)
  })
})

test('rows wait for their bytes while flushes take long on average, and no longer', async () => {
  await withWatched(async ({ writer, transactions }) => {
    let number = 0
    /** Whether its transaction began before its bytes were durable. */
    const isBeside = async (flushMs: number): Promise<boolean> => {
      const before = transactions()
      let began = before
      const durable = delay(flushMs).then(() => {
        began = transactions()
      })
      assert.deepEqual(await writer.insert(scope, rowOf('pace', (number += 1)), { durable }), stored)
      return began > before
    }
    assert.equal(await isBeside(100), true)
    for (let flushes = 0; flushes < 6; flushes += 1) await isBeside(100)
    assert.equal(await isBeside(100), false)
    for (let flushes = 0; flushes < 30; flushes += 1) await isBeside(1)
    assert.equal(await isBeside(100), true)
  })
})

test('a row that comes again with durable bytes does not wait for the bytes of others', async () => {
  const { rows } = await database.db.pool.query<{ id: number }>(
    `insert into project (slug, name) values ('beside', 'Beside') returning id`,
  )
  const project = rows[0]?.id ?? -1
  await withWatched(async ({ writer, lines }) => {
    // With a connection at hand, the times below are those of the flushes alone.
    await writer.insert(scope, rowOf('mixed', 'first'))
    const last = Promise.withResolvers<void>()
    const late = writer.insert(scope, rowOf('mixed', 'late'), { durable: delay(400) })
    await delay(100)
    const others = [
      writer.insert(systemScope([project], project), rowOf('elsewhere', 'a'), { durable: last.promise }),
      writer.insert(scope, rowOf('mixed', 'other'), { durable: last.promise }),
    ]
    assert.deepEqual(await late, stored)
    // Its own, and the one of the other project that began before its bytes were durable.
    assert.equal(lines.length, 2)
    last.resolve()
    assert.deepEqual(await Promise.all(others), [stored, stored])
  })
})

test('a connection that ends while bytes are waited for has committed nothing, and that is said', async () => {
  const flush = Promise.withResolvers<void>()
  const db = openDb({
    connectionString: database.appUrl,
    applicationName: 'ending',
    onBrokenConnection: () => flush.resolve(),
  })
  try {
    const row = makeRow({ study: 'ending', instance: 'ending', blobKey: 'objects/aa/ending' })
    const writer = createInstanceWriter(db)
    assert.deepEqual(await writer.insert(scope, rowOf('ending', 'first')), stored)
    const refused = assert.rejects(
      writer.insert(scope, row, { durable: flush.promise }),
      isFault('database-unavailable'),
    )
    for (let ended = 0; ended === 0; await delay(5)) {
      const { rowCount } = await database.db.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'ending' and state = 'idle in transaction'`,
      )
      ended = rowCount ?? 0
    }
    await refused
    const { rowCount } = await database.db.pool.query(`select from instance where blob_key = 'objects/aa/ending'`)
    assert.equal(rowCount, 0)
  } finally {
    await closeDb(db)
  }
})
