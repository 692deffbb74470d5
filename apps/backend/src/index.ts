export { configSchema, type Config } from './config.ts'
export { runCommand } from './commands.ts'
export { startJobs } from './jobs/index.ts'
export { openDeps, startBackend, type RunningBackend } from './start-backend.ts'
