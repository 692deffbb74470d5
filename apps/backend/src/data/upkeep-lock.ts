import type { Db } from '@instandt/db'
import { AppError } from '../app-error.ts'

const upkeepLock = 4_410_031

/**
 * Runs work that moves stored objects about, once at a time over all processes: a sweep must not put aside what a
 * reindex is giving a row.
 * @throws AppError 'upkeep-busy' (409) while another one runs
 */
export async function withUpkeepLock<T>(db: Db, work: () => Promise<T>): Promise<T> {
  let isTaken = false
  const result = await withLock(db, upkeepLock, () => {
    isTaken = true
    return work()
  })
  if (!isTaken)
    throw new AppError('upkeep-busy', 409, 'Another sweep or reindex is running; try again when it is done.')
  return result as T
}

/**
 * Runs work once at a time over all processes; undefined while another one is at it. The lock is the connection's, so it
 * ends with a crashed process.
 */
export async function withLock<T>(db: Db, lock: number, work: () => Promise<T>): Promise<T | undefined> {
  const client = await db.pool.connect()
  let isBroken = false
  try {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [lock])
    if (rows[0]?.taken !== true) return undefined
    try {
      return await work()
    } finally {
      await client.query('select pg_advisory_unlock($1)', [lock]).catch(() => {
        isBroken = true
      })
    }
  } finally {
    client.release(isBroken)
  }
}
