import type { FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import { addAuditEvent } from '../data/audit.ts'
import { type Caller, findAccountCaller, findSessionCaller, findTokenCaller } from '../data/callers.ts'
import { saveDirectoryAccount } from '../data/directory-accounts.ts'
import type { Deps } from '../deps.ts'
import type { Scope } from '../plugins/access.ts'
import { rememberCaller } from './caller-memory.ts'
import { confirmSession } from './confirm-session.ts'
import { apiTokenMark, hashSecret } from './tokens.ts'

export interface Credentials {
  caller: Caller
  /** Sent by the browser by itself, wherever the request came from. */
  isCookie: boolean
}

const maxTokenLength = 8192

/**
 * Who sends this request: a bearer token if there is one, else the session cookie.
 * @throws AppError 'token-invalid' (401), 'second-factor-needed' (401)
 */
export async function identify(deps: Deps, request: FastifyRequest, scope: Scope): Promise<Credentials | undefined> {
  const { authorization } = request.headers
  if (authorization !== undefined) {
    const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1]
    if (token === undefined || token.length > maxTokenLength) throw invalidToken()
    const caller = await rememberCaller(deps.db, `bearer ${token}`, () => findBearer(deps, scope, token))
    if (!caller) {
      await noteInvalidToken(deps, scope)
      throw invalidToken()
    }
    return { caller, isCookie: false }
  }
  const cookie = deps.identity.cookies.read(request, 'instandt')
  if (cookie === undefined) return undefined
  const caller = await rememberCaller(deps.db, `cookie ${cookie}`, async () => {
    const found = await findSessionCaller(deps.db, scope, hashSecret(cookie))
    return found && confirmSession(deps, scope, found)
  })
  if (!caller) return undefined
  if (caller.session?.isComplete === false)
    throw new AppError('second-factor-needed', 401, 'Enter the code of your second factor first.')
  return { caller, isCookie: true }
}

const invalidToken = (): AppError => new AppError('token-invalid', 401, 'The token is not valid.')

async function findBearer(deps: Deps, scope: Scope, token: string): Promise<Caller | undefined> {
  if (token.startsWith(apiTokenMark)) return findTokenCaller(deps.db, scope, hashSecret(token))
  const { entra } = deps.identity
  if (!entra || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined
  const identity = await entra.verifyAccessToken(token)
  if (!identity) return undefined
  const accountId = await saveDirectoryAccount(deps.db, scope, identity, deps.config.ENTRA_GROUP_ROLES)
  return accountId === undefined ? undefined : findAccountCaller(deps.db, scope, accountId)
}

// Somebody who tries thousands of tokens shall not fill the audit: one event an address and minute.
const noted = new Map<string, number>()

async function noteInvalidToken(deps: Deps, scope: Scope): Promise<void> {
  const now = Date.now()
  if ((noted.get(scope.address) ?? 0) > now - 60_000) return
  if (noted.size > 10_000) noted.clear()
  noted.set(scope.address, now)
  await addAuditEvent(deps.db.pool, scope, { action: 'sign-in.token', result: 'refused' })
}
