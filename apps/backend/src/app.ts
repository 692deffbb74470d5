// Table of contents: every plugin and every route of the backend, by name.
import { randomUUID } from 'node:crypto'
import Fastify, { LogController } from 'fastify'
import { AppError } from './app-error.ts'
import type { App, Deps } from './deps.ts'
import { qidoRoutes } from './dicomweb/qido/route.ts'
import { stowRoutes } from './dicomweb/stow/route.ts'
import { wadoRoutes } from './dicomweb/wado/route.ts'
import { inspectionRoutes } from './inspection/route.ts'
import { openApiRoutes } from './openapi.ts'
import { addAccess } from './plugins/access.ts'
import { addHealth, addSchemaGate, isDatabaseUp, watchSchema } from './plugins/health.ts'
import { addProblems, sendProblem } from './plugins/problem.ts'
import { addRequestGuard } from './plugins/request-guard.ts'
import { sessionRoutes } from './session-route.ts'

export interface AppOptions {
  /** Serves the web app beside the interfaces, on one port: standalone only. */
  addPages?: (app: App) => void | Promise<void>
}

const saneRequestId = /^[\w.:-]{1,64}$/

export async function buildApp(deps: Deps, options: AppOptions = {}): Promise<App> {
  const app: App = Fastify({
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && saneRequestId.test(given) ? given : randomUUID()
    },
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => {
      void sendProblem(request, reply, new AppError('malformed-request', error.statusCode ?? 400, error.message))
    },
    bodyLimit: 1024 * 1024,
    // Uploads may take hours over bad lines; idle sockets are ended by the keep-alive timeout.
    requestTimeout: 0,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle',
  }) as unknown as App
  const schemaFaultNow = watchSchema(deps.db)

  addProblems(app, () => isDatabaseUp(deps.db))
  addRequestGuard(app, deps.config)

  await app.register(async (interfaces) => {
    addSchemaGate(interfaces as App, schemaFaultNow)
    addAccess(interfaces as App, deps.db)
    addHealth(interfaces as App, deps, schemaFaultNow)
    qidoRoutes(interfaces as App, deps)
    stowRoutes(interfaces as App, deps)
    wadoRoutes(interfaces as App, deps)
    sessionRoutes(interfaces as App, deps)
    inspectionRoutes(interfaces as App, deps)
    openApiRoutes(interfaces as App)
  })
  await options.addPages?.(app)
  return app
}
