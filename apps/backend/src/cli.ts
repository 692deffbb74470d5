// `instandt` where the database is named by the environment; a standalone installation has its own entry.
import { createLogger, readConfig } from '@instandt/runtime'
import { runCommand } from './commands.ts'
import { configSchema } from './config.ts'
import { openDeps } from './start-backend.ts'

process.exitCode = await runCommand(
  process.argv.slice(2),
  () => {
    const config = readConfig(configSchema)
    return openDeps(config, createLogger({ name: 'instandt', level: config.LOG_LEVEL, destination: process.stderr }))
  },
  (text) => process.stdout.write(text),
)
