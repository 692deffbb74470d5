// Table of contents: every plugin and every route of the backend, by name.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Fastify, { LogController } from 'fastify'
import { AppError } from './app-error.ts'
import { auditRoutes } from './audit/route.ts'
import { binRoutes } from './bin/route.ts'
import { changeRoutes } from './changes/route.ts'
import type { Config } from './config.ts'
import { correctionRoutes } from './correction/route.ts'
import { conversionRoutes } from './conversion/route.ts'
import type { App, Deps } from './deps.ts'
import { capabilityRoutes } from './dicomweb/capabilities/route.ts'
import { qidoRoutes } from './dicomweb/qido/route.ts'
import { stowRoutes } from './dicomweb/stow/route.ts'
import { renderedRoutes } from './dicomweb/rendered/route.ts'
import { bulkRoutes } from './dicomweb/wado/bulk-route.ts'
import { wadoRoutes } from './dicomweb/wado/route.ts'
import { fixityRoutes } from './fixity/route.ts'
import { downloadRoutes } from './download/route.ts'
import { inspectionRoutes } from './inspection/route.ts'
import { linkRoutes } from './links/route.ts'
import { openApiRoutes } from './openapi.ts'
import { addAccess, type DeclaredRoute } from './plugins/access.ts'
import { addLimits } from './plugins/limits.ts'
import { addHealth, addSchemaGate, isDatabaseUp, watchSchema } from './plugins/health.ts'
import { addProblems, sendProblem } from './plugins/problem.ts'
import { addRequestGuard } from './plugins/request-guard.ts'
import { addTelemetry } from './plugins/telemetry.ts'
import { profileRoutes } from './profile/route.ts'
import { projectRoutes } from './project/route.ts'
import { renditionQueueRoutes } from './renditions/queue-route.ts'
import { renditionRoutes } from './renditions/route.ts'
import { searchAttributeRoutes } from './search-attribute/route.ts'
import { sessionRoutes } from './session-route.ts'
import { entraRoutes } from './sign-in/entra-route.ts'
import { signInRoutes } from './sign-in/route.ts'
import { tokenRoutes } from './token/route.ts'
import { uploadRoutes } from './upload/route.ts'
import { userRoutes } from './user/route.ts'
import { webhookRoutes } from './webhook/route.ts'

export interface AppOptions {
  /** Told of every route of the interfaces and what it asks for. */
  onRoute?: (route: DeclaredRoute) => void
  /** Serves the web app beside the interfaces, on one port: standalone only. */
  addPages?: (app: App) => void | Promise<void>
}

/** TLS of our own where no proxy ends it. */
function tlsOf({ TLS_CERT_FILE: cert, TLS_KEY_FILE: key }: Config): object {
  return cert === undefined || key === undefined
    ? {}
    : { https: { cert: readFileSync(cert), key: readFileSync(key), minVersion: 'TLSv1.2' } }
}

// Bytes of all headers, the address among them.
const maxHeaderSize = 16 * 1024

const saneRequestId = /^[\w.:-]{1,64}$/

/** Whoever adds an address of the interfaces outside the room that access guards has left a door open. */
function refuseUnguarded(app: App, guarded: ReadonlySet<string>): void {
  const added: string[] = []
  app.addHook('onRoute', ({ method, url }) => {
    if (/^\/(?:api|dicom-web|health)(?:\/|$)/.test(url)) added.push(...[method].flat().map((one) => `${one} ${url}`))
  })
  app.addHook('onReady', async () => {
    const open = added.filter((route) => !guarded.has(route))
    if (open.length > 0) throw new Error(`${open.join(', ')} declares no permission`)
  })
}

export async function buildApp(deps: Deps, options: AppOptions = {}): Promise<App> {
  const app: App = Fastify({
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && saneRequestId.test(given) ? given : randomUUID()
    },
    // A list of frames may fill the request; how long a name may be its own route knows.
    routerOptions: { maxParamLength: maxHeaderSize, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => {
      void sendProblem(request, reply, new AppError('malformed-request', error.statusCode ?? 400, error.message))
    },
    bodyLimit: 1024 * 1024,
    // Uploads may take hours over bad lines; idle sockets are ended by the keep-alive timeout.
    requestTimeout: 0,
    keepAliveTimeout: 75_000,
    // Headers must be in by then, however slow the upload behind them.
    http: { headersTimeout: 30_000, maxHeaderSize },
    trustProxy: deps.config.TRUSTED_PROXIES.length > 0 ? deps.config.TRUSTED_PROXIES : false,
    ...tlsOf(deps.config),
    forceCloseConnections: 'idle',
  }) as unknown as App
  const schemaFaultNow = watchSchema(deps.db)

  const guarded = new Set<string>()
  refuseUnguarded(app, guarded)
  addProblems(app, () => isDatabaseUp(deps.db))
  addRequestGuard(app, deps.config)
  addTelemetry(app, deps.telemetry)

  await app.register(async (interfaces) => {
    // What a form of another site can send without asking is not taken as a body.
    interfaces.removeContentTypeParser('text/plain')
    addSchemaGate(interfaces as App, schemaFaultNow)
    addAccess(interfaces as App, deps, (route) => {
      guarded.add(`${route.method} ${route.url}`)
      options.onRoute?.(route)
    })
    await addLimits(interfaces as App, deps.config)
    addHealth(interfaces as App, deps, schemaFaultNow)
    qidoRoutes(interfaces as App, deps)
    stowRoutes(interfaces as App, deps)
    wadoRoutes(interfaces as App, deps)
    uploadRoutes(interfaces as App, deps)
    renderedRoutes(interfaces as App, deps)
    bulkRoutes(interfaces as App, deps)
    capabilityRoutes(interfaces as App, deps)
    conversionRoutes(interfaces as App, deps)
    signInRoutes(interfaces as App, deps)
    entraRoutes(interfaces as App, deps)
    linkRoutes(interfaces as App, deps)
    sessionRoutes(interfaces as App)
    profileRoutes(interfaces as App, deps)
    inspectionRoutes(interfaces as App, deps)
    renditionRoutes(interfaces as App, deps)
    renditionQueueRoutes(interfaces as App, deps)
    projectRoutes(interfaces as App, deps)
    userRoutes(interfaces as App, deps)
    tokenRoutes(interfaces as App, deps)
    auditRoutes(interfaces as App, deps)
    searchAttributeRoutes(interfaces as App, deps)
    correctionRoutes(interfaces as App, deps)
    binRoutes(interfaces as App, deps)
    changeRoutes(interfaces as App, deps)
    fixityRoutes(interfaces as App, deps)
    downloadRoutes(interfaces as App, deps)
    webhookRoutes(interfaces as App, deps)
    openApiRoutes(interfaces as App)
  })
  await options.addPages?.(app)
  return app
}
