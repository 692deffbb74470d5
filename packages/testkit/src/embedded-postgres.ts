import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@instandt/runtime'
import pg from 'pg'
import { adminRole, type Cluster, ensureCluster } from './postgres-cluster.ts'
import { readPostmasterFile, refuseSecondServer } from './postmaster-file.ts'

export interface PostgresOptions {
  /** The cluster's home, made at first start. Without it: a throwaway cluster that vanishes with its server. */
  dataDir?: string
  /** Default: the port of the last start when it is free, otherwise any free one. */
  port?: number
  /** false: never waits for the disk, and a crash may ruin the cluster; for tests. Default: true when there is a home. */
  isDurable?: boolean
  log?: Logger
  /** The server died without being asked to. */
  onCrash?: (reason: string) => void
}

export interface RunningPostgres {
  /** Superuser of the cluster, on database `instandt`. */
  adminUrl: string
  /** The backend's role on the same database; the migration job makes it from `appRole` and `appPassword`. */
  appUrl: string
  appRole: string
  appPassword: string
  port: number
  /** Ends the server: open connections are cut, nothing committed is lost. */
  stop: () => Promise<void>
}

type Server = ChildProcessByStdio<Writable, null, Readable>

const databaseName = 'instandt'
const appRole = 'instandt_app'
const startMs = 60_000
const stopMs = 30_000

/**
 * Starts a real PostgreSQL on 127.0.0.1, for `npm start` and for tests. The server ends with this process, however that
 * ends (decision 0020).
 * @throws when a server works on the same home already, or the server does not come up: with its own last words
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  if (process.platform === 'win32') throw new Error('the embedded PostgreSQL needs Linux or macOS; use WSL on Windows')
  const isDurable = options.isDurable ?? options.dataDir !== undefined
  const cluster = await ensureCluster(options.dataDir, isDurable)
  await refuseSecondServer(cluster.dataDir)
  const port = options.port ?? (await choosePort(cluster.portFile))
  const { server, words } = launch(cluster, port, isDurable, options.log)
  let isStopping = false
  server.once('exit', (code, signal) => {
    server.stdin.end('\n')
    if (!isStopping) options.onCrash?.(`PostgreSQL ended with ${signal ?? code}: ${words.join('\n')}`)
  })
  const stop = async (): Promise<void> => {
    isStopping = true
    await endServer(server, options.log)
    if (cluster.isThrowaway) await rm(cluster.place, { recursive: true, force: true })
  }
  try {
    await waitUntilReady(cluster.dataDir, server, words)
    await ensureDatabase(urlOf(port, adminRole, cluster.secrets.adminPassword, 'postgres'))
    if (cluster.portFile !== undefined) await writeFile(cluster.portFile, String(port))
  } catch (error) {
    await stop()
    throw error
  }
  options.log?.info({ port, dataDir: cluster.dataDir }, 'PostgreSQL is up')
  return describe(cluster, port, stop)
}

/** The server that another program runs on this home; undefined when there is none. Stopping it is that program's. */
export async function findPostgres(dataDir: string): Promise<RunningPostgres | undefined> {
  const cluster = await ensureCluster(dataDir, true)
  const found = await readPostmasterFile(cluster.dataDir)
  if (found?.status !== 'ready') return undefined
  const running = describe(cluster, found.port, () => Promise.resolve())
  const client = new pg.Client({ connectionString: running.appUrl })
  try {
    await client.connect()
    return running
  } catch {
    // What a crash left behind: the caller starts a server of its own.
    return undefined
  } finally {
    await client.end().catch(() => undefined)
  }
}

function describe(cluster: Cluster, port: number, stop: () => Promise<void>): RunningPostgres {
  const url = (role: string, password: string): string => urlOf(port, role, password, databaseName)
  return {
    adminUrl: url(adminRole, cluster.secrets.adminPassword),
    appUrl: url(appRole, cluster.secrets.appPassword),
    appRole,
    appPassword: cluster.secrets.appPassword,
    port,
    stop,
  }
}

const urlOf = (port: number, role: string, password: string, database: string): string =>
  `postgres://${role}:${password}@127.0.0.1:${port}/${database}`

/** The remembered port keeps a person's database client working; a taken one is no reason not to start. */
async function choosePort(portFile: string | undefined): Promise<number> {
  const remembered = portFile === undefined ? 0 : Number(await readFile(portFile, 'utf8').catch(() => '0'))
  return (await tryPort(remembered)) ?? (await tryPort(0)) ?? 0
}

async function tryPort(port: number): Promise<number | undefined> {
  const probe = createServer()
  try {
    probe.listen(port, '127.0.0.1')
    await once(probe, 'listening')
    const address = probe.address()
    return typeof address === 'object' ? address?.port : undefined
  } catch {
    return undefined
  } finally {
    probe.close()
  }
}

/**
 * Runs the server behind a watcher that reads our end of a pipe: an end of file means that this process is gone, even
 * by SIGKILL, and the server is told to end. A line means that the server ended first. `$1` is removed afterwards.
 */
const watched = `
place=$1; shift
exec 3<&0 </dev/null
(
  {
    if ! read -r _ <&3; then
      kill -INT $$
      turns=0
      while kill -0 $$ && [ $turns -lt 300 ]; do sleep 0.1; turns=$((turns + 1)); done
      if [ -n "$place" ]; then rm -rf -- "$place"; fi
    fi
  } >/dev/null 2>&1 &
)
exec 3<&-
exec "$@"
`

function launch(cluster: Cluster, port: number, isDurable: boolean, log: Logger | undefined) {
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'max_connections=200',
    'shared_buffers=256MB',
    'timezone=UTC',
    'log_timezone=UTC',
    ...(isDurable
      ? ['max_wal_size=2GB']
      : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'autovacuum_naptime=60s']),
  ]
  const place = cluster.isThrowaway ? cluster.place : ''
  const command = [cluster.binaries.postgres, '-D', cluster.dataDir, ...settings.flatMap((one) => ['-c', one])]
  const server: Server = spawn('/bin/sh', ['-c', watched, 'sh', place, ...command], {
    ...cluster.user,
    cwd: '/',
    // A session of its own: Ctrl-C at the terminal is for us, and the backend still needs the database to end well.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  })
  const words: string[] = []
  createInterface({ input: server.stderr }).on('line', (line) => {
    words.push(line)
    if (words.length > 20) words.shift()
    log?.debug({ postgres: line }, 'PostgreSQL says')
  })
  // No shell, or no right to become the server's user; told by whoever waits for the server.
  server.on('error', (error) => words.push(error.message))
  server.stdin.on('error', () => undefined)
  // A test that forgets it must still be able to end; our end of the pipe then closes and ends the server.
  server.unref()
  for (const stream of [server.stdin, server.stderr]) (stream as unknown as { unref: () => void }).unref()
  return { server, words }
}

async function waitUntilReady(dataDir: string, server: Server, words: string[]): Promise<void> {
  const deadline = performance.now() + startMs
  for (;;) {
    const found = await readPostmasterFile(dataDir)
    if (found !== undefined && found.pid === server.pid && found.status === 'ready') return
    if (hasEnded(server)) throw new Error(`PostgreSQL did not start:\n${words.join('\n')}`)
    if (performance.now() > deadline) throw new Error(`PostgreSQL was not ready within a minute:\n${words.join('\n')}`)
    await sleep(20)
  }
}

function hasEnded(server: Server): boolean {
  return server.pid === undefined || server.exitCode !== null || server.signalCode !== null
}

async function endServer(server: Server, log: Logger | undefined): Promise<void> {
  if (hasEnded(server)) return
  server.ref()
  const ended = once(server, 'exit')
  // Fast shutdown: sessions are cut, a checkpoint is written.
  server.kill('SIGINT')
  const timer = setTimeout(() => {
    log?.warn('PostgreSQL takes too long to end; it will recover at its next start')
    server.kill('SIGQUIT')
  }, stopMs)
  await ended
  clearTimeout(timer)
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const known = await client.query('select 1 from pg_database where datname = $1', [databaseName])
    if (known.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(databaseName)}`)
  } finally {
    await client.end()
  }
}
