// For tests: a server with these routes alone.
import fastify from 'fastify'
import type { Db } from '@instandt/db'
import { AppError } from '../../app-error.ts'
import type { App, Deps } from '../../deps.ts'
import { localScope } from '../../plugins/access.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { wadoRoutes } from './route.ts'

export async function startTestApp(options: { db: Db; blobs: BlobStore; publicUrl?: string }): Promise<App> {
  const app = fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 256 } })
  app.decorateRequest('scope', { getter: () => localScope(1) })
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof AppError) return reply.code(error.status).send({ code: error.code, detail: error.message })
    return reply.code(500).send({ code: 'internal', detail: String(error) })
  })
  wadoRoutes(app, { ...options, config: { PUBLIC_URL: options.publicUrl }, log: app.log } as unknown as Deps)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app
}
