// The migration job: `node main.ts [--dry-run]`. Exit 0 when the schema is up to date, 1 otherwise.
import { parseArgs } from 'node:util'
import { createLogger, readConfig } from '@instandt/runtime'
import { configSchema, migrateConfig } from './config.ts'
import { MigrateError } from './migrate-error.ts'
import { runMigrations } from './migrate.ts'

const env = readConfig(configSchema)
const log = createLogger({ name: 'migrate', level: env.LOG_LEVEL })
const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } })

try {
  await runMigrations({ ...(await migrateConfig(env)), isDryRun: values['dry-run'] }, log)
} catch (err) {
  if (err instanceof MigrateError) log.fatal(err.message)
  else log.fatal({ err }, 'migration failed')
  process.exitCode = 1
}
