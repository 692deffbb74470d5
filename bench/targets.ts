import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, openSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findPostgres, type RunningPostgres, startPostgres } from '@instandt/testkit/postgres'

export interface Server {
  name: string
  /** DICOMweb base addresses, one a process. */
  bases: string[]
  /** For Authorization: Bearer. */
  token?: string | undefined
  /** Takes uploads in parts, beside STOW-RS. */
  hasUploads?: boolean
  /** The processes whose memory counts, the first one's descendants too for CPU. */
  pids: number[]
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function waitUntilUp(address: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 90_000
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode} before it answered`)
    const isUp = await fetch(address).then(
      (response) => response.ok || response.status === 204,
      () => false,
    )
    if (isUp) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${address} did not answer within 90 s`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

export interface InstandtOptions {
  /** Another checkout, to see what a change costs. */
  root?: string
  /** Beside those of `npm start`. */
  settings?: Record<string, string>
  /** Backend processes of the one installation. */
  processes?: number
}

/** Those that `npm start` hands to the server. */
function nodeOptions(root: string): string {
  const { config } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    config?: { serverNodeOptions?: string }
  }
  return config?.serverNodeOptions ?? ''
}

/** instaNDT as `npm start` runs it: durable PostgreSQL and files on disk, on fresh data. */
export async function startInstandt(options: InstandtOptions = {}): Promise<Server> {
  const { root = path.join(import.meta.dirname, '..'), settings = {}, processes = 1 } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-bench-'))
  const data = path.join(folder, 'data')
  const log = openSync(path.join(folder, 'log'), 'w')
  const children: ChildProcess[] = []
  const bases: string[] = []
  const start = async (program: string, own: Record<string, string>): Promise<void> => {
    const port = await freePort()
    const basic = { NODE_OPTIONS: nodeOptions(root), PORT: String(port), LOG_LEVEL: 'warn' }
    const env = { ...process.env, ...basic, ...own, ...settings }
    const child = spawn(process.execPath, [path.join(root, program)], { env, stdio: ['ignore', log, log] })
    children.push(child)
    await waitUntilUp(`http://127.0.0.1:${port}/health/ready`, child)
    bases.push(`http://127.0.0.1:${port}/dicom-web`)
  }
  await start('apps/standalone/src/main.ts', { INSTANDT_DATA: data })
  const words = ['token', 'create', '--name', 'bench', '--role', 'level-i']
  const made = spawnSync(process.execPath, [path.join(root, 'apps/standalone/src/cli.ts'), ...words], {
    env: { ...process.env, INSTANDT_DATA: data, LOG_LEVEL: 'warn' },
  })
  // Checkouts from before there was sign-in make none and need none.
  const token = /ndt_[\w-]+/.exec(made.stdout.toString())?.[0]
  for (let number = 1; number < processes; number += 1) {
    await start('apps/backend/src/main.ts', {
      DATABASE_URL: (await findPostgres(path.join(data, 'postgres')))?.appUrl ?? '',
      STORAGE: 'disk',
      STORAGE_DIR: path.join(data, 'blobs'),
      SECRET_KEYS: readFileSync(path.join(data, 'secret-keys'), 'utf8').trim(),
    })
  }
  return {
    name: processes === 1 ? 'instaNDT' : `instaNDT, ${processes} processes`,
    bases,
    token,
    hasUploads: true,
    pids: children.flatMap(({ pid }) => pid ?? []),
    // Backwards: the first one has the database.
    async stop() {
      for (const child of children.toReversed()) await stop(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const orthancBinary = '/usr/sbin/Orthanc'
const pluginPath = (name: string): string => `/usr/share/orthanc/plugins/libOrthanc${name}.so`

/**
 * Orthanc from Debian's packages, loopback only, with its index in SQLite or in a durable PostgreSQL of the version
 * that instaNDT runs; undefined when what it needs is not installed.
 */
export async function startOrthanc(index: 'SQLite' | 'PostgreSQL' = 'SQLite'): Promise<Server | undefined> {
  const plugins = [pluginPath('DicomWeb'), ...(index === 'PostgreSQL' ? [pluginPath('PostgreSQLIndex')] : [])]
  if (![orthancBinary, ...plugins].every((file) => existsSync(file))) return undefined
  const folder = await mkdtemp(path.join(tmpdir(), 'orthanc-bench-'))
  const port = await freePort()
  await mkdir(path.join(folder, 'data'))
  const postgres = index === 'PostgreSQL' ? await startPostgres({ dataDir: path.join(folder, 'postgres') }) : undefined
  const settings = {
    Name: 'bench',
    StorageDirectory: path.join(folder, 'data'),
    IndexDirectory: path.join(folder, 'data'),
    HttpPort: port,
    DicomServerEnabled: false,
    // It binds every address; refusing remote callers keeps it private to this machine.
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    Plugins: plugins,
    DicomWeb: { Enable: true, Root: '/dicom-web/', EnableWado: false },
    ...(postgres ? { PostgreSQL: indexSettings(postgres) } : {}),
  }
  await writeFile(path.join(folder, 'orthanc.json'), JSON.stringify(settings))
  const log = openSync(path.join(folder, 'log'), 'w')
  const child = spawn(orthancBinary, [path.join(folder, 'orthanc.json')], { stdio: ['ignore', log, log] })
  const base = `http://127.0.0.1:${port}/dicom-web`
  const stopAll = async (): Promise<void> => {
    await stop(child)
    await postgres?.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntilUp(`${base}/studies?limit=1`, child)
  } catch (error) {
    const words = readFileSync(path.join(folder, 'log'), 'utf8').trim().split('\n').slice(-5).join('\n')
    await stopAll()
    throw new Error(`Orthanc on ${index} did not start: ${words}`, { cause: error })
  }
  return { name: `Orthanc, ${index}`, bases: [base], pids: child.pid === undefined ? [] : [child.pid], stop: stopAll }
}

function indexSettings({ adminUrl }: RunningPostgres): Record<string, unknown> {
  const { hostname, port, username, password, pathname } = new URL(adminUrl)
  return {
    EnableIndex: true,
    EnableStorage: false,
    Host: hostname,
    Port: Number(port),
    Database: pathname.slice(1),
    Username: decodeURIComponent(username),
    Password: decodeURIComponent(password),
    EnableSsl: false,
  }
}
