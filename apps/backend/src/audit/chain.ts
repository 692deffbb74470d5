import { createHash } from 'node:crypto'

/** The columns of an event, in the order they are hashed. */
export interface ChainedEvent {
  id: number
  /** ISO 8601 with microseconds, UTC. */
  at: string
  actor_kind: string
  actor_id: string
  actor_name: string
  address: string
  request_id: string
  action: string
  result: string
  project: string | null
  study_instance_uid: string | null
  component: string | null
  target: string
  count: number
  /** jsonb as PostgreSQL writes it. */
  detail: string
}

/** Select list that gives exactly those columns. */
export const chainedColumns = `e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.actor_kind, e.actor_id,
  e.actor_name, e.address, e.request_id, e.action, e.result, e.project, e.study_instance_uid, e.component, e.target, e.count,
  e.detail::text as detail`

/** What stands before the first link. */
export const chainStart = Buffer.alloc(32)

/** SHA-256 over the link before, the place in the chain and every column of the event. */
export function linkHash(previous: Uint8Array, seq: number, event: ChainedEvent): Buffer {
  const fields = [
    seq,
    event.id,
    event.at,
    event.actor_kind,
    event.actor_id,
    event.actor_name,
    event.address,
    event.request_id,
    event.action,
    event.result,
    event.project,
    event.study_instance_uid,
    event.component,
    event.target,
    event.count,
    event.detail,
  ]
  return createHash('sha256').update(previous).update(JSON.stringify(fields)).digest()
}
