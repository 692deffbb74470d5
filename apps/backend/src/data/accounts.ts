import type { Profile, User, UserChange } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import { forgetCallers } from '../identity/caller-memory.ts'
import type { Scope } from '../plugins/access.ts'
import { addAuditEvent, type AuditEntry } from './audit.ts'
import { inTransaction } from './transaction.ts'

/** What signing in needs to know of a local account. */
export interface LocalAccount {
  id: string
  name: string
  email: string
  passwordHash: string | null
  isBlocked: boolean
  /** Sealed; only when it was confirmed. */
  totpSecret: string | null
}

const localColumns = `id, name, email, password_hash as "passwordHash", is_blocked as "isBlocked",
  case when is_totp_confirmed then totp_secret end as "totpSecret"`

export async function findLocalAccount(db: Db, _scope: Scope, email: string): Promise<LocalAccount | undefined> {
  const { rows } = await db.pool.query<LocalAccount>(
    `select ${localColumns} from account where kind = 'local' and email = $1`,
    [email],
  )
  return rows[0]
}

export async function findLocalAccountById(db: Db, _scope: Scope, id: string): Promise<LocalAccount | undefined> {
  const { rows } = await db.pool.query<LocalAccount>(
    `select ${localColumns} from account where kind = 'local' and id = $1`,
    [id],
  )
  return rows[0]
}

export interface NewLocalAccount {
  name: string
  email: string
  passwordHash: string
  isAdministrator: boolean
  memberships: readonly { project: string; role: string }[]
}

/** @throws AppError 'email-taken' (409) */
export async function insertLocalAccount(client: PoolClient, scope: Scope, account: NewLocalAccount): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into account (kind, name, email, password_hash, is_administrator) values ('local', $1, $2, $3, $4)
     on conflict (email) where kind = 'local' do nothing returning id`,
    [account.name, account.email, account.passwordHash, account.isAdministrator],
  )
  const id = rows[0]?.id
  if (id === undefined) throw new AppError('email-taken', 409, 'There is an account with this e-mail already.')
  await client.query(
    `insert into membership (project_id, account_id, role)
     select p.id, $1, r.role from unnest($2::text[], $3::text[]) as r(slug, role) join project p using (slug)`,
    [id, account.memberships.map((one) => one.project), account.memberships.map((one) => one.role)],
  )
  await addAuditEvent(client, scope, {
    action: 'account.create',
    target: account.email,
    detail: { account: id, isAdministrator: account.isAdministrator, memberships: account.memberships },
  })
  return id
}

export async function hasAdministrator(db: Db, _scope: Scope): Promise<boolean> {
  const { rows } = await db.pool.query<{ has: boolean }>(
    `select exists (select from account where is_administrator and not is_blocked) as has`,
  )
  return rows[0]?.has === true
}

/** Sets a password, ends every other session, and says so. */
export async function setPassword(
  db: Db,
  scope: Scope,
  accountId: string,
  passwordHash: string,
  keepSession: string | undefined,
): Promise<void> {
  await inTransaction(db, async (client) => {
    await client.query(`update account set password_hash = $2 where id = $1`, [accountId, passwordHash])
    await client.query('delete from session where account_id = $1 and ($2::uuid is null or id <> $2)', [
      accountId,
      keepSession ?? null,
    ])
    await addAuditEvent(client, scope, { action: 'account.password', detail: { account: accountId } })
  })
  forgetCallers(db)
}

export async function readProfile(
  db: Db,
  _scope: Scope,
  accountId: string,
): Promise<Omit<Profile, 'sessions'> | undefined> {
  const { rows } = await db.pool.query<Omit<Profile, 'sessions'>>(
    `select id, name, email, kind, is_totp_confirmed as "hasSecondFactor",
       (select count(*)::integer from recovery_code r where r.account_id = a.id) as "recoveryCodesLeft"
     from account a where id = $1`,
    [accountId],
  )
  return rows[0]
}

const userColumns = `a.id, a.name, a.email, a.kind, a.is_administrator as "isAdministrator", a.is_blocked as "isBlocked",
  a.is_totp_confirmed as "hasSecondFactor", to_json(a.created_at) #>> '{}' as "createdAt",
  to_json(a.last_seen_at) #>> '{}' as "lastSeenAt", coalesce((
    select jsonb_agg(jsonb_build_object('project', p.slug, 'role', m.role) order by p.slug)
    from membership m join project p on p.id = m.project_id where m.account_id = a.id), '[]') as memberships`

export async function listUsers(db: Db, _scope: Scope): Promise<User[]> {
  const { rows } = await db.pool.query<User>(`select ${userColumns} from account a order by lower(a.name), a.id`)
  return rows
}

/** Changes one account; the last administrator stays one. @throws AppError 'user-not-found', 'last-administrator' */
export async function changeUser(db: Db, scope: Scope, id: string, change: UserChange): Promise<User> {
  const user = await inTransaction(db, async (client) => {
    const { rows: before } = await client.query<{ name: string; kind: string; isAdministrator: boolean }>(
      `select name, kind, is_administrator as "isAdministrator" from account where id = $1 for update`,
      [id],
    )
    if (!before[0]) throw userNotFound()
    if (before[0].kind !== 'local' && change.isAdministrator !== undefined)
      throw new AppError('directory-decides', 409, 'The directory decides whether this account is an administrator.')
    if (before[0].isAdministrator && (change.isAdministrator === false || change.isBlocked === true)) {
      // Locked, so that two administrators cannot remove each other at once.
      const { rows } = await client.query(
        'select 1 from account where is_administrator and not is_blocked and id <> $1 for update',
        [id],
      )
      if (rows.length === 0)
        throw new AppError('last-administrator', 409, 'This is the last administrator; make another one first.')
    }
    await client.query(
      `update account set name = coalesce($2, name), is_administrator = coalesce($3, is_administrator),
         is_blocked = coalesce($4, is_blocked) where id = $1`,
      [id, change.name ?? null, change.isAdministrator ?? null, change.isBlocked ?? null],
    )
    if (change.isBlocked === true) await client.query('delete from session where account_id = $1', [id])
    await addAuditEvent(client, scope, {
      action: 'account.change',
      target: before[0].name,
      detail: { account: id, ...change },
    })
    const { rows } = await client.query<User>(`select ${userColumns} from account a where a.id = $1`, [id])
    return rows[0] as User
  })
  forgetCallers(db)
  return user
}

export const userNotFound = (): AppError => new AppError('user-not-found', 404, 'There is no such account.')

/** One's own name. */
export async function renameSelf(db: Db, scope: Scope, accountId: string, name: string): Promise<void> {
  await changeAccount(
    db,
    scope,
    accountId,
    { sql: 'name = $2', values: [name] },
    { action: 'account.change', detail: { name } },
  )
}

/** Where one's uploads go that name no project; null = they must name one. */
export async function setDefaultProject(
  db: Db,
  scope: Scope,
  accountId: string,
  projectId: number | null,
): Promise<void> {
  await changeAccount(
    db,
    scope,
    accountId,
    { sql: 'default_project_id = $2', values: [projectId] },
    { action: 'account.change', projectId: projectId ?? undefined, detail: { defaultProject: projectId } },
  )
}

/** One update of one account with its event. */
export async function changeAccount(
  db: Db,
  scope: Scope,
  accountId: string,
  set: { sql: string; values: readonly unknown[] },
  entry: AuditEntry,
): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rowCount } = await client.query(`update account set ${set.sql} where id = $1`, [accountId, ...set.values])
    if (rowCount !== 1) throw userNotFound()
    await addAuditEvent(client, scope, entry)
  })
  forgetCallers(db)
}
