import { closeDb, openDb, retireConnections } from '@instandt/db'
import { closeServer, type Logger, startTelemetry } from '@instandt/runtime'
import { type AppOptions, buildApp } from './app.ts'
import type { Config } from './config.ts'
import { startSealing } from './audit/seal.ts'
import { createReadNotes } from './audit/note-read.ts'
import type { Deps } from './deps.ts'
import { createIdentity } from './identity/index.ts'
import { openCredentials } from './secrets/database-credentials.ts'
import { openKeyVault } from './secrets/key-vault.ts'
import { createKeySource } from './secrets/keys.ts'
import { keysSecret } from './secrets/rotate-keys.ts'
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
export async function openDeps(
  config: Config,
  log: Logger,
  name = 'backend',
): Promise<{ deps: Deps; close: () => Promise<void> }> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, INSTANDT_VERSION: version, TRACE_SHARE: share } = config
  const telemetry = endpoint === undefined ? undefined : await startTelemetry({ name, version, endpoint, share }, log)
  const blobs = await openBlobStore(config)
  const vault =
    config.KEY_VAULT_URL === undefined
      ? undefined
      : await openKeyVault({ url: config.KEY_VAULT_URL, clientId: config.AZURE_CLIENT_ID })
  const credentials = await openCredentials(config, vault, log)
  const db = openDb({
    connectionString: config.DATABASE_URL,
    ...(credentials ? { credentials } : {}),
    max: config.DATABASE_CONNECTIONS,
    applicationName: 'instandt-backend',
    onBrokenConnection: (error) => log.warn({ err: error }, 'a database connection broke'),
  })
  credentials?.watch((user) => {
    retireConnections(db, (old) => old !== user).catch((error: unknown) =>
      log.warn({ err: error }, 'connections of the old database user are still open'),
    )
  })
  const keys = createKeySource(
    async () => config.SECRET_KEYS ?? (await vault?.read(keysSecret)) ?? '',
    config.SECRETS_REFRESH_SECONDS * 1000,
  )
  return {
    deps: { config, db, blobs, log, identity: createIdentity(config, keys), noteRead: createReadNotes(db), telemetry },
    async close() {
      credentials?.stop()
      await blobs.close()
      await closeDb(db)
      await telemetry?.stop()
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
      await closeServer(app.server, () => app.close())
      await sealing.stop()
      await close()
    },
  }
}
