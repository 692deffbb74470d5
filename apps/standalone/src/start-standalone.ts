import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { configSchema, newKey, startBackend, startJobs, startTelling, type RunningBackend } from '@instandt/backend'
import { frontendRoutes } from '@instandt/frontend/server'
import { runMigrations } from '@instandt/migrate'
import type { Logger } from '@instandt/runtime'
import { findPostgres, startPostgres } from '@instandt/testkit/postgres'

export interface StandaloneOptions {
  dataDir: string
  port: number
  log: Logger
  /** Settings of the backend beyond those this program makes itself: sign-in, mail, proxies. */
  settings?: Record<string, string | undefined>
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

/** For commands: the database of a running installation, or one started for as long as the command takes. */
export async function openDatabase(dataDir: string, log: Logger): Promise<{ appUrl: string; stop(): Promise<void> }> {
  return (await findPostgres(path.join(dataDir, 'postgres'))) ?? startDatabase(dataDir, log)
}

/** What the backend needs of this installation's own folder; its keys are made at the first start. */
export async function ownSettings(dataDir: string): Promise<Record<string, string>> {
  const keyFile = path.join(dataDir, 'secret-keys')
  // Written beside and renamed: a crash leaves no half key, and a key is never replaced.
  if (!existsSync(keyFile)) {
    await writeFile(`${keyFile}.new`, `${newKey()}\n`, { mode: 0o600, flush: true })
    await rename(`${keyFile}.new`, keyFile)
  }
  return {
    STORAGE: 'disk',
    STORAGE_DIR: path.join(dataDir, 'blobs'),
    AUDIT_ANCHOR_FILE: path.join(dataDir, 'audit-anchors.jsonl'),
    SECRET_KEYS: (await readFile(keyFile, 'utf8')).trim(),
  }
}

/** Everything on one machine: database, files on disk, interfaces and web app on one port of the loopback address. */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { dataDir, log, pagesDir } = options
  const database = await startDatabase(dataDir, log)
  try {
    const config = configSchema.parse({
      ...options.settings,
      ...(await ownSettings(dataDir)),
      DATABASE_URL: database.appUrl,
      PORT: options.port,
    })
    const hasPages = pagesDir !== undefined && existsSync(path.join(pagesDir, 'index.html'))
    const backend = await startBackend(
      config,
      log,
      hasPages ? { addPages: (app) => frontendRoutes(app, { root: pagesDir }) } : {},
    )
    const jobs = await startJobs(backend.deps)
    const telling = startTelling(backend.deps)
    return {
      url: backend.url,
      backend,
      async stop() {
        await telling.stop()
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
