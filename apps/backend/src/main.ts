import { collectBuffersSeldom, createLogger, onShutdown, readConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'
import { startBackend } from './start-backend.ts'

collectBuffersSeldom()
const config = readConfig(configSchema)
const log = createLogger({ name: 'backend', level: config.LOG_LEVEL })
const backend = await startBackend(config, log)
log.info({ url: backend.url }, 'listening')
onShutdown(log, [{ name: 'backend', run: () => backend.stop() }], {
  delayMs: config.SHUTDOWN_DELAY_SECONDS * 1000,
  timeoutMs: config.SHUTDOWN_SECONDS * 1000,
})
