import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface Server {
  name: string
  /** DICOMweb base address. */
  base: string
  /** For Authorization: Bearer. */
  token?: string | undefined
  /** Takes uploads in parts, beside STOW-RS. */
  hasUploads?: boolean
  /** The process whose memory counts; its descendants count for CPU. */
  pid: number | undefined
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

function stopper(child: ChildProcess, folder: string): () => Promise<void> {
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * instaNDT as `npm start` runs it: durable PostgreSQL and files on disk, on fresh data.
 * @param root another checkout, to see what a change costs
 * @param settings beside those of `npm start`
 */
export async function startInstandt(
  root = path.join(import.meta.dirname, '..'),
  settings: Record<string, string> = {},
): Promise<Server> {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-bench-'))
  const port = await freePort()
  const log = openSync(path.join(folder, 'log'), 'w')
  const own = { PORT: String(port), INSTANDT_DATA: path.join(folder, 'data'), LOG_LEVEL: 'warn' }
  const env = { ...process.env, ...own, ...settings }
  const child = spawn(process.execPath, [path.join(root, 'apps/standalone/src/main.ts')], {
    env,
    stdio: ['ignore', log, log],
  })
  await waitUntilUp(`http://127.0.0.1:${port}/health/ready`, child)
  const words = ['token', 'create', '--name', 'bench', '--role', 'level-i']
  const made = spawnSync(process.execPath, [path.join(root, 'apps/standalone/src/cli.ts'), ...words], { env })
  // Checkouts from before there was sign-in make none and need none.
  const token = /ndt_[\w-]+/.exec(made.stdout.toString())?.[0]
  const base = `http://127.0.0.1:${port}/dicom-web`
  return { name: 'instaNDT', base, token, hasUploads: true, pid: child.pid, stop: stopper(child, folder) }
}

const orthancBinary = '/usr/sbin/Orthanc'
const orthancPlugin = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'

/** Orthanc from Debian's packages on its SQLite index, loopback only; undefined when it is not installed. */
export async function startOrthanc(): Promise<Server | undefined> {
  if (!existsSync(orthancBinary) || !existsSync(orthancPlugin)) return undefined
  const folder = await mkdtemp(path.join(tmpdir(), 'orthanc-bench-'))
  const port = await freePort()
  await mkdir(path.join(folder, 'data'))
  const settings = {
    Name: 'bench',
    StorageDirectory: path.join(folder, 'data'),
    IndexDirectory: path.join(folder, 'data'),
    HttpPort: port,
    DicomServerEnabled: false,
    // It binds every address; refusing remote callers keeps it private to this machine.
    RemoteAccessAllowed: false,
    AuthenticationEnabled: false,
    Plugins: [orthancPlugin],
    DicomWeb: { Enable: true, Root: '/dicom-web/', EnableWado: false },
  }
  await writeFile(path.join(folder, 'orthanc.json'), JSON.stringify(settings))
  const log = openSync(path.join(folder, 'log'), 'w')
  const child = spawn(orthancBinary, [path.join(folder, 'orthanc.json')], { stdio: ['ignore', log, log] })
  const base = `http://127.0.0.1:${port}/dicom-web`
  await waitUntilUp(`${base}/studies?limit=1`, child)
  return { name: 'Orthanc', base, pid: child.pid, stop: stopper(child, folder) }
}
