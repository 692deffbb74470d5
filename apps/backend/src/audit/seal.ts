import { setTimeout as delay } from 'node:timers/promises'
import type { Db } from '@instandt/db'
import { inTransaction } from '../data/transaction.ts'
import type { Deps } from '../deps.ts'
import { type AnchorStore, openAnchorStore } from './anchor.ts'
import { type ChainedEvent, chainedColumns, chainStart, linkHash } from './chain.ts'

const sealEveryMs = 1000
const anchorEveryMs = 60_000
const batchSize = 5000
/** No transaction of ours is open for so long: older events are all to be seen, or never will be. */
const settledMs = 10 * 60_000
/** One sealer at a time, over all processes. */
const sealLock = 7_301_001

interface Head {
  seq: number
  hash: Buffer
}

export async function readHead(db: Db): Promise<Head> {
  const { rows } = await db.pool.query<Head>('select seq, hash from audit_seal order by seq desc limit 1')
  return rows[0] ?? { seq: 0, hash: chainStart }
}

/**
 * Links committed events that no link has yet, in the order of their ids as far as they are to be seen; a late one comes
 * later in the chain. Returns how many; undefined when another process is at it.
 */
export async function sealEvents(db: Db, afterId: number): Promise<number | undefined> {
  return inTransaction(db, async (client) => {
    const { rows: locks } = await client.query<{ is: boolean }>('select pg_try_advisory_xact_lock($1) as is', [
      sealLock,
    ])
    if (locks[0]?.is !== true) return undefined
    const { rows: events } = await client.query<ChainedEvent>({
      name: 'unsealed-events',
      text: `select ${chainedColumns} from audit_event e
        where e.id > $1 and not exists (select from audit_seal s where s.event_id = e.id) order by e.id limit ${batchSize}`,
      values: [afterId],
    })
    if (events.length === 0) return 0
    const { rows: heads } = await client.query<Head>('select seq, hash from audit_seal order by seq desc limit 1')
    let { seq, hash } = heads[0] ?? { seq: 0, hash: chainStart }
    const hashes: Buffer[] = []
    for (const event of events) {
      seq += 1
      hash = linkHash(hash, seq, event)
      hashes.push(hash)
    }
    await client.query({
      name: 'add-seals',
      text: `insert into audit_seal (seq, event_id, hash)
        select $1 + r.place, r.event_id, r.hash from unnest($2::bigint[], $3::bytea[]) with ordinality as r(event_id, hash, place)`,
      values: [seq - events.length, events.map((event) => event.id), hashes],
    })
    return events.length
  })
}

/** Seals until nothing is left to seal. */
export async function sealAll(db: Db, afterId = 0): Promise<void> {
  for (let sealed: number | undefined = batchSize; sealed === batchSize;) sealed = await sealEvents(db, afterId)
}

/** Keeps the head where the database's rights do not reach; nothing when it has not moved. */
export async function anchorHead(db: Db, anchors: AnchorStore, anchoredSeq: number): Promise<number> {
  const { seq, hash } = await readHead(db)
  if (seq <= anchoredSeq) return anchoredSeq
  await anchors.add({ seq, hash: hash.toString('hex'), at: new Date().toISOString() })
  return seq
}

/** Seals every second and anchors every minute, in every server: whoever is first does it. */
export function startSealing(deps: Deps): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const seen: { at: number; id: number }[] = []
  let settledId = 0

  const work = async (): Promise<void> => {
    let anchors: AnchorStore | undefined
    let anchoredSeq = 0
    let anchoredAt = 0
    let hasFailed = false
    while (!stopping.signal.aborted) {
      try {
        await sealAll(deps.db, settledId)
        await rememberSettled()
        if (Date.now() - anchoredAt >= anchorEveryMs) {
          anchors ??= await openAnchorStore(deps.config)
          anchoredSeq = await anchorHead(deps.db, anchors, anchoredSeq)
          anchoredAt = Date.now()
        }
        hasFailed = false
      } catch (error) {
        // Said once: the database may be away for an hour.
        if (!hasFailed) deps.log.error({ err: error }, 'the audit could not be sealed; trying again')
        hasFailed = true
      }
      await delay(sealEveryMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
    // What happened until the end is in the last anchor.
    try {
      await sealAll(deps.db, settledId)
      await anchorHead(deps.db, anchors ?? (await openAnchorStore(deps.config)), anchoredSeq)
    } catch (error) {
      deps.log.warn({ err: error }, 'the audit could not be anchored at the end')
    }
  }

  /** Events below this id need not be looked at again. */
  async function rememberSettled(): Promise<void> {
    const { rows } = await deps.db.pool.query<{ id: number | null }>('select max(id) as id from audit_event')
    seen.push({ at: Date.now(), id: rows[0]?.id ?? 0 })
    while (seen[0] && seen[0].at < Date.now() - settledMs) settledId = seen.shift()?.id ?? settledId
  }

  const working = work()
  return {
    async stop() {
      stopping.abort()
      await working
    },
  }
}
