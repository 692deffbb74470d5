import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Schema } from './schema.generated.ts'

/** One pool, two ways in: Kysely for composed queries, the pool for prepared statements on the hot path. */
export interface Db {
  pool: pg.Pool
  kysely: Kysely<Schema>
}

export interface DbOptions {
  /** `postgres://role:password@host:port/database`; the password may be missing when `password` is given. */
  connectionString: string
  /** Asked for at every new connection, e.g. an access token of the process's identity. */
  password?: () => Promise<string>
  /** Connections at most. */
  max?: number
  /** Seen in pg_stat_activity. */
  applicationName?: string
  /** Milliseconds a statement may take; 0 = no bound. */
  statementTimeoutMs?: number
  /** Milliseconds until a new connection must stand. */
  connectTimeoutMs?: number
  /** A connection broke while nobody waited for an answer on it; the pool replaces it by itself. */
  onBrokenConnection?: (error: Error) => void
}

const int8Oid = 20

/** bigint columns are identities, sizes and counts: exact as numbers, and a fault when one ever is not. */
function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a number`)
  return value
}

// Given to this pool alone: a library that brings its own pool keeps node-postgres's defaults.
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8Oid && format !== 'binary'
      ? parseInt8
      : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
}

/** Parts instead of the string: node-postgres lets a string win over a `password` function beside it. */
function addressOf(connectionString: string): pg.PoolConfig {
  const url = new URL(connectionString)
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    database: decodeURIComponent(url.pathname.slice(1)),
    // A token must not travel in the clear, nor to a server whose certificate was not checked.
    ssl: url.searchParams.get('sslmode') !== 'disable',
  }
}

/** Opens a pool; connects at the first query only. bigint arrives as number, jsonb parsed, bytea as Buffer. */
export function openDb(options: DbOptions): Db {
  const pool = new pg.Pool({
    ...(options.password === undefined
      ? { connectionString: options.connectionString }
      : { ...addressOf(options.connectionString), password: options.password }),
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'instandt',
    statement_timeout: options.statementTimeoutMs ?? 60_000,
    idle_in_transaction_session_timeout: 60_000,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    keepAlive: true,
    // Statements asked for together travel together; the archive's commits are two round trips by it.
    pipeline: true,
    types,
  })
  const report = (error: Error): void => options.onBrokenConnection?.(error)
  pool.on('error', report)
  // Without a listener a connection lost inside a transaction, between two statements, would end the process.
  pool.on('connect', (client) => client.on('error', report))
  return { pool, kysely: new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) }) }
}

/** Waits for running queries, then closes every connection. */
export async function closeDb(db: Db): Promise<void> {
  await db.kysely.destroy()
  // Kysely ends only a pool it has used; the other way in would keep the process alive until its connections idle out.
  if (!db.pool.ended) await db.pool.end()
}
