// The program as a process of its own, for tests that kill it: settings from the environment, its address on standard output.
import { configSchema, startBackend } from '@instandt/backend'
import { frontendRoutes } from '@instandt/frontend/server'
import { createLogger } from '@instandt/runtime'
import { pagesDir } from './app.ts'

const backend = await startBackend(configSchema.parse(process.env), createLogger({ name: 'e2e', level: 'error' }), {
  addPages: (app) => frontendRoutes(app, { root: pagesDir }),
})
process.stdout.write(`${backend.url}\n`)
