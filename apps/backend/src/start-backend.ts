import { closeDb, openDb } from '@instandt/db'
import type { Logger } from '@instandt/runtime'
import { type AppOptions, buildApp } from './app.ts'
import type { Config } from './config.ts'
import type { Deps } from './deps.ts'
import { openBlobStore } from './storage/open-store.ts'

export interface RunningBackend {
  /** http://127.0.0.1:8080 */
  url: string
  deps: Deps
  /** Takes no new requests, finishes running ones, closes store and database. */
  stop(): Promise<void>
}

/** Opens what the use cases need; the caller closes it. */
export async function openDeps(config: Config, log: Logger): Promise<{ deps: Deps; close: () => Promise<void> }> {
  const blobs = await openBlobStore(config)
  const db = openDb({
    connectionString: config.DATABASE_URL,
    max: config.DATABASE_CONNECTIONS,
    applicationName: 'instandt-backend',
    onBrokenConnection: (error) => log.warn({ err: error }, 'a database connection broke'),
  })
  return {
    deps: { config, db, blobs, log },
    async close() {
      await blobs.close()
      await closeDb(db)
    },
  }
}

/** Starts the server; resolves once it listens. */
export async function startBackend(config: Config, log: Logger, options: AppOptions = {}): Promise<RunningBackend> {
  const { deps, close } = await openDeps(config, log)
  const app = await buildApp(deps, options)
  const url = await app.listen({ host: config.HOST, port: config.PORT })
  return {
    url: url.replace('[::1]', 'localhost'),
    deps,
    async stop() {
      await app.close()
      await close()
    },
  }
}
