import type { Logger } from '@instandt/runtime'
import { Logger as QueueLogger, runMigrations as installJobQueue } from 'graphile-worker'
import pg from 'pg'
import { ensureAppRole, grantAppRole } from './app-role.ts'
import type { MigrateConfig } from './config.ts'
import { connect, lockForMigration, signInOf } from './connect.ts'
import { MigrateError } from './migrate-error.ts'
import { defaultMigrationsDir, type Migration, readMigrations } from './migration-files.ts'

export interface MigrateResult {
  /** Names of the files applied now, or, in a dry run, of those that would be. */
  applied: string[]
  /** Number of the newest migration in the database afterwards. */
  version: number
}

interface Applied {
  number: number
  name: string
  kind: string
  checksum: string
}

/**
 * Brings the database to the newest migration: one job works, others wait for it; each file in a transaction of its
 * own; the job queue's tables and the backend's rights after that; at last everything is read back.
 * @throws {MigrateError} naming the file, the SQL error and its place; everything of that file is rolled back
 */
export async function runMigrations(config: MigrateConfig, log: Logger): Promise<MigrateResult> {
  const migrations = await readMigrations(config.migrationsDir ?? defaultMigrationsDir)
  const client = await connect(config, log)
  try {
    if (config.isDryRun !== true) await lockForMigration(client, config.waitSeconds ?? 1800, log)
    return await migrateLocked(client, config, migrations, log)
  } finally {
    await client.end()
  }
}

async function migrateLocked(
  client: pg.Client,
  config: MigrateConfig,
  migrations: Migration[],
  log: Logger,
): Promise<MigrateResult> {
  const before = await readApplied(client)
  const pending = pendingMigrations(migrations, before)
  const applied = pending.map((migration) => migration.name)
  if (config.isDryRun === true) {
    for (const { name, kind } of pending) log.info({ migration: name, kind }, 'would apply')
    if (pending.length === 0) log.info('nothing to apply')
    return { applied, version: newest(before) }
  }

  // A job whose machine vanished must not hold the lock for hours, nor run on in the server.
  await client.query(
    `set client_connection_check_interval = '5s'; set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10`,
  )
  await client.query(`set lock_timeout = ${Math.round((config.lockSeconds ?? 10) * 1000)}`)
  await client.query(`set statement_timeout = ${Math.round((config.statementSeconds ?? 3600) * 1000)}`)
  await client.query(`
    create table if not exists schema_migration (
      number integer primary key,
      name text not null unique,
      kind text not null check (kind in ('compatible', 'breaking')),
      checksum text not null,
      applied_at timestamptz not null default now()
    )`)
  for (const migration of pending) await applyMigration(client, migration, log)
  if (pending.length === 0) log.info({ version: newest(before) }, 'nothing to apply')

  await installQueue(config, log)
  await ensureAppRole(client, config.appRole, config.appRolePassword)
  await addIdentities(client, config, log)
  await inTransaction(client, () => grantAppRole(client, config.appRole))

  const after = await readApplied(client)
  const missing = pendingMigrations(migrations, after)
  if (missing.length > 0) throw new MigrateError(`after the run ${missing[0]?.name} is not applied`)
  log.info({ applied, version: newest(after) }, 'schema is up to date')
  return { applied, version: newest(after) }
}

const newest = (applied: Applied[]): number => applied.at(-1)?.number ?? 0

async function readApplied(client: pg.Client): Promise<Applied[]> {
  const exists = await client.query<{ is: boolean }>(`select to_regclass('public.schema_migration') is not null as is`)
  if (exists.rows[0]?.is !== true) return []
  const { rows } = await client.query<Applied>(
    'select number, name, kind, checksum from schema_migration order by number',
  )
  return rows
}

/** What is still to do; refuses a history that these files could not have made. */
function pendingMigrations(migrations: Migration[], applied: Applied[]): Migration[] {
  for (const done of applied) {
    const file = migrations[done.number - 1]
    if (file === undefined) {
      // A newer release has been here. Its compatible steps are safe to live with (decision 0021).
      if (done.kind === 'compatible') continue
      throw new MigrateError(
        `the database has ${done.name}, a breaking migration this release does not know; use the newer release`,
      )
    }
    if (file.name !== done.name) {
      throw new MigrateError(`${file.name}: the database has ${done.name} under this number`)
    }
    if (file.checksum !== done.checksum) {
      throw new MigrateError(`${file.name}: was edited after it was applied; write a new migration instead`)
    }
  }
  const done = new Set(applied.map((one) => one.number))
  return migrations.filter((migration) => !done.has(migration.number))
}

async function applyMigration(client: pg.Client, migration: Migration, log: Logger): Promise<void> {
  const started = performance.now()
  log.info({ migration: migration.name, kind: migration.kind }, 'applying')
  try {
    await inTransaction(client, async () => {
      await client.query(migration.sql)
      await client.query('insert into schema_migration (number, name, kind, checksum) values ($1, $2, $3, $4)', [
        migration.number,
        migration.name,
        migration.kind,
        migration.checksum,
      ])
    })
  } catch (cause) {
    throw new MigrateError(`${migration.name}: ${describeSqlError(cause, migration.sql)}`, { cause })
  }
  log.info({ migration: migration.name, ms: Math.round(performance.now() - started) }, 'applied')
}

/** The server's message, its code, and the place in the file as line and column. */
function describeSqlError(error: unknown, sql: string): string {
  if (!(error instanceof pg.DatabaseError)) return error instanceof Error ? error.message : String(error)
  const place = Number(error.position)
  const before = Number.isInteger(place)
    ? Array.from(sql)
        .slice(0, place - 1)
        .join('')
        .split('\n')
    : []
  const at = before.length === 0 ? '' : ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
  return `${error.message} (${error.code})${at}${error.detail === undefined ? '' : `; ${error.detail}`}`
}

async function inTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('begin')
  try {
    await work()
    await client.query('commit')
  } catch (error) {
    // A broken connection has rolled back already; the first error is the one to tell.
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/**
 * Makes managed identities known to the server and members of the backend's role. Azure has the function for it in the
 * database `postgres` alone.
 */
async function addIdentities(client: pg.Client, config: MigrateConfig, log: Logger): Promise<void> {
  const wanted = config.appIdentities ?? []
  const { rows } = await client.query<{ name: string }>(
    'select rolname as name from pg_roles where rolname = any ($1)',
    [wanted],
  )
  const unknown = wanted.filter((name) => !rows.some((row) => row.name === name))
  if (unknown.length > 0) {
    const main = await connect(config, log, 'postgres')
    try {
      for (const name of unknown) {
        log.info({ identity: name }, 'making the identity known')
        await main.query('select * from pgaadauth_create_principal($1, false, false)', [name])
      }
    } catch (cause) {
      throw new MigrateError(`managed identity ${unknown.join(', ')}: ${describeSqlError(cause, '')}`, { cause })
    } finally {
      await main.end()
    }
  }
  for (const name of wanted)
    await client.query(`grant ${client.escapeIdentifier(config.appRole)} to ${client.escapeIdentifier(name)}`)
}

/** The job queue's tables, through graphile-worker's own function; the lock held meanwhile covers it. */
async function installQueue(config: MigrateConfig, log: Logger): Promise<void> {
  const pool = new pg.Pool({ ...signInOf(config), max: 1, application_name: 'instandt-migrate' })
  for (const event of ['error', 'connect'] as const) pool.on(event, () => undefined)
  try {
    await installJobQueue({
      pgPool: pool,
      logger: new QueueLogger(() => (level, message) => log[level === 'warning' ? 'warn' : level](message)),
    })
  } catch (cause) {
    throw new MigrateError(`tables of the job queue: ${describeSqlError(cause, '')}`, { cause })
  } finally {
    await pool.end()
  }
}
