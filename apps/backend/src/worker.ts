import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createLogger, onShutdown, readConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'
import { startJobs } from './jobs/index.ts'
import { openDeps } from './start-backend.ts'

const config = readConfig(configSchema)
const log = createLogger({ name: 'worker', level: config.LOG_LEVEL })
const { deps, close } = await openDeps(config, log, 'worker')
const runner = await startJobs(deps)
const probe = config.WORKER_PORT === undefined ? undefined : await answerProbes(config.HOST, config.WORKER_PORT)
onShutdown(
  log,
  [
    { name: 'probe', run: async () => void probe?.close() },
    { name: 'jobs', run: () => runner.stop() },
    { name: 'connections', run: close },
  ],
  { timeoutMs: config.SHUTDOWN_SECONDS * 1000 },
)

/** The platform's probes speak HTTP; the worker says that its process runs and its event loop turns, and nothing else. */
async function answerProbes(host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const isAlive = request.method === 'GET' && request.url === '/health/live'
    response.writeHead(isAlive ? 200 : 404, { 'content-type': 'application/json' })
    response.end(isAlive ? '{"status":"ok"}' : '{}')
  })
  server.listen(port, host)
  await once(server, 'listening')
  return server
}
