import {
  acceptInvitationSchema,
  emailSchema,
  linkSchema,
  type LinkAnswer,
  requestResetSchema,
  resetPasswordSchema,
  setupSchema,
  type SignInAnswer,
} from '@instandt/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import { findLocalAccount, hasAdministrator, insertLocalAccount } from '../data/accounts.ts'
import { addAuditEvent } from '../data/audit.ts'
import { addPasswordReset, findLink, type LinkKind, type OneTimeLink, takeLink } from '../data/links.ts'
import { countFailure } from '../data/throttle.ts'
import { inTransaction } from '../data/transaction.ts'
import type { App, Deps } from '../deps.ts'
import { linkAddress, ownOrigin } from '../identity/addresses.ts'
import { forgetCallers } from '../identity/caller-memory.ts'
import { hashPassword, passwordFault } from '../identity/password.ts'
import { newSecret } from '../identity/tokens.ts'
import { signInScope } from '../plugins/access.ts'
import { readBody } from '../read-input.ts'
import { checkLocal } from '../sign-in/route.ts'
import { beginSession } from '../sign-in/start.ts'
import { checkThrottle, countFailedSignIn } from '../sign-in/throttle.ts'

/** What one-time links lead to: first administrator, invitation, new password. */
export function linkRoutes(app: App, deps: Deps): void {
  const outside = { config: { permission: 'anonymous' } } as const

  app.post('/api/links/look', outside, async (request, reply): Promise<LinkAnswer> => {
    const { token } = readBody(linkSchema, request.body)
    const { kind, email, name, expiresAt } = await openLink(request, reply, token)
    return { kind, email, name, expiresAt }
  })

  app.post('/api/setup', outside, async (request, reply): Promise<SignInAnswer> => {
    const { token, name, email, password } = readBody(setupSchema, request.body)
    await openLink(request, reply, token, 'setup')
    const passwordHash = await takenPassword(password, [name, email])
    const scope = signInScope(request, name)
    await inTransaction(deps.db, async (client) => {
      // Two links of two starts: only one makes an administrator.
      await client.query('lock table account in share row exclusive mode')
      await takeLink(client, scope, token, 'setup')
      if (await hasAdministrator(deps.db, scope)) throw alreadySetUp()
      const id = await insertLocalAccount(client, scope, {
        name,
        email,
        passwordHash,
        isAdministrator: true,
        memberships: [{ project: 'default', role: 'level-iii' }],
      })
      await client.query(`delete from one_time_link where kind = 'setup'`)
      const own = signInScope(request, name, { id, kind: 'local' })
      await addAuditEvent(client, own, { action: 'account.set-up', target: email })
      await beginSession(deps, client, request, reply, own, id, true)
    })
    return { next: 'done' }
  })

  app.post('/api/links/accept-invitation', outside, async (request, reply): Promise<SignInAnswer> => {
    const { token, name, password } = readBody(acceptInvitationSchema, request.body)
    const { email } = await openLink(request, reply, token, 'invitation')
    const passwordHash = await takenPassword(password, [name, email ?? ''])
    const scope = signInScope(request, name)
    await inTransaction(deps.db, async (client) => {
      const link = await takeLink(client, scope, token, 'invitation')
      const id = await insertLocalAccount(client, scope, {
        name,
        email: link.email ?? '',
        passwordHash,
        isAdministrator: link.isAdministrator,
        memberships: link.memberships,
      })
      const own = signInScope(request, name, { id, kind: 'local' })
      await addAuditEvent(client, own, { action: 'invitation.accept', target: link.email ?? '' })
      await beginSession(deps, client, request, reply, own, id, true)
    })
    return { next: 'done' }
  })

  app.post('/api/links/request-reset', outside, async (request, reply) => {
    checkLocal(deps)
    const { email: typed } = readBody(requestResetSchema, request.body)
    const email = typed.trim().toLowerCase()
    await checkThrottle(deps, request.scope, reply)
    // Every request counts: whoever asks for many addresses waits.
    await countFailure(deps.db, request.scope, 'address', `reset ${request.clientAddress}`)
    // Not waited for: how long it takes would tell whether the account exists.
    void sendReset(request, email).catch((error: unknown) =>
      request.log.error({ err: error }, 'a password reset could not be mailed'),
    )
    return reply.code(202).send({ status: 'accepted' })
  })

  app.post('/api/links/reset-password', outside, async (request, reply) => {
    const { token, password } = readBody(resetPasswordSchema, request.body)
    const { email, name } = await openLink(request, reply, token, 'password-reset')
    const passwordHash = await takenPassword(password, [name ?? '', email ?? ''])
    await inTransaction(deps.db, async (client) => {
      const link = await takeLink(client, request.scope, token, 'password-reset')
      await client.query('update account set password_hash = $2 where id = $1', [link.accountId, passwordHash])
      await client.query('delete from session where account_id = $1', [link.accountId])
      const own = signInScope(request, link.name ?? '', { id: link.accountId ?? '', kind: 'local' })
      await addAuditEvent(client, own, { action: 'password-reset.use', target: link.email ?? '' })
    })
    forgetCallers(deps.db)
    return reply.code(204).send()
  })

  /** The link, or a refusal; guessing is throttled. */
  async function openLink(
    request: FastifyRequest,
    reply: FastifyReply,
    token: string,
    kind?: LinkKind,
  ): Promise<OneTimeLink> {
    checkLocal(deps)
    await checkThrottle(deps, request.scope, reply)
    const link = await findLink(deps.db, request.scope, token)
    if (link && (kind === undefined || link.kind === kind)) {
      if (link.kind === 'setup' && (await hasAdministrator(deps.db, request.scope))) throw alreadySetUp()
      return link
    }
    await countFailedSignIn(deps, request.scope)
    throw new AppError('link-invalid', 410, 'This link was used, withdrawn, or is too old. Ask for a new one.')
  }

  async function sendReset(request: FastifyRequest, email: string): Promise<void> {
    const { mailer } = deps.identity
    if (!mailer || !emailSchema.safeParse(email).success) return
    const account = await findLocalAccount(deps.db, request.scope, email)
    if (!account || account.isBlocked) return
    const secret = newSecret()
    await addPasswordReset(deps.db, signInScope(request, email), account, secret)
    const link = linkAddress(ownOrigin(deps.config, request), 'password-reset', secret)
    await mailer.send(
      email,
      'instaNDT: new password',
      `Set a new password within two hours / Neues Passwort setzen, innerhalb von zwei Stunden:\n\n${link}\n\nIf you did not ask for this, do nothing. / Wenn Sie das nicht wollten, tun Sie nichts.\n`,
    )
  }
}

const alreadySetUp = (): AppError => new AppError('already-set-up', 410, 'This installation has its administrator.')

/** @throws AppError 'password-too-weak' (422) */
export async function takenPassword(password: string, words: readonly string[]): Promise<string> {
  const fault = passwordFault(password, words)
  if (fault !== undefined) throw new AppError('password-too-weak', 422, fault)
  return hashPassword(password)
}
