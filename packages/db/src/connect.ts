import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Schema } from './schema.generated.ts'

/** One pool, two ways in: Kysely for composed queries, the pool for prepared statements on the hot path. */
export interface Db {
  pool: pg.Pool
  kysely: Kysely<Schema>
}

/** What a new connection signs in with. */
export interface DbCredentials {
  /** Absent = the user of the connection string. */
  user?: string
  /** Text, or asked for at every new connection, e.g. an access token of the process's identity. */
  password: string | (() => Promise<string>)
}

export interface DbCredentialSource {
  current(): DbCredentials
  /** Called when the server refuses the current ones; the connection is then tried once more. */
  refresh?(): Promise<void>
}

export interface DbOptions {
  /** `postgres://role:password@host:port/database`; the password may be missing when `password` is given. */
  connectionString: string
  /** Who connects, where that changes while the pool runs; the address stays that of the string. */
  credentials?: DbCredentialSource
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
export function addressOf(connectionString: string): pg.PoolConfig {
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

/** invalid_password, invalid_authorization_specification. */
const isRefusal = (error: unknown): boolean => ['28P01', '28000'].includes((error as { code?: string }).code ?? '')

type Connected = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (broken?: unknown) => void,
) => void

/** The pool's own queries ask by callback; what that throws is theirs and no fault of the connection. */
function callBack(connected: Promise<pg.PoolClient>, done: Connected): void {
  void (async () => {
    const [result] = await Promise.allSettled([connected])
    if (result.status === 'rejected') done(result.reason as Error, undefined, () => undefined)
    else done(undefined, result.value, (broken) => result.value.release(broken as boolean))
  })()
}

/** A pool whose new connections take the newest credentials; a refusal asks for newer ones before it is a failure. */
function poolWith(source: DbCredentialSource): typeof pg.Pool {
  class CurrentClient extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, ...source.current() })
    }
  }
  const tried = async (connect: () => Promise<pg.PoolClient>): Promise<pg.PoolClient> => {
    try {
      return await connect()
    } catch (error) {
      if (!isRefusal(error) || !source.refresh) throw error
      await source.refresh()
      return connect()
    }
  }
  return class extends pg.Pool {
    constructor(config: pg.PoolConfig) {
      super({ ...config, Client: CurrentClient as unknown as new () => pg.ClientBase })
    }
    override connect(): Promise<pg.PoolClient>
    override connect(done: Connected): void
    override connect(done?: Connected): Promise<pg.PoolClient> | void {
      const connected = tried(() => super.connect())
      return done ? callBack(connected, done) : connected
    }
  } as typeof pg.Pool
}

const sweepMs = 500

/**
 * Replaces connections of older credentials: idle ones now, busy ones when they have become idle. Resolves when none is
 * left, or after `withinMs`; long-held ones, such as a listener's, stay.
 */
export async function retireConnections(db: Db, isStale: (user: string) => boolean, withinMs = 60_000): Promise<void> {
  const userOf = (client: pg.PoolClient): string => (client as pg.PoolClient & { user?: string }).user ?? ''
  const deadline = Date.now() + withinMs
  while (!db.pool.ending && Date.now() < deadline) {
    // Taken all at once: one after the other would be the same one again and again.
    const idle = await Promise.all(Array.from({ length: db.pool.idleCount }, () => db.pool.connect()))
    let stale = 0
    for (const client of idle) {
      const isOld = isStale(userOf(client))
      if (isOld) stale += 1
      client.release(isOld)
    }
    if (stale === 0 && idle.length === db.pool.totalCount) return
    await new Promise((resolve) => setTimeout(resolve, sweepMs))
  }
}

/** Opens a pool; connects at the first query only. bigint arrives as number, jsonb parsed, bytea as Buffer. */
export function openDb(options: DbOptions): Db {
  const { credentials } = options
  const Pool = credentials === undefined ? pg.Pool : poolWith(credentials)
  const pool = new Pool({
    ...(credentials === undefined
      ? { connectionString: options.connectionString }
      : addressOf(options.connectionString)),
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
