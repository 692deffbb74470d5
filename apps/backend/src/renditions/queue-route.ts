import { failedRenditionQuerySchema, type FailedRenditionPage, type RenditionQueue, remakeSchema } from '@instandt/api'
import { listFailedRenditions, readRenditionQueue, remakeRenditions } from '../data/rendition-queue.ts'
import type { App, Deps } from '../deps.ts'
import { readBody, readQuery } from '../read-input.ts'

/** How far the images for screens are, for those who look after the installation. */
export function renditionQueueRoutes(app: App, deps: Deps): void {
  const manage = { config: { permission: 'manage-archive' } } as const

  app.get('/api/rendition-queue', manage, async (request): Promise<RenditionQueue> =>
    readRenditionQueue(deps.db, request.scope),
  )

  app.get('/api/rendition-queue/failed', manage, async (request): Promise<FailedRenditionPage> =>
    listFailedRenditions(deps.db, request.scope, readQuery(failedRenditionQuerySchema, request.query)),
  )

  app.post('/api/rendition-queue/remake', manage, async (request, reply) => {
    const count = await remakeRenditions(deps.db, request.scope, readBody(remakeSchema, request.body))
    return reply.code(202).send({ count })
  })
}
