import type { FastifyReply } from 'fastify'
import { AppError } from '../app-error.ts'
import { addressKey, countFailure, throttledSeconds } from '../data/throttle.ts'
import type { Deps } from '../deps.ts'
import type { Scope } from '../plugins/access.ts'

/** @throws AppError 'too-many-attempts' (429) with Retry-After, in the same words whether the account exists or not */
export async function checkThrottle(deps: Deps, scope: Scope, reply: FastifyReply, account?: string): Promise<void> {
  const seconds = Math.max(
    account === undefined ? 0 : await throttledSeconds(deps.db, scope, 'account', account),
    await throttledSeconds(deps.db, scope, 'address', addressKey(scope.address)),
  )
  if (seconds === 0) return
  reply.header('retry-after', seconds)
  throw new AppError('too-many-attempts', 429, `Too many attempts. Try again in ${seconds} seconds.`)
}

export async function countFailedSignIn(deps: Deps, scope: Scope, account?: string): Promise<void> {
  if (account !== undefined) await countFailure(deps.db, scope, 'account', account)
  await countFailure(deps.db, scope, 'address', addressKey(scope.address))
}
