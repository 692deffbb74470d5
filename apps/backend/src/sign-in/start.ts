import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PoolClient } from 'pg'
import { maxSessionHours, startSession } from '../data/sessions.ts'
import type { Deps } from '../deps.ts'
import { hashSecret, newSecret } from '../identity/tokens.ts'
import type { Scope } from '../plugins/access.ts'

/** A fresh session with a fresh cookie: one that came with the request is never taken over (session fixation). */
export async function beginSession(
  deps: Deps,
  client: PoolClient,
  request: FastifyRequest,
  reply: FastifyReply,
  scope: Scope,
  accountId: string,
  isComplete: boolean,
): Promise<void> {
  const secret = newSecret()
  const before = deps.identity.cookies.read(request, 'instandt')
  if (before !== undefined) await client.query('delete from session where token_hash = $1', [hashSecret(before)])
  await startSession(client, scope, {
    tokenHash: hashSecret(secret),
    accountId,
    agent: request.headers['user-agent'] ?? '',
    isComplete,
  })
  deps.identity.cookies.set(reply, 'instandt', secret, maxSessionHours * 3600)
}
