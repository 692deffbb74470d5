export type { MigrateConfig } from './config.ts'
export { MigrateError } from './migrate-error.ts'
export { runMigrations, type MigrateResult } from './migrate.ts'
export { readMigrations, defaultMigrationsDir, type Migration } from './migration-files.ts'
