import { createHash, randomBytes } from 'node:crypto'
import { closeDb, type Db, openDb } from '@instandt/db'
import { defaultMigrationsDir, readMigrations, runMigrations } from '@instandt/migrate'
import { createLogger } from '@instandt/runtime'
import pg from 'pg'
import { addTestToken } from './caller.ts'
import { startPostgres } from './embedded-postgres.ts'

export interface TestDatabase {
  /** Owner of the database. */
  adminUrl: string
  /** The backend's role: rows only, no DDL. */
  appUrl: string
  /** A pool of the backend's role. */
  db: Db
  /** Closes the pool and drops the database. */
  stop: () => Promise<void>
}

const appRole = 'instandt_app'
/** On a cluster that lives as long as the tests and listens on the loopback alone. */
const appPassword = 'only-for-tests-instandt'
const templateLock = 4_410_027

let ownServer: Promise<string> | undefined

/** The run's cluster, or one of this process, started at first need; it ends with the process. */
export function testPostgresUrl(): Promise<string> {
  const given = process.env['INSTANDT_TEST_POSTGRES']
  ownServer ??= given ? Promise.resolve(given) : startPostgres().then((server) => server.adminUrl)
  return ownServer
}

/** A migrated database of its own, copied from a template in tens of milliseconds. */
export async function testDatabase(): Promise<TestDatabase> {
  const serverUrl = await testPostgresUrl()
  const template = await ensureTemplate(serverUrl)
  const name = `test_${randomBytes(8).toString('hex')}`
  await onServer(serverUrl, async (client) => {
    await client.query(`create database ${name} template ${template}`)
    await client.query(`revoke all on database ${name} from public`)
    await client.query(`grant connect on database ${name} to ${appRole}`)
  })
  const appUrl = withPath(serverUrl, name, appRole, appPassword)
  const db = openDb({ connectionString: appUrl, applicationName: name })
  return {
    adminUrl: withPath(serverUrl, name),
    appUrl,
    db,
    async stop() {
      await closeDb(db)
      await onServer(serverUrl, (client) => dropDatabase(client, name))
    },
  }
}

/** An empty database without any schema, for tests of the migration job. */
export async function emptyDatabase(): Promise<{ adminUrl: string; stop: () => Promise<void> }> {
  const serverUrl = await testPostgresUrl()
  const name = `empty_${randomBytes(8).toString('hex')}`
  await onServer(serverUrl, (client) => client.query(`create database ${name} template template0`))
  return {
    adminUrl: withPath(serverUrl, name),
    stop: () => onServer(serverUrl, (client) => dropDatabase(client, name)),
  }
}

/** A connection that is just being closed gets a second: one that is thrown out instead fails a test that has passed. */
async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    const { rowCount } = await client.query('select from pg_stat_activity where datname = $1', [name])
    if (rowCount === 0) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await client.query(`drop database if exists ${name} with (force)`)
}

/** Made once for each state of the migrations; processes that come at the same time wait for the one that makes it. */
async function ensureTemplate(serverUrl: string): Promise<string> {
  const migrations = await readMigrations(defaultMigrationsDir)
  const state = createHash('sha256')
    .update(migrations.map((one) => one.checksum).join())
    .digest('hex')
  const name = `template_${state.slice(0, 16)}`
  await onServer(serverUrl, async (client) => {
    const isMade = async () => (await client.query('select from pg_database where datname = $1', [name])).rowCount === 1
    if (await isMade()) return
    await client.query('select pg_advisory_lock($1)', [templateLock])
    if (await isMade()) return
    const fresh = `${name}_new`
    await client.query(`drop database if exists ${fresh} with (force)`)
    await client.query(`create database ${fresh} template template0`)
    await runMigrations(
      { databaseUrl: withPath(serverUrl, fresh), appRole, appRolePassword: appPassword },
      createLogger({ name: 'migrate', level: 'warn' }),
    )
    const inside = new pg.Client({ connectionString: withPath(serverUrl, fresh) })
    await inside.connect()
    await addTestToken(inside).finally(() => inside.end())
    await client.query(`alter database ${fresh} rename to ${name}`)
  })
  return name
}

async function onServer<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function withPath(url: string, database: string, role?: string, password?: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  if (role !== undefined) changed.username = role
  if (password !== undefined) changed.password = password
  return changed.href
}
