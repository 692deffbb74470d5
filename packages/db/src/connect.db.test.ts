import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { testDatabase, type TestDatabase } from '@instandt/testkit'
import pg from 'pg'
import { closeDb, openDb, retireConnections } from './index.ts'

let database: TestDatabase

before(async () => {
  database = await testDatabase()
})
after(() => database.stop())

test('bigint arrives as a number through both ways in, and one that does not fit is an error', async () => {
  const { db } = database
  const project = await db.kysely.selectFrom('project').select(['id', 'slug']).executeTakeFirstOrThrow()
  assert.deepEqual(project, { id: 1, slug: 'default' })
  assert.deepEqual((await db.pool.query('select 9007199254740991::bigint as n')).rows, [{ n: 9_007_199_254_740_991 }])
  await assert.rejects(db.pool.query('select 9007199254740993::bigint as n'), RangeError)
  assert.deepEqual((await db.pool.query('select 1 as n')).rows, [{ n: 1 }])
})

test('other pools keep the types of node-postgres', async () => {
  const pool = new pg.Pool({ connectionString: database.appUrl })
  assert.deepEqual((await pool.query('select 1::bigint as n')).rows, [{ n: '1' }])
  await pool.end()
})

test('a password function is asked at every new connection and its answer used', async () => {
  const url = new URL(database.appUrl)
  const right = url.password
  url.password = ''
  url.searchParams.set('sslmode', 'disable')
  const answers = [right, right, 'wrong']
  let asked = 0
  const db = openDb({
    connectionString: url.href,
    credentials: { current: () => ({ password: () => Promise.resolve(answers[asked++] ?? '') }) },
    connectTimeoutMs: 5000,
  })
  const clients = [await db.pool.connect(), await db.pool.connect()]
  await assert.rejects(db.pool.connect(), { code: '28P01' })
  assert.equal(asked, 3)
  for (const client of clients) client.release()
  await closeDb(db)
})

test('new connections take the newest credentials, a refused one asks for newer ones, older ones are retired', async () => {
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  const names = ['a', 'b'].map((end) => `rotating_${process.pid}_${end}`)
  for (const name of names) await admin.query(`create role ${name} login password 'right-${name}' in role instandt_app`)
  const url = new URL(database.appUrl)
  url.searchParams.set('sslmode', 'disable')
  let current = 0
  let refreshed = 0
  const db = openDb({
    connectionString: url.href,
    max: 3,
    credentials: {
      current: () => ({ user: names[current] ?? '', password: `right-${names[current]}` }),
      refresh: () => {
        refreshed += 1
        current = 1
        return Promise.resolve()
      },
    },
  })
  const whoAmI = async (): Promise<string | undefined> =>
    (await db.pool.query<{ name: string }>('select current_user as name')).rows[0]?.name
  try {
    assert.equal(await whoAmI(), names[0])
    const busy = await db.pool.connect()
    await admin.query(`alter role ${names[0]} nologin`)
    // The pool has no idle connection left, so this one is new: refused, and right at the second try.
    assert.equal(await whoAmI(), names[1])
    assert.equal(refreshed, 1)
    const retired = retireConnections(db, (user) => user !== names[1])
    assert.equal((await busy.query<{ name: string }>('select current_user as name')).rows[0]?.name, names[0])
    busy.release()
    await retired
    const users = await admin.query<{ name: string }>(
      `select distinct usename as name from pg_stat_activity where usename like 'rotating_${process.pid}_%'`,
    )
    assert.deepEqual(users.rows, [{ name: names[1] }])
  } finally {
    await closeDb(db)
    for (const name of names) await admin.query(`drop role ${name}`)
    await admin.end()
  }
})

test('a connection cut inside a transaction fails that work alone; the next query finds a new one', async () => {
  const broken: Error[] = []
  const db = openDb({ connectionString: database.appUrl, max: 1, onBrokenConnection: (error) => broken.push(error) })
  const client = await db.pool.connect()
  await client.query('begin')
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  await admin.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid])
  await admin.end()
  await assert.rejects(client.query('select 1'))
  client.release(true)
  assert.ok(broken.length > 0)
  assert.deepEqual((await db.pool.query('select 1 as n')).rows, [{ n: 1 }])
  await closeDb(db)
})

test('a statement that takes too long is cut off', async () => {
  const db = openDb({ connectionString: database.appUrl, statementTimeoutMs: 100 })
  await assert.rejects(db.pool.query('select pg_sleep(5)'), { code: '57014' })
  await closeDb(db)
})

test('a server that does not answer is given up after the connect time', async () => {
  const { createServer } = await import('node:net')
  const silent = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  const db = openDb({ connectionString: `postgres://a:b@127.0.0.1:${port}/c`, connectTimeoutMs: 200 })
  const started = performance.now()
  await assert.rejects(db.pool.query('select 1'), /timeout/)
  assert.ok(performance.now() - started < 5000)
  await closeDb(db)
  silent.close()
})
