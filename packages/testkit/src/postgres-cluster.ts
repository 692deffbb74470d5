import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, link, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { canEnter, ownerOf, serverUser, type ServerUser } from './server-user.ts'

/** A made cluster, ready to be started. */
export interface Cluster {
  /** Folder of the cluster and what belongs to it; the server's user can enter it. */
  place: string
  /** PostgreSQL's own data folder. */
  dataDir: string
  /** Where the last port is remembered; a throwaway cluster has none. */
  portFile?: string
  isThrowaway: boolean
  binaries: PostgresBinaries
  user: ServerUser | undefined
  secrets: Secrets
}

interface Secrets {
  adminPassword: string
  appPassword: string
}

export const adminRole = 'instandt'

/** Root's server cannot work in a home that only root may enter; its files then live here. */
const systemDir = '/var/lib/instandt'

/** Finds the cluster of a home, or makes it; without a home, a new one under the folder for temporary files. */
export async function ensureCluster(home: string | undefined, isDurable: boolean): Promise<Cluster> {
  return home === undefined ? await makeThrowaway() : await ensureInHome(path.resolve(home), isDurable)
}

async function makeThrowaway(): Promise<Cluster> {
  const user = serverUser()
  const parent = canEnter(user, tmpdir()) ? tmpdir() : '/tmp'
  const place = await mkdtemp(path.join(parent, 'instandt-postgres-'))
  // Its own folder, so that the server's user can remove it even when this process was killed.
  if (user !== undefined) await chown(place, user.uid, user.gid)
  const binaries = await findPostgresBinaries(user, user === undefined ? place : systemDir)
  const cluster: Cluster = {
    place,
    dataDir: path.join(place, 'cluster'),
    isThrowaway: true,
    binaries,
    user,
    secrets: newSecrets(),
  }
  await initCluster(cluster, false)
  return cluster
}

async function ensureInHome(home: string, isDurable: boolean): Promise<Cluster> {
  const secrets = await ensureSecrets(home)
  const newUser = serverUser()
  const place = await placeOf(home, newUser)
  const dataDir = path.join(place, 'cluster')
  const isMade = await exists(dataDir)
  // A plain user's cluster started by root keeps its owner: PostgreSQL insists on owning its files.
  const user = newUser !== undefined && isMade ? ((await ownerOf(dataDir)) ?? newUser) : newUser
  const binaries = await findPostgresBinaries(user, newUser === undefined ? place : systemDir)
  const cluster: Cluster = {
    place,
    dataDir,
    portFile: path.join(home, 'port'),
    isThrowaway: false,
    binaries,
    user,
    secrets,
  }
  if (!isMade) await initCluster(cluster, isDurable)
  return cluster
}

/** @throws when the home belongs to somebody else, in words */
async function ensureSecrets(home: string): Promise<Secrets> {
  try {
    await mkdir(home, { recursive: true, mode: 0o755 })
    const file = path.join(home, 'secrets.json')
    return JSON.parse(await createOnce(file, JSON.stringify(newSecrets()))) as Secrets
  } catch (cause) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause
    throw new Error(`${home} cannot be used by this user; start as its owner, or name another folder`, { cause })
  }
}

function newSecrets(): Secrets {
  const secret = () => randomBytes(24).toString('base64url')
  return { adminPassword: secret(), appPassword: secret() }
}

/** The home itself, or the folder its `location` file names, chosen once at first start. */
async function placeOf(home: string, user: ServerUser | undefined): Promise<string> {
  const locationFile = path.join(home, 'location')
  if (!(await exists(locationFile))) {
    if ((await exists(path.join(home, 'cluster'))) || canEnter(user, home)) return home
    const chosen = path.join(systemDir, randomBytes(8).toString('hex'))
    await createOnce(locationFile, chosen)
  }
  const place = (await readFile(locationFile, 'utf8')).trim()
  await mkdir(place, { recursive: true, mode: 0o755 })
  await chmod(path.dirname(place), 0o755)
  await refuseCopiedHome(home, place)
  return place
}

/** Two copies of one home would share one database while their images go apart. */
async function refuseCopiedHome(home: string, place: string): Promise<void> {
  const ownerFile = path.join(place, 'home')
  const owner = await createOnce(ownerFile, home)
  if (owner === home) return
  const ownerLocation = await readFile(path.join(owner, 'location'), 'utf8').catch(() => '')
  if (ownerLocation.trim() === place) {
    throw new Error(`${home} is a copy of ${owner}, and their database in ${place} belongs to the latter`)
  }
  // The home was moved, not copied.
  await writeFile(ownerFile, home)
}

/**
 * Makes a cluster beside its final name and renames it: a half-made one is never seen, and of two first starts at
 * once one wins and the other uses it.
 */
async function initCluster(cluster: Cluster, isDurable: boolean): Promise<void> {
  const { place, user, secrets } = cluster
  await removeHalfMade(place)
  const fresh = path.join(place, `cluster.new-${process.pid}`)
  const passwordFile = path.join(place, `password.new-${process.pid}`)
  try {
    await mkdir(fresh, { mode: 0o700 })
    await writeFile(passwordFile, `${secrets.adminPassword}\n`, { mode: 0o600 })
    if (user !== undefined) {
      await chown(fresh, user.uid, user.gid)
      await chown(passwordFile, user.uid, user.gid)
    }
    await runInitdb(cluster, [
      `--pgdata=${fresh}`,
      `--pwfile=${passwordFile}`,
      `--username=${adminRole}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Sorting that no update of the machine's locales can change under an index.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(isDurable ? ['--data-checksums'] : ['--no-sync']),
    ])
    await rename(fresh, cluster.dataDir)
  } catch (error) {
    if (!(await exists(cluster.dataDir))) throw error
  } finally {
    await rm(passwordFile, { force: true })
    await rm(fresh, { recursive: true, force: true })
  }
}

async function removeHalfMade(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    const pid = Number(/^(?:cluster|password)\.new-(\d+)$/.exec(name)?.[1])
    // Our own number on it: from an earlier life, as in a container that counts from one again.
    if (Number.isInteger(pid) && (pid === process.pid || !isRunning(pid)))
      await rm(path.join(place, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function runInitdb(cluster: Cluster, args: string[]): Promise<void> {
  const child = spawn(cluster.binaries.initdb, args, {
    ...cluster.user,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (code !== 0) throw new Error(`initdb ended with ${signal ?? code}:\n${output.trim()}`)
}

/** Writes a private file unless it is there; of two writers at once both get the same content back. */
async function createOnce(file: string, content: string): Promise<string> {
  const fresh = `${file}.new-${process.pid}`
  await writeFile(fresh, content, { mode: 0o600, flush: true })
  try {
    await link(fresh, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(fresh)
  }
  return await readFile(file, 'utf8')
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
