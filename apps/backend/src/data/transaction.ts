import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'

/** Does the work between begin and commit; a failure rolls everything back and is thrown on. */
export async function inTransaction<T>(db: Db, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await db.pool.connect()
  let isBroken = false
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {
      isBroken = true
    })
    throw error
  } finally {
    client.release(isBroken)
  }
}

export const sqlState = (error: unknown): string | undefined => (error as { code?: string }).code

/** Connection exception, out of resources, ended by its operator or too slow; or broken without a word. */
export function isConnectionFault(error: unknown): boolean {
  const state = sqlState(error)
  // The driver's own words for a lost connection carry no code, those of the network one such as ECONNRESET.
  if (state === undefined) return error instanceof Error && error.constructor === Error
  return /^(08|53|57|58)...$|^E[A-Z]+$/.test(state) || state === '25P03' || state === '55P03'
}

/** Serialization failure, deadlock, or a parent that went away meanwhile: rolled back, so that trying again is safe. */
export const isTransient = (error: unknown): boolean => ['40001', '40P01', '23503'].includes(sqlState(error) ?? '')

export const maxAttempts = 5

/** The same, tried again when another transaction got in its way. */
export async function inRetriedTransaction<T>(db: Db, work: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(db, work)
    } catch (error) {
      if (!isTransient(error) || attempt === maxAttempts) throw error
    }
  }
}
