// `npm run dev`: the database stays up, the backend restarts and the web app reloads when their sources change.
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { createLogger, onShutdown, readConfig } from '@instandt/runtime'
import { configSchema } from './config.ts'
import { ownSettings, startDatabase } from './start-standalone.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const config = readConfig(configSchema)
const { PORT, INSTANDT_DATA, LOG_LEVEL, ...settings } = config
const log = createLogger({ name: 'dev', level: LOG_LEVEL })
const dataDir = path.resolve(INSTANDT_DATA)
await mkdir(dataDir, { recursive: true })
const database = await startDatabase(dataDir, log)

const children = [
  spawn(process.execPath, ['--watch', '--watch-preserve-output', path.join(root, 'apps/backend/src/main.ts')], {
    stdio: 'inherit',
    env: {
      // Where Vite serves the pages: the setup link and sign-in lead there.
      PUBLIC_URL: 'http://127.0.0.1:5173',
      ...Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
      ...(await ownSettings(dataDir)),
      DATABASE_URL: database.appUrl,
      PORT: String(PORT),
      LOG_LEVEL,
    },
  }),
  spawn(process.execPath, [path.join(root, 'node_modules/vite/bin/vite.js'), path.join(root, 'apps/frontend')], {
    stdio: 'inherit',
    env: { INSTANDT_BACKEND: `http://127.0.0.1:${PORT}` },
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
