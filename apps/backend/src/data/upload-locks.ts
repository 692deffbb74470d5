import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'

/**
 * One writer a part, and none while the parts are put together: over all servers, by advisory locks of sessions, which end
 * with the process that holds them. A part of a server that died can be sent again at once.
 */
export interface PartLocks {
  /**
   * Does the work alone on this part of an upload; the signal ends when that can no longer be vouched for.
   * @throws AppError 'part-busy' (409) while somebody else is at it
   */
  withPart<T>(scope: Scope, id: string, number: number, work: (writer: PartWriter) => Promise<T>): Promise<T>
}

export interface PartWriter {
  signal: AbortSignal
  /** Bytes came: whoever is silent for long gives way to the next request for the same part. */
  alive: () => void
}

interface Held {
  aborter: AbortController
  aliveAt: number
  ended: Promise<void>
}

// A client with a new address sends the part again while its old connection still seems to stand.
const silentMs = 5_000
const uploadLock = `hashtextextended('upload ' || $1, 0)`
const partLock = `hashtextextended('upload ' || $1 || ' part ' || $2, 0)`

const busy = (): AppError => new AppError('part-busy', 409, 'This part is being received already.')

export function createPartLocks(db: Db): PartLocks {
  const held = new Map<string, Held>()
  let session: Promise<PoolClient> | undefined

  /** The one connection whose locks these are: taken with the first part, given back after the last. */
  const open = (): Promise<PoolClient> => {
    session ??= (async () => {
      const client = await db.pool.connect()
      client.on('error', lose)
      client.on('end', lose)
      return client
    })()
    session.catch(() => {
      session = undefined
    })
    return session
  }
  /** The server's side forgot our locks: whoever wrote under one of them has to stop. */
  const lose = (): void => {
    const gone = session
    session = undefined
    gone?.then((client) => release(client, true)).catch(() => undefined)
    for (const { aborter } of held.values()) aborter.abort(unavailable())
  }
  const release = (client: PoolClient, isBroken: boolean): void => {
    client.off('error', lose)
    client.off('end', lose)
    client.release(isBroken)
  }

  /** Takes both locks on a session, and says whether they were free. */
  const take = async (client: PoolClient, id: string, number: number): Promise<boolean> => {
    const { rows } = await client.query<{ upload: boolean; part: boolean }>({
      name: 'take-part-locks',
      text: `select pg_try_advisory_lock_shared(${uploadLock}) as upload, pg_try_advisory_lock(${partLock}) as part`,
      values: [id, String(number)],
    })
    const [taken] = rows
    if (taken?.upload === true && taken.part) return true
    if (taken?.upload === true) await client.query(`select pg_advisory_unlock_shared(${uploadLock})`, [id])
    if (taken?.part === true) await client.query(`select pg_advisory_unlock(${partLock})`, [id, String(number)])
    return false
  }

  const giveBack = async (client: PoolClient, id: string, number: number): Promise<void> => {
    await client.query({
      name: 'give-back-part-locks',
      text: `select pg_advisory_unlock_shared(${uploadLock}), pg_advisory_unlock(${partLock})`,
      values: [id, String(number)],
    })
  }

  /** Gives the locks of one part back, and the connection after the last. */
  const leave = async (key: string, own: PoolClient | undefined, id: string, number: number): Promise<void> => {
    const current = await session?.catch(() => undefined)
    // With the session its locks are gone, too.
    if (own && current === own) await giveBack(own, id, number).catch(lose)
    held.delete(key)
    if (held.size > 0 || !session) return
    const last = session
    session = undefined
    last.then((client) => release(client, false)).catch(() => undefined)
  }

  return {
    async withPart(_scope, id, number, work) {
      const key = `${id} ${number}`
      const before = held.get(key)
      if (before) {
        if (Date.now() - before.aliveAt < silentMs) throw busy()
        before.aborter.abort(busy())
        await before.ended
        if (held.has(key)) throw busy()
      }
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      const mine: Held = { aborter: new AbortController(), aliveAt: Date.now(), ended }
      held.set(key, mine)
      let own: PoolClient | undefined
      try {
        const client = await open()
        if (!(await take(client, id, number))) throw busy()
        own = client
        mine.aborter.signal.throwIfAborted()
        return await work({
          signal: mine.aborter.signal,
          alive: () => {
            mine.aliveAt = Date.now()
          },
        })
      } finally {
        // Not waited for: the part is through, and the next one's locks are asked for behind it on the same connection.
        void leave(key, own, id, number).finally(end)
      }
    },
  }
}

const unavailable = (): AppError =>
  new AppError('database-unavailable', 503, 'The database does not answer at the moment.')

const patienceMs = 200_000

/** Does the work while no server takes parts of this upload; waits for those that are being received. */
export async function withUploadAlone<T>(db: Db, _scope: Scope, id: string, work: () => Promise<T>): Promise<T> {
  const client = await db.pool.connect()
  let isBroken = true
  try {
    const { rows } = await client.query<{ before: string }>(
      `select current_setting('statement_timeout') as before, set_config('lock_timeout', $1, false)`,
      [`${patienceMs}ms`],
    )
    // The lock's own patience decides; a statement's is shorter.
    await client.query(`set statement_timeout = 0`)
    await client.query(`select pg_advisory_lock(${uploadLock})`, [id])
    try {
      return await work()
    } finally {
      await client.query(
        `select pg_advisory_unlock(${uploadLock}), set_config('lock_timeout', '0', false), set_config('statement_timeout', $2, false)`,
        [id, rows[0]?.before ?? '0'],
      )
      isBroken = false
    }
  } finally {
    // A connection that still holds the lock, or its patience, serves nobody else.
    client.release(isBroken)
  }
}
