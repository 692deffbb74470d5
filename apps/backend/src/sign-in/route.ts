import {
  emailSchema,
  passwordSignInSchema,
  secondFactorSchema,
  type SignInAnswer,
  type SignInOptions,
  type SignOutAnswer,
} from '@instandt/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import { findLocalAccount, findLocalAccountById, hasAdministrator, type LocalAccount } from '../data/accounts.ts'
import { addAuditEvent } from '../data/audit.ts'
import { findSessionCaller } from '../data/callers.ts'
import { countWrongCode, takeRecoveryCode, useTotpStep } from '../data/second-factor.ts'
import { endSessions, maxCodesPerSession } from '../data/sessions.ts'
import { forgetFailures } from '../data/throttle.ts'
import { inTransaction } from '../data/transaction.ts'
import type { App, Deps } from '../deps.ts'
import { ownOrigin } from '../identity/addresses.ts'
import { verifyPassword } from '../identity/password.ts'
import { hashSecret } from '../identity/tokens.ts'
import { totpStep } from '../identity/totp.ts'
import { signInScope } from '../plugins/access.ts'
import { readBody } from '../read-input.ts'
import { beginSession } from './start.ts'
import { checkThrottle, countFailedSignIn } from './throttle.ts'

/** Signing in with password and second factor, and out again. */
export function signInRoutes(app: App, deps: Deps): void {
  const outside = { config: { permission: 'anonymous' } } as const

  app.get('/api/sign-in/options', outside, async (request): Promise<SignInOptions> => {
    const hasLocal = deps.config.LOCAL_ACCOUNTS === 'on'
    return {
      isSetUp: !hasLocal || (await hasAdministrator(deps.db, request.scope)),
      hasLocal,
      hasEntra: deps.identity.entra !== undefined,
      hasMail: deps.identity.mailer !== undefined,
    }
  })

  app.post('/api/sign-in', outside, async (request, reply): Promise<SignInAnswer> => {
    checkLocal(deps)
    const { email: typed, password } = readBody(passwordSignInSchema, request.body)
    const email = typed.trim().toLowerCase()
    await checkThrottle(deps, request.scope, reply, email)
    const account = emailSchema.safeParse(email).success
      ? await findLocalAccount(deps.db, request.scope, email)
      : undefined
    const isRight = await verifyPassword(password, account?.passwordHash ?? null)
    if (!account || !isRight || account.isBlocked) {
      await countFailedSignIn(deps, request.scope, email)
      await addAuditEvent(deps.db.pool, signInScope(request, email), { action: 'sign-in.password', result: 'refused' })
      // The same for an unknown name, a wrong password and a blocked account.
      throw new AppError('sign-in-failed', 401, 'E-mail or password is wrong.')
    }
    const hasSecondFactor = account.totpSecret !== null
    if (!hasSecondFactor) await forgetFailures(deps.db, request.scope, 'account', email)
    await startLocalSession(request, reply, account, 'sign-in.password', !hasSecondFactor)
    return { next: hasSecondFactor ? 'second-factor' : 'done' }
  })

  app.post('/api/sign-in/second-factor', outside, async (request, reply): Promise<SignInAnswer> => {
    const { code } = readBody(secondFactorSchema, request.body)
    const expired = new AppError('second-factor-expired', 401, 'This took too long. Sign in again.')
    const cookie = deps.identity.cookies.read(request, 'instandt')
    const caller =
      cookie === undefined ? undefined : await findSessionCaller(deps.db, request.scope, hashSecret(cookie))
    if (!caller?.session || caller.session.isComplete) throw expired
    const account = await findLocalAccountById(deps.db, request.scope, caller.id)
    if (!account?.totpSecret) throw expired
    await checkThrottle(deps, request.scope, reply, account.email)
    if (!(await isRightCode(request, account, code))) {
      await countFailedSignIn(deps, request.scope, account.email)
      await countWrongCode(deps.db, request.scope, caller.session.id, maxCodesPerSession)
      await addAuditEvent(deps.db.pool, signInScope(request, account.email), {
        action: 'sign-in.second-factor',
        result: 'refused',
      })
      throw new AppError('code-wrong', 401, 'The code is wrong or was used before.')
    }
    await forgetFailures(deps.db, request.scope, 'account', account.email)
    await startLocalSession(request, reply, account, 'sign-in.second-factor', true)
    return { next: 'done' }
  })

  app.post('/api/sign-out', { config: { permission: 'signed-in' } }, async (request, reply): Promise<SignOutAnswer> => {
    const { caller } = request
    if (caller.accountId !== undefined && caller.session)
      await endSessions(deps.db, request.scope, caller.accountId, { only: caller.session.id }, { action: 'sign-out' })
    deps.identity.cookies.clear(reply, 'instandt')
    const { entra } = deps.identity
    const returnTo = `${ownOrigin(deps.config, request)}/sign-in`
    return { redirect: caller.kind === 'entra' && entra ? await entra.endSessionUrl(returnTo) : null }
  })

  async function isRightCode(request: FastifyRequest, account: LocalAccount, code: string): Promise<boolean> {
    const step = /^\d{6}$/.test(code)
      ? totpStep((await deps.identity.box.open('totp', account.totpSecret ?? '')) ?? '', code)
      : undefined
    if (step !== undefined) return useTotpStep(deps.db, request.scope, account.id, step)
    return takeRecoveryCode(deps.db, request.scope, account.id, code)
  }

  async function startLocalSession(
    request: FastifyRequest,
    reply: FastifyReply,
    account: LocalAccount,
    action: 'sign-in.password' | 'sign-in.second-factor',
    isComplete: boolean,
  ): Promise<void> {
    const scope = signInScope(request, account.name, { id: account.id, kind: 'local' })
    await inTransaction(deps.db, async (client) => {
      await beginSession(deps, client, request, reply, scope, account.id, isComplete)
      await addAuditEvent(client, scope, { action, detail: isComplete ? {} : { next: 'second-factor' } })
    })
  }
}

/** @throws AppError when local accounts are switched off */
export function checkLocal(deps: Deps): void {
  if (deps.config.LOCAL_ACCOUNTS === 'off')
    throw new AppError('local-accounts-off', 403, 'This installation signs in with its directory only.')
}
