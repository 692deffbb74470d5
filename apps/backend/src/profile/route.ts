import {
  confirmPasswordSchema,
  newTokenSchema,
  passwordChangeSchema,
  type Profile,
  profileChangeSchema,
  type RecoveryCodes,
  secondFactorSchema,
  type SecondFactorStart,
  type Token,
  type TokenCreated,
} from '@instandt/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import {
  findLocalAccountById,
  type LocalAccount,
  readProfile,
  renameSelf,
  setDefaultProject,
  setPassword,
  userNotFound,
} from '../data/accounts.ts'
import { createToken, listTokens, revokeToken } from '../data/api-tokens.ts'
import {
  confirmSecondFactor,
  findProposedSecret,
  proposeSecondFactor,
  removeSecondFactor,
} from '../data/second-factor.ts'
import { endSessions, listSessions } from '../data/sessions.ts'
import type { App, Deps } from '../deps.ts'
import { verifyPassword } from '../identity/password.ts'
import { newApiToken, newRecoveryCodes } from '../identity/tokens.ts'
import { newTotp, totpStep } from '../identity/totp.ts'
import { takenPassword } from '../links/route.ts'
import { readBody, readId } from '../read-input.ts'
import { checkThrottle, countFailedSignIn } from '../sign-in/throttle.ts'
import { checkTokenRole } from '../token/route.ts'

/** A person's own account. */
export function profileRoutes(app: App, deps: Deps): void {
  const own = { config: { permission: 'own' } } as const

  app.get('/api/profile', own, async (request): Promise<Profile> => {
    const id = ownId(request)
    const profile = await readProfile(deps.db, request.scope, id)
    if (!profile) throw userNotFound()
    return { ...profile, sessions: await listSessions(deps.db, request.scope, id, request.caller.session?.id) }
  })

  app.patch('/api/profile', own, async (request, reply) => {
    const { name, defaultProject } = readBody(profileChangeSchema, request.body)
    if (name !== undefined && request.caller.kind !== 'local')
      throw new AppError('directory-decides', 409, 'Your name comes from the directory.')
    const project = request.caller.projects.find((one) => one.slug === defaultProject)
    if (typeof defaultProject === 'string' && project?.permissions.includes('store') !== true)
      throw new AppError('project-not-found', 404, 'There is no such project that you may store into.')
    if (name !== undefined) await renameSelf(deps.db, request.scope, ownId(request), name)
    if (defaultProject !== undefined)
      await setDefaultProject(deps.db, request.scope, ownId(request), project?.id ?? null)
    return reply.code(204).send()
  })

  app.post('/api/profile/password', own, async (request, reply) => {
    const { current, next } = readBody(passwordChangeSchema, request.body)
    const account = await proveSelf(request, reply, current)
    const passwordHash = await takenPassword(next, [account.name, account.email])
    await setPassword(deps.db, request.scope, account.id, passwordHash, request.caller.session?.id)
    return reply.code(204).send()
  })

  app.post('/api/profile/second-factor', own, async (request, reply): Promise<SecondFactorStart> => {
    const { password } = readBody(confirmPasswordSchema, request.body)
    const account = await proveSelf(request, reply, password)
    const { secret, uri } = newTotp(account.email)
    const sealed = await deps.identity.box.seal('totp', secret)
    if (!(await proposeSecondFactor(deps.db, request.scope, account.id, sealed)))
      throw new AppError('second-factor-exists', 409, 'There is a second factor already; remove it first.')
    return { secret, uri }
  })

  app.post('/api/profile/second-factor/confirm', own, async (request, reply): Promise<RecoveryCodes> => {
    const { code } = readBody(secondFactorSchema, request.body)
    await checkThrottle(deps, request.scope, reply)
    const sealed = await findProposedSecret(deps.db, request.scope, ownId(request))
    if (sealed === undefined) throw new AppError('second-factor-missing', 409, 'Begin with scanning a new code.')
    const step = totpStep((await deps.identity.box.open('totp', sealed)) ?? '', code)
    if (step === undefined) {
      await countFailedSignIn(deps, request.scope)
      throw new AppError('code-wrong', 422, 'The code is wrong. Check the clock of your device.')
    }
    const recoveryCodes = newRecoveryCodes()
    await confirmSecondFactor(deps.db, request.scope, ownId(request), step, recoveryCodes)
    return { recoveryCodes }
  })

  app.post('/api/profile/second-factor/remove', own, async (request, reply) => {
    const { password } = readBody(confirmPasswordSchema, request.body)
    const account = await proveSelf(request, reply, password)
    await removeSecondFactor(deps.db, request.scope, account.id)
    return reply.code(204).send()
  })

  app.delete('/api/profile/sessions/:id', own, async (request, reply) => {
    const notFound = (): AppError => new AppError('session-not-found', 404, 'There is no such session.')
    const only = readId((request.params as { id: string }).id, notFound)
    const ended = await endSessions(deps.db, request.scope, ownId(request), { only }, { action: 'account.session-end' })
    if (ended === 0) throw notFound()
    return reply.code(204).send()
  })

  app.get('/api/profile/tokens', own, async (request): Promise<{ items: Token[] }> => ({
    items: await listTokens(deps.db, request.scope, ownId(request)),
  }))

  app.post('/api/profile/tokens', own, async (request, reply): Promise<TokenCreated> => {
    const wanted = readBody(newTokenSchema, request.body)
    // A token that could make tokens would outlive its own end.
    if (!request.caller.session) throw new AppError('session-needed', 403, 'Tokens are made after signing in.')
    checkTokenRole(wanted.role, wanted.projects, request.caller.projects)
    const secret = newApiToken()
    const token = await createToken(deps.db, request.scope, secret, wanted, ownId(request))
    void reply.code(201)
    return { token, secret }
  })

  app.delete('/api/profile/tokens/:id', own, async (request, reply) => {
    const id = readId(
      (request.params as { id: string }).id,
      () => new AppError('token-not-found', 404, 'There is no such token.'),
    )
    await revokeToken(deps.db, request.scope, id, ownId(request))
    return reply.code(204).send()
  })

  /** Asks for the password again before what would let a thief of the session stay. */
  async function proveSelf(request: FastifyRequest, reply: FastifyReply, password: string): Promise<LocalAccount> {
    const account = await findLocalAccountById(deps.db, request.scope, ownId(request))
    if (!account) throw new AppError('directory-decides', 409, 'Password and second factor are the directory’s.')
    await checkThrottle(deps, request.scope, reply, account.email)
    if (await verifyPassword(password, account.passwordHash)) return account
    await countFailedSignIn(deps, request.scope, account.email)
    throw new AppError('password-wrong', 422, 'The password is wrong.')
  }
}

const ownId = (request: FastifyRequest): string => request.caller.accountId ?? ''
