import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { testDatabase, testKeys } from '@instandt/testkit'

export interface KillableApp {
  url: string
  /** SIGKILL; returns once the process is gone. */
  kill(): Promise<void>
  /** At the same address, on the same database and folder; with other settings where they are given. */
  start(settings?: Record<string, string>): Promise<void>
  stop(): Promise<void>
}

/** The program in a process of its own. */
export async function startKillableApp(firstSettings: Record<string, string> = {}): Promise<KillableApp> {
  const database = await testDatabase()
  const storageDir = await mkdtemp(path.join(tmpdir(), 'instandt-e2e-'))
  let child: ChildProcess | undefined
  let port = '0'

  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  const start = async (settings = firstSettings): Promise<void> => {
    child = spawn(process.execPath, [path.join(import.meta.dirname, 'served-app.ts')], {
      env: {
        ...process.env,
        DATABASE_URL: database.appUrl,
        PORT: port,
        STORAGE: 'disk',
        STORAGE_DIR: storageDir,
        SECRET_KEYS: testKeys,
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [words] = (await Promise.race([
      once(child.stdout as NodeJS.ReadableStream, 'data'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`the program ended with ${code}`))),
    ])) as [Buffer]
    port = new URL(words.toString().trim()).port
  }
  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    kill,
    start,
    async stop() {
      await kill()
      await database.stop()
      await rm(storageDir, { recursive: true, force: true })
    },
  }
}
