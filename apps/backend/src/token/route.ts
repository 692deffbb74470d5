import {
  type NewToken,
  newTokenSchema,
  permissionsOf,
  type ProjectPermission,
  type Token,
  type TokenCreated,
} from '@instandt/api'
import { AppError } from '../app-error.ts'
import { createToken, listTokens, revokeToken } from '../data/api-tokens.ts'
import type { ProjectRights } from '../data/callers.ts'
import type { App, Deps } from '../deps.ts'
import { newApiToken } from '../identity/tokens.ts'
import { readBody, readId } from '../read-input.ts'

/** Tokens of machines, and the administrator's view of everybody's. */
export function tokenRoutes(app: App, deps: Deps): void {
  const manage = { config: { permission: 'manage-tokens' } } as const

  app.get('/api/tokens', manage, async (request): Promise<{ items: Token[] }> => ({
    items: await listTokens(deps.db, request.scope),
  }))

  app.post('/api/tokens', manage, async (request, reply): Promise<TokenCreated> => {
    const wanted = readBody(newTokenSchema, request.body)
    const secret = newApiToken()
    const token = await createToken(deps.db, request.scope, secret, wanted)
    void reply.code(201)
    return { token, secret }
  })

  app.delete('/api/tokens/:id', manage, async (request, reply) => {
    const notFound = (): AppError => new AppError('token-not-found', 404, 'There is no such token.')
    await revokeToken(deps.db, request.scope, readId((request.params as { id: string }).id, notFound))
    return reply.code(204).send()
  })
}

/** Nobody hands on what he has not got. @throws AppError 'project-not-found', 'forbidden' */
export function checkTokenRole(
  role: NewToken['role'],
  slugs: readonly string[],
  projects: readonly ProjectRights[],
): void {
  for (const slug of slugs) {
    const own = projects.find((one) => one.slug === slug)
    if (!own) throw new AppError('project-not-found', 404, `There is no project ${slug}.`)
    if (!permissionsOf(role).every((one) => own.permissions.includes(one as ProjectPermission)))
      throw new AppError('forbidden', 403, `Your role in ${slug} does not allow a token with this role.`)
  }
}
