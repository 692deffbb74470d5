import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import { shareListSql } from './search-attributes.ts'
import { isConnectionFault } from './transaction.ts'

// A plan made while a table is small would read it whole, and is kept while it grows: every lookup here is by index.
const beginByIndex = `begin; set local enable_seqscan to off; ${shareListSql}`

/**
 * Does the work between begin and commit; no answer at all, or the server's own end, is an AppError.
 * @param last its statements travel with the commit
 * @throws AppError 'database-unavailable' (503) when nothing was committed, 'commit-unknown' (503)
 */
export async function inTransaction<T>(
  db: Db,
  work: (client: PoolClient) => Promise<T>,
  last: (client: PoolClient, result: T) => Promise<unknown>,
): Promise<T> {
  const client = await db.pool.connect().catch((cause: unknown) => {
    throw unavailable(cause)
  })
  let isCommitting = false
  let isBroken = false
  // Nobody asks the database while bytes are waited for: a connection that ends then tells nobody else.
  let lost: Error | undefined
  const onLost = (error: Error): void => {
    lost ??= error
  }
  client.on('error', onLost)
  try {
    // Not awaited: it travels with the first statement, which fails if it does.
    const begun = client.query(beginByIndex)
    begun.catch(() => undefined)
    const result = await work(client)
    await begun
    if (lost) throw lost as Error
    isCommitting = true
    // The last statement travels with the commit, which undoes everything when that statement failed.
    const [written, committed] = await Promise.allSettled([last(client, result), client.query('commit')])
    if (committed.status === 'rejected') throw committed.reason
    if (written.status === 'fulfilled') return result
    // Undone, unless the statement failed before it reached the database: then the rows are there, without it.
    isCommitting = committed.value.command !== 'ROLLBACK'
    throw isCommitting ? commitUnknown(written.reason) : written.reason
  } catch (error) {
    await client.query('rollback').catch(() => {
      isBroken = true
    })
    if (!isConnectionFault(error)) throw error
    throw isCommitting ? commitUnknown(error) : unavailable(error)
  } finally {
    client.off('error', onLost)
    client.release(isBroken)
  }
}

const unavailable = (cause: unknown): AppError =>
  new AppError('database-unavailable', 503, 'The database does not answer at the moment.', { cause })

const commitUnknown = (cause: unknown): AppError =>
  new AppError('commit-unknown', 503, 'The database did not say whether it stored this. Send it again.', { cause })
