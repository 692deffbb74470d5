import { existsSync } from 'node:fs'
import path from 'node:path'
import { configSchema, startBackend, startJobs, type RunningBackend } from '@instandt/backend'
import { frontendRoutes } from '@instandt/frontend/server'
import { runMigrations } from '@instandt/migrate'
import type { Logger } from '@instandt/runtime'
import { startPostgres } from '@instandt/testkit/postgres'

export interface StandaloneOptions {
  dataDir: string
  port: number
  log: Logger
  /** Built web app; without it only the interfaces are served. */
  pagesDir?: string
}

export interface Standalone {
  url: string
  backend: RunningBackend
  stop(): Promise<void>
}

export const builtPages = path.resolve(import.meta.dirname, '../../frontend/dist')

/** PostgreSQL below the data folder, brought to the schema this version needs by the migration job's own code. */
export async function startDatabase(dataDir: string, log: Logger): Promise<{ appUrl: string; stop(): Promise<void> }> {
  const postgres = await startPostgres({
    dataDir: path.join(dataDir, 'postgres'),
    log,
    onCrash: (reason) => {
      log.fatal({ reason }, 'PostgreSQL ended unexpectedly')
      process.exit(1)
    },
  })
  try {
    await runMigrations(
      { databaseUrl: postgres.adminUrl, appRole: postgres.appRole, appRolePassword: postgres.appPassword },
      log,
    )
  } catch (error) {
    await postgres.stop()
    throw error
  }
  return { appUrl: postgres.appUrl, stop: () => postgres.stop() }
}

/** Everything on one machine: database, files on disk, interfaces and web app on one port of the loopback address. */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { dataDir, log, pagesDir } = options
  const database = await startDatabase(dataDir, log)
  try {
    const config = configSchema.parse({
      DATABASE_URL: database.appUrl,
      PORT: options.port,
      STORAGE: 'disk',
      STORAGE_DIR: path.join(dataDir, 'blobs'),
    })
    const hasPages = pagesDir !== undefined && existsSync(path.join(pagesDir, 'index.html'))
    const backend = await startBackend(
      config,
      log,
      hasPages ? { addPages: (app) => frontendRoutes(app, { root: pagesDir }) } : {},
    )
    const jobs = await startJobs(backend.deps)
    return {
      url: backend.url,
      backend,
      async stop() {
        await jobs.stop()
        await backend.stop()
        await database.stop()
      },
    }
  } catch (error) {
    await database.stop()
    throw error
  }
}
