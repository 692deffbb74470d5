import { newSearchAttributeSchema, type SearchAttribute, type SearchAttributeList } from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import {
  addSearchAttribute,
  listSearchAttributes,
  maxSearchAttributes,
  removeSearchAttribute,
  resumeSearchAttribute,
} from '../data/search-attributes.ts'
import type { App, Deps } from '../deps.ts'
import { readBody } from '../read-input.ts'
import { readDeclaration } from './declare.ts'

/** What can be searched beyond the standard's keys: for everybody to see, for administrators to change. */
export function searchAttributeRoutes(app: App, deps: Deps): void {
  const manage = { config: { permission: 'manage-search' } } as const

  app.get(
    '/api/search-attributes',
    { config: { permission: 'signed-in' } },
    async (request): Promise<SearchAttributeList> => ({
      items: await listSearchAttributes(deps.db, request.scope),
      limit: maxSearchAttributes,
    }),
  )

  app.post('/api/search-attributes', manage, async (request, reply): Promise<SearchAttribute> => {
    const wanted = readBody(newSearchAttributeSchema, request.body)
    const attribute = { ...readDeclaration(wanted), level: wanted.level }
    const added = await addSearchAttribute(deps.db, request.scope, attribute)
    void reply.code(201)
    return added
  })

  app.delete('/api/search-attributes/:id', manage, async (request, reply) => {
    await removeSearchAttribute(deps.db, request.scope, idOf(request))
    return reply.code(204).send()
  })

  app.post('/api/search-attributes/:id/resume', manage, async (request): Promise<SearchAttribute> =>
    resumeSearchAttribute(deps.db, request.scope, idOf(request)),
  )
}

function idOf(request: FastifyRequest): number {
  const { id } = request.params as { id: string }
  if (!/^[1-9]\d{0,8}$/.test(id))
    throw new AppError('search-attribute-not-found', 404, 'There is no such search attribute.')
  return Number(id)
}
