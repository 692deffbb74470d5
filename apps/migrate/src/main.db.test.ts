import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '@instandt/runtime'
import { emptyDatabase, testPostgresUrl } from '@instandt/testkit'
import pg from 'pg'
import { defaultMigrationsDir, runMigrations } from './index.ts'

const main = path.join(import.meta.dirname, 'main.ts')
const appRole = 'instandt_migrate_test'
const quiet = createLogger({ name: 'test', level: 'silent' })

let database: { adminUrl: string; stop: () => Promise<void> }
let migrations: string

before(async () => {
  await testPostgresUrl()
})
beforeEach(async () => {
  database = await emptyDatabase()
  migrations = await mkdtemp(path.join(tmpdir(), 'instandt-migrations-'))
  await cp(defaultMigrationsDir, migrations, { recursive: true })
})
afterEach(async () => {
  await database.stop()
  await rm(migrations, { recursive: true })
})
after(async () => {
  await query(`drop role if exists ${appRole}`, await testPostgresUrl())
})

async function query<Row extends pg.QueryResultRow>(sql: string, url = database.adminUrl): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

/** Starts the job as a deployment does: a process of its own that is told everything by its environment. */
function startJob(env: Record<string, string> = {}, args: string[] = []) {
  const child = spawn(process.execPath, [main, ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      MIGRATE_DATABASE_URL: database.adminUrl,
      MIGRATE_FOLDER: migrations,
      APP_ROLE: appRole,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }))
  return { child, ended, output: () => output }
}
const runJob = (env?: Record<string, string>, args?: string[]) => startJob(env, args).ended

const addMigration = async (text: string) => {
  const number = (await readdir(migrations)).length + 1
  const name = `${String(number).padStart(4, '0')}_added_by_test.sql`
  await writeFile(path.join(migrations, name), text)
  return name
}
const appliedNames = async () =>
  (await query<{ name: string }>('select name from schema_migration order by number')).map((row) => row.name)

test('applies everything and exits 0; the second run finds nothing to do and exits 0', async () => {
  const first = await runJob()
  assert.equal(first.code, 0, first.output)
  assert.deepEqual(await appliedNames(), (await readdir(migrations)).sort())
  const second = await runJob()
  assert.equal(second.code, 0, second.output)
  assert.match(second.output, /nothing to apply/)
})

test('of three at once one works and the others wait; all exit 0', async () => {
  await addMigration('-- compatible\nselect pg_sleep(1); create table once_only ();')
  const results = await Promise.all([runJob(), runJob(), runJob()])
  assert.deepEqual(
    results.map((result) => result.code),
    [0, 0, 0],
    results.map((result) => result.output).join('\n'),
  )
  const outputs = results.map((result) => result.output)
  assert.equal(outputs.filter((output) => output.includes('"msg":"applying"')).length, 1)
  assert.ok(outputs.some((output) => output.includes('waiting for it')))
})

test('a failing step is rolled back whole, named with its SQL error and place, and exits 1', async () => {
  const name = await addMigration('-- compatible\ncreate table half_done ();\nselect 1 from no_such_table;\n')
  const { code, output } = await runJob()
  assert.equal(code, 1)
  assert.ok(output.includes(name), output)
  assert.match(output, /relation \\"no_such_table\\" does not exist \(42P01\) at line 3, column 15/)
  assert.deepEqual(await query(`select to_regclass('half_done') as found`), [{ found: null }])
  assert.ok(!(await appliedNames()).includes(name))
})

test('a file edited after it was applied is refused by name', async () => {
  assert.equal((await runJob()).code, 0)
  await appendFile(path.join(migrations, '0001_archive.sql'), '-- a word more\n')
  const { code, output } = await runJob()
  assert.equal(code, 1)
  assert.match(output, /0001_archive\.sql: was edited after it was applied/)
})

test('line ends of another checkout are no edit', async () => {
  assert.equal((await runJob()).code, 0)
  const file = path.join(migrations, '0001_archive.sql')
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('\n', '\r\n'))
  const { code, output } = await runJob()
  assert.equal(code, 0, output)
})

test('demands a first line that says compatible or breaking, a name and an unbroken count', async () => {
  const name = await addMigration('create table undecided ();')
  const first = await runJob()
  assert.equal(first.code, 1)
  assert.ok(first.output.includes(`${name}: the first line must be`), first.output)

  await rm(path.join(migrations, name))
  await writeFile(path.join(migrations, '0099_gap.sql'), '-- compatible\n')
  const second = await runJob()
  assert.equal(second.code, 1)
  assert.match(second.output, /0099_gap\.sql: expected number/)
  assert.deepEqual(await query(`select to_regclass('project') as found`), [{ found: null }])
})

test('a file that would end its own transaction is refused before anything is done; function bodies may say end', async () => {
  const name = await addMigration('-- compatible\ncreate table half ();\nCommit;\n')
  const refused = await runJob()
  assert.equal(refused.code, 1)
  assert.ok(refused.output.includes(`${name}: must not begin or end transactions`), refused.output)
  assert.deepEqual(await query(`select to_regclass('project') as found`), [{ found: null }])

  const body = 'create function f() returns int language plpgsql as $f$\nbegin\n  return 1;\nend;\n$f$;\n'
  await writeFile(path.join(migrations, name), `-- compatible\n${body}`)
  const accepted = await runJob()
  assert.equal(accepted.code, 0, accepted.output)
})

test('tries an unreachable database again within the limit, then exits 1', async () => {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  const started = performance.now()
  const { code, output } = await runJob({
    MIGRATE_DATABASE_URL: `postgres://nobody:nothing@127.0.0.1:${port}/none`,
    MIGRATE_CONNECT_SECONDS: '2',
  })
  assert.equal(code, 1)
  assert.ok(performance.now() - started > 2000)
  assert.match(output, /trying again/)
  assert.match(output, /could not be reached within 2 s: .*ECONNREFUSED/)
  assert.ok(!output.includes('nothing@'))
})

test('waits for a database that comes up while it tries', async () => {
  const upstream = new URL(database.adminUrl)
  const door = createServer((socket) => {
    const onward = connect(Number(upstream.port), '127.0.0.1')
    socket.pipe(onward).pipe(socket)
    socket.on('error', () => onward.destroy())
    onward.on('error', () => socket.destroy())
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  const { port } = door.address() as { port: number }
  door.close()
  await once(door, 'close')
  const url = new URL(database.adminUrl)
  url.port = String(port)
  const job = startJob({ MIGRATE_DATABASE_URL: url.href, MIGRATE_CONNECT_SECONDS: '30' })
  while (!job.output().includes('trying again')) await sleep(20)
  door.listen(port, '127.0.0.1')
  const { code, output } = await job.ended
  door.close()
  assert.equal(code, 0, output)
})

test('a refused password is final and is not tried again', async () => {
  const url = new URL(database.adminUrl)
  url.password = 'wrong'
  const { code, output } = await runJob({ MIGRATE_DATABASE_URL: url.href })
  assert.equal(code, 1)
  assert.match(output, /refused the connection.*28P01/)
  assert.ok(!output.includes('trying again'))
})

test('killed in the middle: nothing half there, and the next run completes', async () => {
  const name = await addMigration('-- compatible\ncreate table long_work ();\nselect pg_sleep(2);\n')
  const job = startJob()
  while (!job.output().includes(name)) await sleep(10)
  job.child.kill('SIGKILL')
  await job.ended
  assert.deepEqual(await query(`select to_regclass('long_work') as found`), [{ found: null }])
  const { code, output } = await runJob()
  assert.equal(code, 0, output)
  assert.equal((await appliedNames()).at(-1), name)
})

test('a step that cannot get its lock in time fails instead of holding everybody up', async () => {
  assert.equal((await runJob()).code, 0)
  const name = await addMigration('-- compatible\nalter table project add column note text;\n')
  const holder = new pg.Client({ connectionString: database.adminUrl })
  await holder.connect()
  await holder.query('begin; select * from project')
  try {
    const { code, output } = await runJob({ MIGRATE_LOCK_SECONDS: '1' })
    assert.equal(code, 1)
    assert.ok(output.includes(`${name}: canceling statement due to lock timeout (55P03)`), output)
  } finally {
    await holder.end()
  }
  assert.equal((await runJob()).code, 0)
})

test('--dry-run lists and changes nothing', async () => {
  const { code, output } = await runJob({}, ['--dry-run'])
  assert.equal(code, 0)
  for (const name of await readdir(migrations)) assert.ok(output.includes(name))
  assert.deepEqual(
    await query(`select count(*)::int as tables from pg_class where relnamespace = 'public'::regnamespace`),
    [{ tables: 0 }],
  )
})

test('a newer database is accepted while its later migrations are compatible, and refused otherwise', async () => {
  assert.equal((await runJob()).code, 0)
  await query(
    `insert into schema_migration (number, name, kind, checksum) values (9001, '9001_later.sql', 'compatible', '')`,
  )
  const accepted = await runJob()
  assert.equal(accepted.code, 0, accepted.output)
  await query(`update schema_migration set kind = 'breaking' where number = 9001`)
  const refused = await runJob()
  assert.equal(refused.code, 1)
  assert.match(refused.output, /9001_later\.sql, a breaking migration this release does not know/)
})

test('an index that was made before the release, beside running uploads, is not made again', async () => {
  const last = path.join(migrations, '0013_count_proven.sql')
  const later = (await readdir(migrations)).filter((name) => name >= path.basename(last))
  const texts = await Promise.all(later.map((name) => readFile(path.join(migrations, name), 'utf8')))
  await Promise.all(later.map((name) => rm(path.join(migrations, name))))
  assert.equal((await runJob()).code, 0)
  const operations = await readFile(path.join(import.meta.dirname, '../../../docs/operations.md'), 'utf8')
  const command = /create index concurrently [^']+/.exec(operations)?.[0] ?? assert.fail('no command')
  await query(command)
  const indexes = (): Promise<object[]> =>
    query(`select indexrelid, indisvalid from pg_index where indrelid = 'instance'::regclass order by 1`)
  const before = await indexes()
  await Promise.all(later.map((name, at) => writeFile(path.join(migrations, name), texts[at] ?? '')))
  const { code, output } = await runJob()
  assert.equal(code, 0, output)
  assert.deepEqual(await indexes(), before)
})

test('a wrong environment names every fault at once and exits 1', async () => {
  const { code, output } = await runJob({ MIGRATE_DATABASE_URL: 'http://x', MIGRATE_LOCK_SECONDS: 'soon' })
  assert.equal(code, 1)
  assert.match(output, /MIGRATE_DATABASE_URL/)
  assert.match(output, /MIGRATE_LOCK_SECONDS/)
})

test('called as a function it answers what it did', async () => {
  const config = { databaseUrl: database.adminUrl, appRole, migrationsDir: migrations }
  const names = (await readdir(migrations)).sort()
  assert.deepEqual(await runMigrations(config, quiet), { applied: names, version: names.length })
  assert.deepEqual(await runMigrations(config, quiet), { applied: [], version: names.length })
})
