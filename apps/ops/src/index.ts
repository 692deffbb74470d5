export { configSchema } from './config.ts'
export { isOpsCommand, opsHelp, runOps } from './run-ops.ts'
