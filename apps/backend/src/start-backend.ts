import { closeDb, openDb } from '@instandt/db'
import type { Logger } from '@instandt/runtime'
import { type AppOptions, buildApp } from './app.ts'
import type { Config } from './config.ts'
import { startSealing } from './audit/seal.ts'
import { createReadNotes } from './audit/note-read.ts'
import type { Deps } from './deps.ts'
import { createIdentity } from './identity/index.ts'
import { createKeySource } from './secrets/keys.ts'
import { firstAdministrator } from './sign-in/first-administrator.ts'
import { openBlobStore } from './storage/open-store.ts'

export interface RunningBackend {
  /** http://127.0.0.1:8080 */
  url: string
  /** One-time address at which the first administrator is made; undefined when there is one. */
  setupLink: string | undefined
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
  const keys = createKeySource(() => Promise.resolve(config.SECRET_KEYS ?? ''), Infinity)
  return {
    deps: { config, db, blobs, log, identity: createIdentity(config, keys), noteRead: createReadNotes(db) },
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
  const url = (await app.listen({ host: config.HOST, port: config.PORT })).replace('[::1]', 'localhost')
  const sealing = startSealing(deps)
  const setupLink = await firstAdministrator(deps, config.PUBLIC_URL ?? url).catch((error: unknown) => {
    // The database may come later; until then nobody can sign in anyway.
    log.warn({ err: error }, 'whether there is an administrator is not known yet')
    return undefined
  })
  return {
    url,
    setupLink,
    deps,
    async stop() {
      await app.close()
      await sealing.stop()
      await close()
    },
  }
}
