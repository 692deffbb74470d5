import { type ChangePage, changesQuerySchema } from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import { lastPlace, readChanges } from '../data/changes.ts'
import type { App, Deps } from '../deps.ts'
import { noSuchProject, onlyIn, type Scope } from '../plugins/access.ts'
import { readQuery } from '../read-input.ts'

/** What happened to stored objects, page by page, for those who keep a copy or an order book in step. */
export function changeRoutes(app: App, deps: Deps): void {
  app.get('/api/changes', { config: { permission: 'follow' } }, async (request): Promise<ChangePage> => {
    const { after, project, kinds, limit } = readQuery(changesQuerySchema, request.query)
    const scope = project === undefined ? request.scope : scopeWithin(request, project)
    if (after === 'latest') return { items: [], next: await lastPlace(deps.db), hasMore: false }
    return readChanges(deps.db, scope, { after, kinds, limit })
  })
}

function scopeWithin(request: FastifyRequest, slug: string): Scope {
  const project = request.caller.projects.find((one) => one.slug === slug)
  if (!project) throw noSuchProject()
  return onlyIn(request.scope, project.id)
}
