import type { FastifyReply } from 'fastify'
import { AppError } from '../app-error.ts'
import { addAuditEvent } from '../data/audit.ts'
import { saveDirectoryAccount } from '../data/directory-accounts.ts'
import { maxSessionHours, startDirectorySession } from '../data/sessions.ts'
import type { App, Deps } from '../deps.ts'
import { ownOrigin, safeReturnPath } from '../identity/addresses.ts'
import type { Entra, SignInState } from '../identity/entra.ts'
import { hashSecret, newSecret } from '../identity/tokens.ts'
import { signInScope } from '../plugins/access.ts'

const callbackPath = '/api/sign-in/entra/callback'
/** How long the directory's pages may take. */
const stateSeconds = 15 * 60

/** Signing in with Entra ID: there and back. The state travels in a sealed cookie, so that any server can take it up. */
export function entraRoutes(app: App, deps: Deps): void {
  const outside = { config: { permission: 'anonymous' } } as const
  const { cookies, box } = deps.identity

  app.get('/api/sign-in/entra', outside, async (request, reply) => {
    const entra = needEntra(deps)
    const { to } = request.query as { to?: unknown }
    const { url, state } = await entra.begin(ownOrigin(deps.config, request) + callbackPath)
    const sealed = await box.seal(
      'entra-state',
      JSON.stringify({ ...state, to: safeReturnPath(to), until: Date.now() + stateSeconds * 1000 }),
    )
    cookies.set(reply, 'instandt-entra', sealed, stateSeconds)
    return reply.header('cache-control', 'no-store').redirect(url.href)
  })

  app.get(callbackPath, outside, async (request, reply) => {
    const entra = needEntra(deps)
    const sealed = cookies.read(request, 'instandt-entra')
    cookies.clear(reply, 'instandt-entra')
    reply.header('cache-control', 'no-store')
    const state = sealed === undefined ? undefined : readState(await box.open('entra-state', sealed))
    if (!state) return back(reply, '/', 'expired')
    try {
      const callback = new URL(request.url, ownOrigin(deps.config, request))
      const { identity, refreshToken } = await entra.finish(callback, state)
      const anyone = signInScope(request, identity.name)
      const accountId = await saveDirectoryAccount(deps.db, anyone, identity, deps.config.ENTRA_GROUP_ROLES)
      if (accountId === undefined) {
        await addAuditEvent(deps.db.pool, anyone, {
          action: 'sign-in.entra',
          result: 'refused',
          detail: { objectId: identity.objectId, reason: 'no role, or blocked' },
        })
        return back(reply, state.to, 'entra-no-role')
      }
      const secret = newSecret()
      const scope = signInScope(request, identity.name, { id: accountId, kind: 'entra' })
      await startDirectorySession(deps.db, scope, {
        tokenHash: hashSecret(secret),
        accountId,
        agent: request.headers['user-agent'] ?? '',
        refreshToken: await box.seal('refresh-token', refreshToken ?? ''),
      })
      cookies.set(reply, 'instandt', secret, maxSessionHours * 3600)
      return reply.redirect(state.to)
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 401) throw error
      request.log.warn({ err: error }, 'sign-in with Entra ID failed')
      await addAuditEvent(deps.db.pool, request.scope, { action: 'sign-in.entra', result: 'refused' })
      return back(reply, state.to, error.code)
    }
  })
}

function needEntra(deps: Deps): Entra {
  const { entra } = deps.identity
  if (!entra) throw new AppError('entra-off', 404, 'This installation has no directory to sign in with.')
  return entra
}

function readState(text: string | undefined): (SignInState & { to: string }) | undefined {
  if (text === undefined) return undefined
  const state = JSON.parse(text) as SignInState & { to: string; until: number }
  return state.until > Date.now() ? state : undefined
}

const back = (reply: FastifyReply, to: string, fault: string): FastifyReply =>
  reply.redirect(`/sign-in?${new URLSearchParams({ to, fault }).toString()}`)
