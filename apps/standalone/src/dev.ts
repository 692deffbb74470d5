// `npm run dev`: the database stays up, the backend restarts and the web app reloads when their sources change.
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { createLogger, onShutdown, readConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'
import { startDatabase } from './start-standalone.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const config = readConfig(configSchema)
const log = createLogger({ name: 'dev', level: config.LOG_LEVEL })
const dataDir = path.resolve(config.INSTANDT_DATA)
await mkdir(dataDir, { recursive: true })
const database = await startDatabase(dataDir, log)

const children = [
  spawn(process.execPath, ['--watch', '--watch-preserve-output', path.join(root, 'apps/backend/src/main.ts')], {
    stdio: 'inherit',
    env: {
      DATABASE_URL: database.appUrl,
      PORT: String(config.PORT),
      STORAGE_DIR: path.join(dataDir, 'blobs'),
      LOG_LEVEL: config.LOG_LEVEL,
    },
  }),
  spawn(process.execPath, [path.join(root, 'node_modules/vite/bin/vite.js'), path.join(root, 'apps/frontend')], {
    stdio: 'inherit',
    env: { INSTANDT_BACKEND: `http://127.0.0.1:${config.PORT}` },
  }),
]
onShutdown(log, [
  {
    name: 'children',
    run: async () => {
      for (const child of children) child.kill('SIGTERM')
      await Promise.all(
        children.map((child) =>
          child.exitCode === null && child.signalCode === null
            ? new Promise((resolve) => child.once('exit', resolve))
            : Promise.resolve(),
        ),
      )
    },
  },
  { name: 'database', run: () => database.stop() },
])
