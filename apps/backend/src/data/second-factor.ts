import type { Db } from '@instandt/db'
import { forgetCallers } from '../identity/caller-memory.ts'
import { hashSecret, normalizeRecoveryCode } from '../identity/tokens.ts'
import type { Scope } from '../plugins/access.ts'
import { userNotFound } from './accounts.ts'
import { addAuditEvent } from './audit.ts'
import { inTransaction } from './transaction.ts'

/** Keeps a secret that its owner has not confirmed yet; false when there is a second factor already. */
export async function proposeSecondFactor(db: Db, _scope: Scope, accountId: string, sealed: string): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    'update account set totp_secret = $2, totp_last_step = 0 where id = $1 and not is_totp_confirmed',
    [accountId, sealed],
  )
  return rowCount === 1
}

/** The sealed secret that waits for its first code. */
export async function findProposedSecret(db: Db, _scope: Scope, accountId: string): Promise<string | undefined> {
  const { rows } = await db.pool.query<{ secret: string | null }>(
    'select totp_secret as secret from account where id = $1 and not is_totp_confirmed',
    [accountId],
  )
  return rows[0]?.secret ?? undefined
}

export async function confirmSecondFactor(
  db: Db,
  scope: Scope,
  accountId: string,
  step: number,
  recoveryCodes: readonly string[],
): Promise<void> {
  await inTransaction(db, async (client) => {
    await client.query('update account set is_totp_confirmed = true, totp_last_step = $2 where id = $1', [
      accountId,
      step,
    ])
    await client.query('delete from recovery_code where account_id = $1', [accountId])
    await client.query('insert into recovery_code (account_id, code_hash) select $1, unnest($2::bytea[])', [
      accountId,
      recoveryCodes.map((code) => hashSecret(normalizeRecoveryCode(code))),
    ])
    await addAuditEvent(client, scope, {
      action: 'account.second-factor',
      detail: { account: accountId, change: 'added' },
    })
  })
}

export async function removeSecondFactor(db: Db, scope: Scope, accountId: string): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `update account set totp_secret = null, is_totp_confirmed = false where id = $1 returning name`,
      [accountId],
    )
    if (!rows[0]) throw userNotFound()
    await client.query('delete from recovery_code where account_id = $1', [accountId])
    await addAuditEvent(client, scope, {
      action: 'account.second-factor',
      target: rows[0].name,
      detail: { account: accountId, change: 'removed' },
    })
  })
  forgetCallers(db)
}

/** Uses up the time step of a right code; false when it, or a later one, was used before. */
export async function useTotpStep(db: Db, _scope: Scope, accountId: string, step: number): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    'update account set totp_last_step = $2 where id = $1 and is_totp_confirmed and totp_last_step < $2',
    [accountId, step],
  )
  return rowCount === 1
}

/** Uses up a recovery code; false when there is no such code. */
export async function takeRecoveryCode(db: Db, _scope: Scope, accountId: string, code: string): Promise<boolean> {
  const { rowCount } = await db.pool.query('delete from recovery_code where account_id = $1 and code_hash = $2', [
    accountId,
    hashSecret(normalizeRecoveryCode(code)),
  ])
  return rowCount === 1
}

/** Counts a wrong code; past the limit the half session is gone. */
export async function countWrongCode(db: Db, _scope: Scope, sessionId: string, limit: number): Promise<void> {
  const { rows } = await db.pool.query<{ failed: number }>(
    'update session set failed_codes = failed_codes + 1 where id = $1 returning failed_codes as failed',
    [sessionId],
  )
  if ((rows[0]?.failed ?? limit) >= limit) await db.pool.query('delete from session where id = $1', [sessionId])
  forgetCallers(db)
}
