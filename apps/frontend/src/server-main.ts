import { closeServer, createLogger, onShutdown, readConfig } from '@instandt/runtime'
import Fastify from 'fastify'
import { configSchema } from './server-config.ts'
import { frontendRoutes } from './server.ts'

const config = readConfig(configSchema)
const log = createLogger({ name: 'frontend', level: config.LOG_LEVEL })

const app = Fastify({ forceCloseConnections: 'idle' })
app.get('/health/live', async () => ({ status: 'ok' }))
await frontendRoutes(app, { root: config.PAGES })
const url = await app.listen({ port: config.PORT, host: config.HOST })
log.info({ url }, 'listening')
onShutdown(log, [{ name: 'frontend', run: () => closeServer(app.server, () => app.close()) }], {
  delayMs: config.SHUTDOWN_DELAY_SECONDS * 1000,
})
