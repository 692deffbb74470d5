import type { Invitation, newInvitationSchema } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import type { z } from 'zod'
import { AppError } from '../app-error.ts'
import { hashSecret } from '../identity/tokens.ts'
import type { Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { inTransaction } from './transaction.ts'

export type LinkKind = 'setup' | 'invitation' | 'password-reset'

/** Hours a link is good. */
export const linkHours: Record<LinkKind, number> = { setup: 24, invitation: 7 * 24, 'password-reset': 2 }

export interface OneTimeLink {
  id: string
  kind: LinkKind
  accountId: string | null
  email: string | null
  name: string | null
  isAdministrator: boolean
  memberships: { project: string; role: string }[]
  expiresAt: string
}

const columns = `l.id, l.kind, l.account_id as "accountId", coalesce(l.email, a.email) as email, coalesce(l.name, a.name) as name,
  l.is_administrator as "isAdministrator", l.memberships, to_json(l.expires_at) #>> '{}' as "expiresAt"`

export async function findLink(db: Db, _scope: Scope, secret: string): Promise<OneTimeLink | undefined> {
  const { rows } = await db.pool.query<OneTimeLink>(
    `select ${columns} from one_time_link l left join account a on a.id = l.account_id
     where l.token_hash = $1 and l.expires_at > now()`,
    [hashSecret(secret)],
  )
  return rows[0]
}

/** Uses a link up inside the transaction of what it is for: of two who try at once, one succeeds. */
export async function takeLink(
  client: PoolClient,
  _scope: Scope,
  secret: string,
  kind: LinkKind,
): Promise<OneTimeLink> {
  const { rows } = await client.query<OneTimeLink>(
    `with l as (delete from one_time_link where token_hash = $1 and kind = $2 and expires_at > now() returning *)
     select ${columns} from l left join account a on a.id = l.account_id`,
    [hashSecret(secret), kind],
  )
  const [link] = rows
  if (!link) throw new AppError('link-invalid', 410, 'This link was used, withdrawn, or is too old. Ask for a new one.')
  return link
}

/** Whoever starts the server may set it up; each start has a link of its own until somebody did. */
export async function addSetupLink(db: Db, scope: Scope, secret: string): Promise<void> {
  await db.pool.query(
    `insert into one_time_link (token_hash, kind, created_by, expires_at) values ($1, 'setup', $2, now() + make_interval(hours => $3))`,
    [hashSecret(secret), scope.actor.name, linkHours.setup],
  )
}

/** @throws AppError 'email-taken', 'project-not-found' */
export async function addInvitation(
  db: Db,
  scope: Scope,
  secret: string,
  invitation: z.output<typeof newInvitationSchema>,
): Promise<string> {
  return inTransaction(db, async (client) => {
    const { rows: taken } = await client.query(`select 1 from account where kind = 'local' and email = $1`, [
      invitation.email,
    ])
    if (taken.length > 0) throw new AppError('email-taken', 409, 'There is an account with this e-mail already.')
    const slugs = invitation.memberships.map((one) => one.project)
    const { rows: unknown } = await client.query<{ slug: string }>(
      'select slug from unnest($1::text[]) as r(slug) where not exists (select from project p where p.slug = r.slug)',
      [slugs],
    )
    if (unknown[0]) throw new AppError('project-not-found', 404, `There is no project ${unknown[0].slug}.`)
    await client.query(`delete from one_time_link where kind = 'invitation' and email = $1`, [invitation.email])
    const { rows } = await client.query<{ expiresAt: string }>(
      `insert into one_time_link (token_hash, kind, email, name, is_administrator, memberships, created_by, expires_at)
       values ($1, 'invitation', $2, $3, $4, $5, $6, now() + make_interval(hours => $7))
       returning to_json(expires_at) #>> '{}' as "expiresAt"`,
      [
        hashSecret(secret),
        invitation.email,
        invitation.name ?? null,
        invitation.isAdministrator,
        JSON.stringify(invitation.memberships),
        scope.actor.name,
        linkHours.invitation,
      ],
    )
    await addAuditEvent(client, scope, {
      action: 'invitation.create',
      target: invitation.email,
      detail: { isAdministrator: invitation.isAdministrator, memberships: invitation.memberships },
    })
    return rows[0]?.expiresAt ?? ''
  })
}

export async function listInvitations(db: Db, _scope: Scope): Promise<Invitation[]> {
  const { rows } = await db.pool.query<Invitation>(
    `select id, email, name, is_administrator as "isAdministrator", memberships, created_by as "invitedBy",
       to_json(created_at) #>> '{}' as "createdAt", to_json(expires_at) #>> '{}' as "expiresAt"
     from one_time_link where kind = 'invitation' and expires_at > now() order by created_at desc`,
  )
  return rows
}

export async function withdrawInvitation(db: Db, scope: Scope, id: string): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ email: string }>(
      `delete from one_time_link where id = $1 and kind = 'invitation' returning email`,
      [id],
    )
    if (!rows[0]) throw new AppError('invitation-not-found', 404, 'There is no such invitation.')
    await addAuditEvent(client, scope, { action: 'invitation.withdraw', target: rows[0].email })
  })
}

/** A link to set a new password; earlier ones of the account end. */
export async function addPasswordReset(
  db: Db,
  scope: Scope,
  account: { id: string; email: string },
  secret: string,
): Promise<string> {
  return inTransaction(db, async (client) => {
    await client.query(`delete from one_time_link where kind = 'password-reset' and account_id = $1`, [account.id])
    const { rows } = await client.query<{ expiresAt: string }>(
      `insert into one_time_link (token_hash, kind, account_id, created_by, expires_at)
       values ($1, 'password-reset', $2, $3, now() + make_interval(hours => $4)) returning to_json(expires_at) #>> '{}' as "expiresAt"`,
      [hashSecret(secret), account.id, scope.actor.name || account.email, linkHours['password-reset']],
    )
    await addAuditEvent(client, scope, {
      action: 'password-reset.create',
      target: account.email,
      detail: { account: account.id },
    })
    return rows[0]?.expiresAt ?? ''
  })
}
