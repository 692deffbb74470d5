import { spawnSync } from 'node:child_process'
import { stat } from 'node:fs/promises'

/** Who the database server runs as; undefined = the user of this process. */
export interface ServerUser {
  uid: number
  gid: number
}

const userName = 'instandt'

/** A system user of our own when this process is root: PostgreSQL refuses to run as root. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const known = lookUp(userName)
  if (known !== undefined) return known
  const flags = '--system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin'
  const made = spawnSync('useradd', [...flags.split(' '), userName])
  // Two starts at once may both try; only what is there afterwards counts.
  const user = lookUp(userName)
  if (user !== undefined) return user
  const reason = made.error?.message ?? made.stderr.toString().trim()
  throw new Error(
    `PostgreSQL does not run as root, and the system user '${userName}' could not be made (${reason}). ` +
      `Make that user, or start as a plain user.`,
  )
}

function lookUp(name: string): ServerUser | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name]).stdout?.toString().trim())
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined
}

/** The owner of an existing cluster when that is a plain user: the server must run as the owner of its files. */
export async function ownerOf(folder: string): Promise<ServerUser | undefined> {
  const { uid, gid } = await stat(folder)
  return uid === 0 ? undefined : { uid, gid }
}

/** Whether the user gets into a folder, tried for real: modes, access lists and mounts all have a say. */
export function canEnter(user: ServerUser | undefined, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { ...user, cwd: '/' }).status === 0
}
