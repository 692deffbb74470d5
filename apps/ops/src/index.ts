export { configSchema } from './config.ts'
export { archiveHelp, isOpsCommand, opsHelp, runOps } from './run-ops.ts'
