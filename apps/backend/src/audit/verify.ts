import type { Db } from '@instandt/db'
import type { ArchiveScope } from '../plugins/access.ts'
import type { Anchor, AnchorStore } from './anchor.ts'
import { type ChainedEvent, chainedColumns, chainStart, linkHash } from './chain.ts'

export interface AuditReport {
  events: number
  /** Last link of the chain. */
  head: number
  anchors: number
  /** Events younger than the sealer's next turn. */
  unsealed: number
  faults: string[]
}

const pageSize = 5000
const maxFaults = 100
/** An event without a link for so long was put in, or its link taken away. */
const unsealedSeconds = 120

type Row = ChainedEvent & { seq: number; event_id: number; hash: Buffer; id: number | null }

/**
 * Goes through the whole chain and finds any event or link that was altered, removed, added or moved; then holds it
 * against the anchors, which shows a chain that was made anew.
 */
export async function verifyAudit(
  db: Db,
  _scope: ArchiveScope,
  anchorStore: AnchorStore,
  onProgress: (seq: number) => void = () => undefined,
): Promise<AuditReport> {
  const faults: string[] = []
  const anchors = new Map<number, Anchor[]>()
  let anchorCount = 0
  for await (const anchor of anchorStore.list()) {
    anchorCount += 1
    anchors.set(anchor.seq, [...(anchors.get(anchor.seq) ?? []), anchor])
  }
  const addFault = (words: string): void => {
    if (faults.length < maxFaults) faults.push(words)
  }

  let previous: Buffer = chainStart
  let seq = 0
  let events = 0
  for (;;) {
    const { rows } = await db.pool.query<Row>({
      name: 'verify-page',
      text: `select s.seq, s.event_id, s.hash, ${chainedColumns} from audit_seal s left join audit_event e on e.id = s.event_id
        where s.seq > $1 order by s.seq limit ${pageSize}`,
      values: [seq],
    })
    for (const row of rows) {
      if (row.seq !== seq + 1)
        addFault(row.seq === seq + 2 ? `link ${seq + 1} is missing` : `links ${seq + 1} to ${row.seq - 1} are missing`)
      if (row.id === null) addFault(`event ${row.event_id} (link ${row.seq}) is missing`)
      // After a gap the link before is unknown; the next one is checked again.
      else if (row.seq === seq + 1 && !linkHash(previous, row.seq, row).equals(row.hash))
        addFault(`event ${row.event_id} (link ${row.seq}, ${row.at}) was altered or moved`)
      for (const anchor of anchors.get(row.seq) ?? []) {
        if (anchor.hash !== row.hash.toString('hex'))
          addFault(`link ${row.seq} is not the one that was anchored at ${anchor.at}: the chain was made anew`)
      }
      seq = row.seq
      previous = row.hash
      events += 1
    }
    onProgress(seq)
    if (rows.length < pageSize) break
  }
  for (const [anchored, [anchor]] of anchors) {
    if (anchored > seq) addFault(`the chain ends at link ${seq}, but link ${anchored} was anchored at ${anchor?.at}`)
  }
  const { rows: loose } = await db.pool.query<{ id: number; isOld: boolean }>(
    `select e.id, e.at < now() - make_interval(secs => $1) as "isOld" from audit_event e
     where not exists (select from audit_seal s where s.event_id = e.id) order by e.id limit ${maxFaults}`,
    [unsealedSeconds],
  )
  for (const { id, isOld } of loose) if (isOld) addFault(`event ${id} has no link`)
  return { events, head: seq, anchors: anchorCount, unsealed: loose.filter((row) => !row.isOld).length, faults }
}
