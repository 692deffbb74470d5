import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { AppError } from '../app-error.ts'
import { databaseSecret, type DatabaseSecret, parseDatabaseSecret } from './database-credentials.ts'
import type { KeyVault } from './key-vault.ts'

export interface RotationOptions {
  /** Role that may make roles: the owner of the schema. */
  adminUrl: string
  /** The role that has the backend's rights; the two that connect are its members. */
  groupRole: string
  vault: KeyVault
  /** How long running servers may take to move over. */
  waitSeconds: number
  isDryRun: boolean
  print: (text: string) => void
  /** For tests: called after each step, may throw. */
  afterStep?: (step: RotationStep) => void
}

export type RotationStep = 'prepared' | 'checked' | 'written' | 'moved' | 'disabled'

const rotationLock = 7_301_002

/**
 * Gives the backend a new database user and password without a failed request: two users take turns, the new one is in
 * the key vault before the old one is disabled. Interrupted anywhere, the next run finishes or begins again safely.
 * @throws AppError 'rotation-running', 'rotation-not-moved', 'rotation-unchecked'
 */
export async function rotateDatabasePassword(options: RotationOptions): Promise<{ user: string; isResumed: boolean }> {
  const { adminUrl, groupRole, vault, print } = options
  const done = (step: RotationStep): void => options.afterStep?.(step)
  const admin = new pg.Client({ connectionString: adminUrl, application_name: 'instandt-rotate' })
  await admin.connect()
  try {
    const { rows } = await admin.query<{ is: boolean }>('select pg_try_advisory_lock($1) as is', [rotationLock])
    if (rows[0]?.is !== true) throw new AppError('rotation-running', 409, 'Another rotation is under way.')
    const text = await vault.read(databaseSecret)
    const current = text === undefined ? groupRole : parseDatabaseSecret(text).user
    const pair = [`${groupRole}_a`, `${groupRole}_b`] as const
    const others = [groupRole, ...pair].filter((role) => role !== current)
    const left = await rolesThatMayConnect(admin, others)
    const next = current === pair[0] ? pair[1] : pair[0]

    // The secret is newer than the users: the last run ended before it disabled the old one.
    const isResumed = text !== undefined && left.length > 0 && !(await isUnused(admin, current, left, next))
    if (isResumed) {
      print(`finishing an interrupted rotation: ${current} is in use, ${left.join(', ')} is left\n`)
      if (options.isDryRun) return { user: current, isResumed }
      await retire(admin, left, options, done)
      return { user: current, isResumed }
    }
    print(`${current} → ${next}\n`)
    if (options.isDryRun) return { user: next, isResumed }

    const fresh: DatabaseSecret = { user: next, password: randomBytes(32).toString('base64url') }
    await prepare(admin, groupRole, fresh)
    done('prepared')
    await check(adminUrl, fresh)
    done('checked')
    await vault.write(databaseSecret, JSON.stringify(fresh))
    print(`the key vault holds ${next}\n`)
    done('written')
    await retire(admin, others.filter((role) => role !== next).concat(current), options, done)
    return { user: next, isResumed }
  } finally {
    await admin.end()
  }
}

async function rolesThatMayConnect(admin: pg.Client, roles: readonly string[]): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(
    'select rolname as name from pg_roles where rolname = any($1) and rolcanlogin order by rolname',
    [roles],
  )
  return rows.map((row) => row.name)
}

/** A next user that was prepared but never written to the vault has no sessions, and the current one has. */
async function isUnused(admin: pg.Client, current: string, left: readonly string[], next: string): Promise<boolean> {
  if (left.length !== 1 || left[0] !== next) return false
  const sessions = await sessionsOf(admin, [next])
  return sessions.length === 0 && (await sessionsOf(admin, [current])).length > 0
}

async function prepare(admin: pg.Client, groupRole: string, { user, password }: DatabaseSecret): Promise<void> {
  const name = admin.escapeIdentifier(user)
  const { rowCount } = await admin.query('select 1 from pg_roles where rolname = $1', [user])
  if (rowCount === 0) await admin.query(`create role ${name} nosuperuser nocreatedb nocreaterole noreplication inherit`)
  await admin.query(`grant ${admin.escapeIdentifier(groupRole)} to ${name}`)
  await admin.query(`alter role ${name} login password ${admin.escapeLiteral(password)}`)
}

/** Connects as the new user before anybody depends on it. */
async function check(adminUrl: string, { user, password }: DatabaseSecret): Promise<void> {
  const url = new URL(adminUrl)
  url.username = user
  url.password = password
  const client = new pg.Client({ connectionString: url.href })
  try {
    await client.connect()
    await client.query('select count(*) from schema_migration')
  } catch (cause) {
    throw new AppError('rotation-unchecked', 503, `${user} could not read the database; nothing was changed.`, {
      cause,
    })
  } finally {
    await client.end().catch(() => undefined)
  }
}

interface Session {
  pid: number
  state: string | null
}

async function sessionsOf(admin: pg.Client, users: readonly string[]): Promise<Session[]> {
  const { rows } = await admin.query<Session>(
    'select pid, state from pg_stat_activity where usename = any($1) and datname = current_database()',
    [users],
  )
  return rows
}

/** Waits until nobody uses the old users any more, then takes password and login from them. */
async function retire(
  admin: pg.Client,
  old: readonly string[],
  { waitSeconds, print }: RotationOptions,
  done: (step: RotationStep) => void,
): Promise<void> {
  const deadline = Date.now() + waitSeconds * 1000
  let sessions = await sessionsOf(admin, old)
  while (sessions.length > 0 && Date.now() < deadline) {
    print(`\r${sessions.length} connections still use ${old.join(', ')} `)
    await delay(500)
    sessions = await sessionsOf(admin, old)
  }
  // What is left and idle is a listener that never gives its connection back; its program makes a new one.
  for (const { pid, state } of sessions) {
    if (state === 'idle') await admin.query('select pg_terminate_backend($1, 5000)', [pid])
  }
  const busy = (await sessionsOf(admin, old)).filter(({ state }) => state !== 'idle')
  if (busy.length > 0) {
    throw new AppError(
      'rotation-not-moved',
      409,
      `${busy.length} busy connections still use ${old.join(', ')}; run this again later to finish.`,
    )
  }
  done('moved')
  for (const role of old) {
    const { rowCount } = await admin.query('select 1 from pg_roles where rolname = $1', [role])
    if (rowCount === 1) await admin.query(`alter role ${admin.escapeIdentifier(role)} nologin password null`)
  }
  print(`\ndisabled: ${old.join(', ')}\n`)
  done('disabled')
}
