import assert from 'node:assert/strict'
import { mkdtemp, cp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { closeDb, openDb } from '@instandt/db'
import { createLogger } from '@instandt/runtime'
import { emptyDatabase, testPostgresUrl } from '@instandt/testkit'
import { Logger as QueueLogger, run } from 'graphile-worker'
import pg from 'pg'
import { defaultMigrationsDir, type MigrateConfig, runMigrations } from './index.ts'

const log = createLogger({ name: 'test', level: 'silent' })
const appRole = 'instandt_app_role_test'
const appRolePassword = 'long-enough-for-a-test'

let database: { adminUrl: string; stop: () => Promise<void> }
let config: MigrateConfig
let admin: pg.Client
let app: pg.Client

before(async () => {
  database = await emptyDatabase()
  config = { databaseUrl: database.adminUrl, appRole, appRolePassword }
  await runMigrations(config, log)
  admin = new pg.Client({ connectionString: database.adminUrl })
  app = new pg.Client({ connectionString: appUrl() })
  await Promise.all([admin.connect(), app.connect()])
})
after(async () => {
  await Promise.all([admin.end(), app.end()])
  await database.stop()
  const server = new pg.Client({ connectionString: await testPostgresUrl() })
  await server.connect()
  await server.query(`drop role ${appRole}`)
  await server.end()
})

function appUrl(password = appRolePassword): string {
  const url = new URL(database.adminUrl)
  url.username = appRole
  url.password = password
  return url.href
}

const rights = async () =>
  (
    await admin.query<{ name: string; rights: string }>(
      `select format('%s.%s', n.nspname, c.relname) as name,
              string_agg(lower(g.privilege_type), ' ' order by g.privilege_type) as rights
         from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) g
        where g.grantee = to_regrole($1) group by 1 order by 1`,
      [appRole],
    )
  ).rows

test('the backend may read and write the rows of every table, and nothing else', async () => {
  const tables = await admin.query<{ name: string; kind: string }>(
    `select format('%s.%s', n.nspname, c.relname) as name, c.relkind as kind
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('public', 'graphile_worker') and c.relkind in ('r', 'v', 'S') order by 1`,
  )
  assert.ok(tables.rows.length > 10)
  assert.deepEqual(
    await rights(),
    tables.rows.map(({ name, kind }) => ({
      name,
      rights:
        kind === 'S'
          ? 'usage'
          : name.endsWith('migration') || name.endsWith('migrations')
            ? 'select'
            : // What happened can be added to, never changed.
              /audit_(event|seal)$/.test(name)
              ? 'insert select'
              : 'delete insert select update',
    })),
  )
})

for (const statement of [
  'create table public.mine ()',
  'create table graphile_worker.mine ()',
  'create temporary table mine ()',
  'create schema mine',
  'create view public.mine as select 1',
  'create function public.mine() returns int language sql as $$select 1$$',
  'create extension citext',
  'alter table project add column mine text',
  'create index on study (study_id)',
  'drop table instance',
  'truncate instance',
  'alter table graphile_worker._private_jobs disable row level security',
  'create role mine',
  'insert into schema_migration (number, name, kind, checksum) values (9, $$9$$, $$compatible$$, $$$$)',
  'delete from graphile_worker.migrations',
  'delete from audit_event',
  'update audit_seal set seq = 0',
]) {
  test(`the backend may not: ${statement}`, async () => {
    await assert.rejects(app.query(statement), { code: '42501' })
  })
}

test('the job queue starts, takes jobs in a transaction and runs them as the backend, without any DDL', async () => {
  const db = openDb({ connectionString: appUrl() })
  const seen: unknown[] = []
  await app.query('begin')
  await app.query(`select graphile_worker.add_job('remember', '{"word": "committed"}')`)
  await app.query('commit')
  await app.query('begin')
  await app.query(`select graphile_worker.add_job('remember', '{"word": "rolled back"}')`)
  await app.query('rollback')
  const { promise, resolve } = Promise.withResolvers<void>()
  const runner = await run({
    pgPool: db.pool,
    concurrency: 2,
    noHandleSignals: true,
    logger: new QueueLogger(() => () => undefined),
    crontab: '0 4 * * * remember',
    taskList: {
      remember(payload) {
        seen.push(payload)
        if (seen.length === 2) resolve()
      },
    },
  })
  // Arrives by notification while the worker listens.
  await app.query(
    `select graphile_worker.add_job('remember', '{"word": "while listening"}', queue_name := 'one-by-one')`,
  )
  await promise
  await runner.stop()
  await closeDb(db)
  assert.deepEqual(
    new Set(seen.map((payload) => (payload as { word: string }).word)),
    new Set(['committed', 'while listening']),
  )
  assert.deepEqual((await app.query('select count(*)::int as left from graphile_worker._private_jobs')).rows, [
    { left: 0 },
  ])
})

test('a table of a later migration is covered, and a right given by hand is taken back', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-migrations-'))
  try {
    await cp(defaultMigrationsDir, folder, { recursive: true })
    const number = String((await readdir(folder)).length + 1).padStart(4, '0')
    await writeFile(
      path.join(folder, `${number}_later.sql`),
      '-- compatible\ncreate table later (id bigint generated always as identity primary key);\n',
    )
    await admin.query(`grant truncate on instance to ${appRole}; grant create on schema public to ${appRole}`)
    await runMigrations({ ...config, migrationsDir: folder }, log)
    await app.query('insert into later default values')
    await assert.rejects(app.query('truncate instance'), { code: '42501' })
    await assert.rejects(app.query('create table mine ()'), { code: '42501' })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a role that exists keeps its own way of signing in when no password is given', async () => {
  await runMigrations({ databaseUrl: database.adminUrl, appRole }, log)
  const again = new pg.Client({ connectionString: appUrl() })
  await again.connect()
  await again.end()
})

test('a given password replaces the old one', async () => {
  await runMigrations({ ...config, appRolePassword: 'another-long-password' }, log)
  const old = new pg.Client({ connectionString: appUrl() })
  await assert.rejects(old.connect(), { code: '28P01' })
  const fresh = new pg.Client({ connectionString: appUrl('another-long-password') })
  await fresh.connect()
  await fresh.end()
})
