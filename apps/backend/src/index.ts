export { configSchema, type Config } from './config.ts'
export { openDeps, startBackend, type RunningBackend } from './start-backend.ts'
