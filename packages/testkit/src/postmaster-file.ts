import { readFile, readdir, readlink, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a PostgreSQL server says about itself in its data folder. */
export interface PostmasterFile {
  pid: number
  port: number
  /** `starting`, `ready`, `stopping`, `standby`. */
  status: string
}

/** Reads postmaster.pid; undefined when there is none or it is being written. */
export async function readPostmasterFile(dataDir: string): Promise<PostmasterFile | undefined> {
  let text: string
  try {
    text = await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? '').trim() }
}

const graceMs = 2000
const stoppingMs = 30_000

/**
 * Makes sure that no server works in this folder. One that is ending (its program was killed a moment ago) is waited
 * for, and so are the last processes of a crashed one.
 * @throws when a server runs there
 */
export async function refuseSecondServer(dataDir: string): Promise<void> {
  const started = performance.now()
  for (;;) {
    const found = await readPostmasterFile(dataDir)
    if (found === undefined) return
    const residents = await processesIn(dataDir)
    const isServer = isAlive(found.pid) && (residents === undefined || residents.includes(found.pid))
    if (!isServer && (residents ?? []).length === 0) {
      // PostgreSQL judges what a crash left behind, but by the number alone: it would refuse for ever.
      if (isAlive(found.pid)) await rm(path.join(dataDir, 'postmaster.pid'), { force: true })
      return
    }
    const isEnding = !isServer || found.status === 'stopping'
    if (performance.now() - started > (isEnding ? stoppingMs : graceMs)) {
      throw new Error(
        `another instaNDT is running on this data: PostgreSQL process ${found.pid} on port ${found.port} works in ${dataDir}`,
      )
    }
    await sleep(100)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Processes whose working folder this is, as every PostgreSQL process's is; undefined where that cannot be seen. */
async function processesIn(dataDir: string): Promise<number[] | undefined> {
  if (process.platform !== 'linux') return undefined
  const folder = await realpath(dataDir)
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => ((await readlink(`/proc/${pid}/cwd`).catch(() => '')) === folder ? [Number(pid)] : [])),
  )
  return found.flat()
}
