import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf } from '@instandt/db'
import type { Logger } from '@instandt/runtime'
import pg from 'pg'
import type { MigrateConfig } from './config.ts'
import { MigrateError } from './migrate-error.ts'

/** SQLSTATE classes and codes of a server that is there but not ready: starting up, shutting down, full. */
const notReady = new Set(['57P01', '57P02', '57P03', '53300', '08000', '08001', '08004', '08006'])

/** Where and as whom: for a client of our own, and for the pool of the job queue. */
export function signInOf({ databaseUrl, password }: MigrateConfig, database?: string): pg.ClientConfig {
  if (password !== undefined)
    return { ...addressOf(databaseUrl), password, ...(database === undefined ? {} : { database }) }
  const url = new URL(databaseUrl)
  if (database !== undefined) url.pathname = `/${database}`
  return { connectionString: url.href }
}

/**
 * Connects, and tries again while the database cannot be reached. A refused password or a missing database is final.
 * @throws {MigrateError} when the time is over
 */
export async function connect(config: MigrateConfig, log: Logger, database?: string): Promise<pg.Client> {
  const limitSeconds = config.connectSeconds ?? 60
  const deadline = performance.now() + limitSeconds * 1000
  for (let delayMs = 250; ; delayMs = Math.min(delayMs * 2, 5000)) {
    const client = new pg.Client({
      ...signInOf(config, database),
      application_name: 'instandt-migrate',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    })
    // A connection that breaks between two queries is reported by the next query.
    client.on('error', (error) => log.debug({ err: error }, 'connection broke'))
    try {
      await client.connect()
      return client
    } catch (cause) {
      await client.end().catch(() => undefined)
      const reason = cause instanceof AggregateError ? cause.errors.map(String).join('; ') : (cause as Error).message
      if (cause instanceof pg.DatabaseError && !notReady.has(cause.code ?? '')) {
        throw new MigrateError(`the database refused the connection: ${reason} (${cause.code})`, { cause })
      }
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) {
        throw new MigrateError(`the database could not be reached within ${limitSeconds} s: ${reason}`, { cause })
      }
      log.warn({ reason }, 'database not reachable, trying again')
      await sleep(Math.min(delayMs, leftMs))
    }
  }
}

/** Any constant will do, as long as every release uses the same. */
const lockKey = 7_265_413_902

/**
 * Waits until no other job migrates this database. The lock belongs to the session that also does the work: as long as
 * a killed job's last statement runs on in the server, the next job waits for it.
 * @throws {MigrateError} when the time is over
 */
export async function lockForMigration(client: pg.Client, waitSeconds: number, log: Logger): Promise<void> {
  const deadline = performance.now() + waitSeconds * 1000
  for (let isFirst = true; ; isFirst = false) {
    const { rows } = await client.query<{ is: boolean }>('select pg_try_advisory_lock($1) as is', [lockKey])
    if (rows[0]?.is === true) return
    if (isFirst) log.info('another migration job is working, waiting for it')
    if (performance.now() > deadline) {
      throw new MigrateError(`another migration job did not finish within ${waitSeconds} s`)
    }
    await sleep(250)
  }
}
