// For the rehearsal of a release: the platform's part, with real processes. One revision of each app serves; a new one is
// started beside it, gets the requests once it says that it is ready, and the old one gets SIGTERM.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { type ChildBackend, freePort, startChildBackend } from './child-backend.ts'

const root = path.resolve(import.meta.dirname, '../..')
/** Seconds until a revision that is not ready counts as failed; the one that never will be is given less. */
const readySeconds = { good: 60, deaf: 3 }

/**
 * Stands for Front Door and ingress: sends each request to the revision in charge. Like the real one it learns of a change a
 * little late, and goes on sending some requests to the one before.
 */
export async function startIngress(lateMs = 0) {
  const apps = new Map<string, { now: string; before: string; until: number; turn: number }>()
  const agent = new http.Agent({ keepAlive: true })
  const server = http.createServer((request, response) => {
    const app = apps.get(/^\/(api|dicom-web|health\/live)/.test(request.url ?? '') ? 'backend' : 'frontend')
    const isLate = app !== undefined && Date.now() < app.until && (app.turn += 1) % 2 === 0
    const target = new URL(request.url ?? '/', isLate ? app.before : app?.now)
    const onward = http.request(target, { method: request.method, headers: request.headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
    request.on('close', () => request.complete || onward.destroy())
    request.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    switchTo(app: string, url: string): void {
      const before = apps.get(app)?.now
      apps.set(app, { now: url, before: before ?? url, until: before === undefined ? 0 : Date.now() + lateMs, turn: 0 })
    },
    stop() {
      server.closeAllConnections()
      server.close()
      agent.destroy()
    },
  }
}

export interface Pages {
  url: string
  child: ChildProcess
}

/** The web app's own server. */
export async function startPages(env: Record<string, string> = {}): Promise<Pages> {
  const port = await freePort()
  const child = spawn(process.execPath, [path.join(root, 'apps/frontend/src/server-main.ts')], {
    env: { PATH: process.env['PATH'] ?? '', PORT: String(port), LOG_LEVEL: 'error', ...env },
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}`
  if (await isReady(`${url}/health/live`, readySeconds.good)) return { url, child }
  throw new Error('the web app did not start')
}

async function isReady(url: string, seconds: number): Promise<boolean> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok === true) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return false
}

interface Running {
  url: string
  /** SIGTERM; resolves with the exit code once it has ended. */
  end(): Promise<number | null>
}

export interface Kinds {
  databaseUrl: string
  folder: string
  env: Record<string, string>
  /** Images whose backend never finds its database, and whose web app has a broken page. */
  isDeaf: (image: string) => boolean
  isBare: (image: string) => boolean
}

/** What runs of each app; every process that was told to end is remembered by how it ended. */
export function createPlatform(ingress: Awaited<ReturnType<typeof startIngress>>, kinds: Kinds) {
  const serving = new Map<string, Running>()
  const ending: Promise<number | null>[] = []
  /** How many of each were told to end and have ended. */
  const ended: Record<string, number> = { backend: 0, frontend: 0 }

  async function startRevision(app: string, image: string): Promise<Running | undefined> {
    if (app === 'frontend') {
      const bare = path.join(kinds.folder, 'no-pages')
      await mkdir(bare, { recursive: true })
      await writeFile(path.join(bare, 'index.html'), 'a page that is none __CSP_NONCE__')
      const { url, child } = await startPages({
        SHUTDOWN_DELAY_SECONDS: kinds.env['SHUTDOWN_DELAY_SECONDS'] ?? '0',
        ...(kinds.isBare(image) ? { PAGES: bare } : {}),
      })
      return { url, end: () => endProcess(child) }
    }
    const deaf = kinds.isDeaf(image)
    const backend: ChildBackend = await startChildBackend({
      databaseUrl: deaf ? 'postgres://nobody:none@127.0.0.1:1/none' : kinds.databaseUrl,
      storageDir: path.join(kinds.folder, 'blobs'),
      env: { ...kinds.env, PUBLIC_URL: ingress.url },
    })
    if (await isReady(`${backend.url}/health/ready`, readySeconds[deaf ? 'deaf' : 'good']))
      return { url: backend.url, end: () => backend.end() }
    await backend.kill()
    return undefined
  }

  return {
    serving,
    ending,
    ended,
    /** @returns whether the revision became ready; then it has the requests */
    async onRevision(app: string, image: string): Promise<boolean> {
      const fresh = await startRevision(app, image)
      if (!fresh) return false
      const former = serving.get(app)
      serving.set(app, fresh)
      ingress.switchTo(app, fresh.url)
      if (former) ending.push(former.end().finally(() => (ended[app] = (ended[app] ?? 0) + 1)))
      return true
    },
    async stop() {
      await Promise.all([...[...serving.values()].map((one) => one.end()), ...ending])
    },
  }
}

async function endProcess(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode
  const ended = once(child, 'exit') as Promise<[number | null]>
  child.kill('SIGTERM')
  return (await ended)[0]
}
