import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { configSchema, startBackend, startJobs, startTelling } from '@instandt/backend'
import { frontendRoutes } from '@instandt/frontend/server'
import { createLogger } from '@instandt/runtime'
import { testDatabase, signedFetch, testKeys } from '@instandt/testkit'

export interface TestApp {
  /** http://127.0.0.1:… */
  url: string
  /** One-time address of the first administrator. */
  setupLink: string | undefined
  /** Stores one file through STOW-RS; throws when it is refused. */
  store(bytes: Uint8Array<ArrayBuffer>): Promise<void>
  /** For rows without files, as the backend's role. */
  sql(text: string): Promise<void>
  stop(): Promise<void>
}

/** `npm test` builds the pages before any test; another folder of them for work on the pages. */
export const pagesDir = process.env['INSTANDT_PAGES'] ?? path.resolve(import.meta.dirname, '../../apps/frontend/dist')

/** The whole program as `npm start` runs it, on its own database and folder and on a free port. */
export async function startApp(settings: Record<string, string> = {}): Promise<TestApp> {
  if (!existsSync(path.join(pagesDir, 'index.html'))) {
    throw new Error(`${pagesDir} holds no built pages: run 'npm run build' first`)
  }
  const database = await testDatabase()
  const storageDir = await mkdtemp(path.join(tmpdir(), 'instandt-e2e-'))
  const config = configSchema.parse({
    // Where a test wants images for screens, it says so.
    DERIVE_THREADS: 0,
    ...settings,
    DATABASE_URL: database.appUrl,
    PORT: 0,
    STORAGE_DIR: storageDir,
    SECRET_KEYS: testKeys,
  })
  const backend = await startBackend(config, createLogger({ name: 'e2e', level: 'error' }), {
    addPages: (app) => frontendRoutes(app, { root: pagesDir }),
  })
  const jobs = await startJobs(backend.deps)
  const telling = startTelling(backend.deps)
  return {
    url: backend.url,
    setupLink: backend.setupLink,
    async store(bytes) {
      const answer = await signedFetch(`${backend.url}/dicom-web/studies`, {
        method: 'POST',
        headers: { 'content-type': 'application/dicom', accept: 'application/dicom+json' },
        body: bytes,
      })
      const text = await answer.text()
      if (answer.status !== 200) throw new Error(`the file was refused: ${answer.status} ${text.slice(0, 500)}`)
    },
    async sql(text) {
      await database.db.pool.query(text)
    },
    async stop() {
      await telling.stop()
      await jobs.stop()
      await backend.stop()
      await database.stop()
      await rm(storageDir, { recursive: true, force: true })
    },
  }
}
