import { createLogger, onShutdown, readConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'
import { startJobs } from './jobs/index.ts'
import { openDeps } from './start-backend.ts'

const config = readConfig(configSchema)
const log = createLogger({ name: 'worker', level: config.LOG_LEVEL })
const { deps, close } = await openDeps(config, log)
const runner = await startJobs(deps)
onShutdown(log, [
  { name: 'jobs', run: () => runner.stop() },
  { name: 'connections', run: close },
])
