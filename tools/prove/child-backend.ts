// A real backend process on a database and a folder of its own, for proofs that kill it or watch its memory.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { signedFetch, testCaller, testKeys } from '@instandt/testkit'
import packageJson from '../../package.json' with { type: 'json' }

export interface ChildBackend {
  url: string
  pid: number
  /** SIGKILL, and returns once the process is gone. */
  kill(): Promise<void>
  stop(): Promise<void>
  /** SIGTERM, and returns the exit code once the process is gone. */
  end(): Promise<number | null>
  isRunning(): boolean
  /** Its last lines. */
  words(): string
  /** Peak resident memory in MiB (VmHWM). */
  peakMemory(): number
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function temporaryFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-prove-'))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

interface ChildOptions {
  databaseUrl: string
  env?: Record<string, string>
  storageDir?: string
}

export const startChildBackend = (options: ChildOptions): Promise<ChildBackend> => startChild('main', 'PORT', options)

/** The process that runs jobs, as the platform starts it beside the backend; its address answers probes alone. */
export const startChildWorker = (options: ChildOptions): Promise<ChildBackend> =>
  startChild('worker', 'WORKER_PORT', options)

async function startChild(entry: string, portName: string, options: ChildOptions): Promise<ChildBackend> {
  const port = await freePort()
  const words: string[] = []
  const child = spawn(process.execPath, [path.resolve(import.meta.dirname, `../../apps/backend/src/${entry}.ts`)], {
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: packageJson.config.serverNodeOptions,
      DATABASE_URL: options.databaseUrl,
      [portName]: String(port),
      LOG_LEVEL: 'warn',
      SECRET_KEYS: testKeys,
      ...(options.storageDir === undefined ? {} : { STORAGE: 'disk', STORAGE_DIR: options.storageDir }),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      words.push(chunk.toString())
      if (words.length > 50) words.shift()
    })
  }
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + 60_000
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the ${entry} ended with code ${child.exitCode}: ${words.join('')}`)
    if (Date.now() > deadline) throw new Error(`the ${entry} did not answer: ${words.join('')}`)
    const isUp = await signedFetch(`${url}/health/live`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (isUp) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url,
    pid: child.pid as number,
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
    async end() {
      await end(child, 'SIGTERM')
      return child.exitCode
    },
    isRunning: () => child.exitCode === null && child.signalCode === null,
    words: () => words.join(''),
    peakMemory: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

export interface StowAnswer {
  status: number
  text: string
}

/** One part 10 file to STOW-RS; undefined when the connection broke before an answer. */
export async function stowFile(url: string, file: Uint8Array): Promise<StowAnswer | undefined> {
  try {
    const answer = await signedFetch(`${url}/dicom-web/studies`, {
      method: 'POST',
      headers: { 'content-type': 'application/dicom', accept: 'application/dicom+json' },
      body: file as Uint8Array<ArrayBuffer>,
      signal: AbortSignal.timeout(60_000),
    })
    return { status: answer.status, text: await answer.text() }
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      throw new Error('the server did not answer within 60 s', { cause: error })
    return undefined
  }
}

/** A part 10 file that is larger than memory should be. */
export async function stowStream(url: string, file: Iterable<Uint8Array>): Promise<StowAnswer> {
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const headers = { ...testCaller, 'content-type': 'application/dicom', accept: 'application/dicom+json' }
    const request = http.request(`${url}/dicom-web/studies`, { method: 'POST', headers }, resolve)
    request.on('error', reject)
    pipeline(Readable.from(file), request).catch(reject)
  })
  return { status: answer.statusCode ?? 0, text: await text(answer) }
}
