import { type Invitation, type LinkCreated, newInvitationSchema, type User, userChangeSchema } from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import { changeUser, findLocalAccountById, listUsers, userNotFound } from '../data/accounts.ts'
import { addInvitation, addPasswordReset, listInvitations, withdrawInvitation } from '../data/links.ts'
import { removeSecondFactor } from '../data/second-factor.ts'
import { endSessions } from '../data/sessions.ts'
import type { App, Deps } from '../deps.ts'
import { linkAddress, ownOrigin } from '../identity/addresses.ts'
import { newSecret } from '../identity/tokens.ts'
import { readBody, readId } from '../read-input.ts'
import { checkLocal } from '../sign-in/route.ts'

/** Accounts and invitations, for administrators. */
export function userRoutes(app: App, deps: Deps): void {
  const manage = { config: { permission: 'manage-users' } } as const
  const userId = (request: FastifyRequest): string => readId((request.params as { user: string }).user, userNotFound)

  app.get('/api/users', manage, async (request): Promise<{ items: User[] }> => ({
    items: await listUsers(deps.db, request.scope),
  }))

  app.patch('/api/users/:user', manage, async (request): Promise<User> => {
    const change = readBody(userChangeSchema, request.body)
    return changeUser(deps.db, request.scope, userId(request), change)
  })

  app.post('/api/users/:user/password-reset', manage, async (request): Promise<LinkCreated> => {
    checkLocal(deps)
    const account = await findLocalAccountById(deps.db, request.scope, userId(request))
    if (!account) throw userNotFound()
    const secret = newSecret()
    const expiresAt = await addPasswordReset(deps.db, request.scope, account, secret)
    const link = linkAddress(ownOrigin(deps.config, request), 'password-reset', secret)
    return { link, isMailed: false, expiresAt }
  })

  app.delete('/api/users/:user/second-factor', manage, async (request, reply) => {
    await removeSecondFactor(deps.db, request.scope, userId(request))
    return reply.code(204).send()
  })

  app.delete('/api/users/:user/sessions', manage, async (request, reply) => {
    const account = userId(request)
    await endSessions(deps.db, request.scope, account, {}, { action: 'account.session-end', detail: { account } })
    return reply.code(204).send()
  })

  app.get('/api/invitations', manage, async (request): Promise<{ items: Invitation[] }> => ({
    items: await listInvitations(deps.db, request.scope),
  }))

  app.post('/api/invitations', manage, async (request, reply): Promise<LinkCreated> => {
    checkLocal(deps)
    const invitation = readBody(newInvitationSchema, request.body)
    const secret = newSecret()
    const expiresAt = await addInvitation(deps.db, request.scope, secret, invitation)
    const link = linkAddress(ownOrigin(deps.config, request), 'invitation', secret)
    void reply.code(201)
    return { link, isMailed: await mailInvitation(request, invitation.email, link), expiresAt }
  })

  app.delete('/api/invitations/:id', manage, async (request, reply) => {
    const notFound = (): AppError => new AppError('invitation-not-found', 404, 'There is no such invitation.')
    await withdrawInvitation(deps.db, request.scope, readId((request.params as { id: string }).id, notFound))
    return reply.code(204).send()
  })

  /** The invitation stands whether the mail goes out or not: the answer holds the link too. */
  async function mailInvitation(request: FastifyRequest, email: string, link: string): Promise<boolean> {
    const { mailer } = deps.identity
    if (!mailer) return false
    const text = `${request.caller.name} invites you to instaNDT / lädt Sie zu instaNDT ein:\n\n${link}\n`
    return mailer.send(email, 'instaNDT: invitation / Einladung', text).then(
      () => true,
      (error: unknown) => {
        request.log.error({ err: error }, 'an invitation could not be mailed')
        return false
      },
    )
  }
}
