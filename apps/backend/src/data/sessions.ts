import type { AuditAction, Profile } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { forgetCallers } from '../identity/caller-memory.ts'
import type { Scope } from '../plugins/access.ts'
import { addAuditEvent, type AuditEntry } from './audit.ts'
import { inTransaction } from './transaction.ts'

/** However busy, a session ends after so long. */
export const maxSessionHours = 24
/** Between password and second factor. */
const incompleteMinutes = 10
/** Wrong codes until the password is asked for again. */
export const maxCodesPerSession = 5

export interface NewSession {
  tokenHash: Buffer
  accountId: string
  agent: string
  isComplete: boolean
  /** Sessions of the directory: sealed token that asks it again. */
  refreshToken?: string
}

/** Starts a session inside the transaction that proves who it is. */
export async function startSession(client: PoolClient, scope: Scope, session: NewSession): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into session (token_hash, account_id, is_complete, address, agent, expires_at, confirmed_at, refresh_token)
     values ($1, $2, $3, $4, $5, now() + make_interval(mins => $6), case when $7 then now() end, $8) returning id`,
    [
      session.tokenHash,
      session.accountId,
      session.isComplete,
      scope.address,
      session.agent.replaceAll('\0', '').slice(0, 300),
      session.isComplete ? maxSessionHours * 60 : incompleteMinutes,
      session.refreshToken !== undefined,
      session.refreshToken ?? null,
    ],
  )
  // Nobody else does: a session that is over is worth nothing to anybody.
  await client.query('delete from session where account_id = $1 and expires_at < now()', [session.accountId])
  if (session.isComplete)
    await client.query('update account set last_seen_at = now() where id = $1', [session.accountId])
  return rows[0]?.id ?? ''
}

/** A session of the directory's, complete at once. */
export async function startDirectorySession(
  db: Db,
  scope: Scope,
  session: Omit<NewSession, 'isComplete'>,
): Promise<void> {
  await inTransaction(db, async (client) => {
    await startSession(client, scope, { ...session, isComplete: true })
    await addAuditEvent(client, scope, { action: 'sign-in.entra' })
  })
}

export async function renewConfirmation(db: Db, _scope: Scope, id: string, refreshToken: string): Promise<void> {
  await db.pool.query('update session set confirmed_at = now(), refresh_token = $2 where id = $1', [id, refreshToken])
}

/** Ends one session without telling: it was over already. */
export async function endSession(db: Db, _scope: Scope, id: string): Promise<void> {
  await db.pool.query('delete from session where id = $1', [id])
  forgetCallers(db)
}

/** Ends sessions of one account and says so; the number ended. */
export async function endSessions(
  db: Db,
  scope: Scope,
  accountId: string,
  which: { only?: string; except?: string },
  entry: AuditEntry & { action: AuditAction },
): Promise<number> {
  const ended = await inTransaction(db, async (client) => {
    const { rowCount } = await client.query(
      `delete from session where account_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or id <> $3)`,
      [accountId, which.only ?? null, which.except ?? null],
    )
    if ((rowCount ?? 0) > 0) await addAuditEvent(client, scope, { ...entry, count: rowCount ?? 0 })
    return rowCount ?? 0
  })
  forgetCallers(db)
  return ended
}

export async function listSessions(
  db: Db,
  _scope: Scope,
  accountId: string,
  currentId: string | undefined,
): Promise<Profile['sessions']> {
  const { rows } = await db.pool.query<Profile['sessions'][number]>(
    `select id, coalesce(id = $2, false) as "isCurrent", to_json(started_at) #>> '{}' as "startedAt",
       to_json(seen_at) #>> '{}' as "seenAt", address, agent
     from session where account_id = $1 and is_complete and expires_at > now() order by seen_at desc`,
    [accountId, currentId ?? null],
  )
  return rows
}
