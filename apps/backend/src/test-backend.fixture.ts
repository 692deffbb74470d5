// For tests: the whole backend on a database and a folder of its own, listening on a free port of the loopback address.
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Db } from '@instandt/db'
import { createLogger } from '@instandt/runtime'
import { signedFetch, type TestDatabase, testDatabase, testKeys } from '@instandt/testkit'
import { buildApp } from './app.ts'
import { createReadNotes } from './audit/note-read.ts'
import { type Config, configSchema } from './config.ts'
import type { App, Deps } from './deps.ts'
import { createIdentity } from './identity/index.ts'
import { createKeySource } from './secrets/keys.ts'
import { openPixels } from './pixels/pixel-pool.ts'
import { openBlobStore } from './storage/open-store.ts'

export interface TestBackend {
  url: string
  app: App
  deps: Deps
  db: Db
  database: TestDatabase
  stow(
    files: readonly Uint8Array[],
    options?: { study?: string; contentType?: string; partType?: string },
  ): Promise<Response>
  get(path: string, headers?: Record<string, string>): Promise<Response>
  stop(): Promise<void>
}

export async function startTestBackend(settings: Partial<Config> = {}): Promise<TestBackend> {
  const database = await testDatabase()
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-backend-'))
  const config = {
    ...configSchema.parse({ DATABASE_URL: database.appUrl, STORAGE_DIR: folder, SECRET_KEYS: testKeys }),
    ...settings,
  }
  const blobs = await openBlobStore(config)
  const log = createLogger({ name: 'test', level: 'fatal' })
  const keys = createKeySource(() => Promise.resolve(testKeys), Infinity)
  const identity = createIdentity(config, keys)
  const pixels = openPixels(config)
  const deps: Deps = { config, db: database.db, blobs, log, identity, noteRead: createReadNotes(database.db), pixels }
  const app = await buildApp(deps)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  return {
    url,
    app,
    deps,
    db: database.db,
    database,
    async stow(files, options = {}) {
      const boundary = 'test-boundary'
      const pieces: Uint8Array[] = []
      for (const file of files) {
        pieces.push(
          Buffer.from(`--${boundary}\r\nContent-Type: ${options.partType ?? 'application/dicom'}\r\n\r\n`),
          file,
          Buffer.from('\r\n'),
        )
      }
      pieces.push(Buffer.from(`--${boundary}--\r\n`))
      return signedFetch(`${url}/dicom-web/studies${options.study === undefined ? '' : `/${options.study}`}`, {
        method: 'POST',
        headers: {
          'content-type': options.contentType ?? `multipart/related; type="application/dicom"; boundary=${boundary}`,
        },
        body: Buffer.concat(pieces),
      })
    },
    get: (address, headers = {}) => signedFetch(url + address, { headers }),
    async stop() {
      const closed = app.close()
      app.server.closeAllConnections()
      await closed
      pixels.close()
      await blobs.close()
      await database.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What the backend logs from now on, from level error. */
export function collectErrors({ deps }: TestBackend): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = []
  deps.log = createLogger({
    name: 'test',
    level: 'error',
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  })
  return lines
}
