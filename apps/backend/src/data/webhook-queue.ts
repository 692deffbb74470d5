import type { Change } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { ArchiveScope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import type { AttemptRow } from './webhook-deliveries.ts'
import { inTransaction } from './transaction.ts'
import { type Receiver, receiverColumns } from './webhooks.ts'

// Longer than any attempt; after a crash another worker takes over by then.
const leaseMinutes = 2

/** A webhook that this worker alone tells something, as long as its lease holds. */
export interface Lease extends Receiver {
  lease: string
  projectId: number
  kinds: string[]
  position: number
  /** Failures since the last success. */
  attempts: number
}

/** The next one that is behind the feed and may be called now. */
export async function leaseWebhook(db: Db, _scope: ArchiveScope): Promise<Lease | undefined> {
  const { rows } = await db.pool.query<Lease>({
    name: 'lease-webhook',
    text: `update webhook w set leased_by = gen_random_uuid(), leased_until = now() + interval '${leaseMinutes} minutes'
      where id = (
        select id from webhook where state = 'active' and next_attempt_at <= now()
          and (leased_until is null or leased_until < now()) and position < (select given from change_place)
        order by next_attempt_at, id limit 1 for update skip locked)
      returning ${receiverColumns}, w.leased_by as lease, w.project_id as "projectId", w.kinds, w.position, w.attempts`,
  })
  return rows[0]
}

/** A message that a webhook is owed. */
export interface OwedMessage {
  deliveryId: string
  position: number
  body: string
}

/**
 * The first change that it has not been told, written down before anything is sent: whoever takes over sends it by the same
 * id. Undefined when there is none, or the lease is lost.
 */
export async function nextMessage(
  db: Db,
  _scope: ArchiveScope,
  lease: Lease,
  bodyOf: (change: Change) => string,
): Promise<OwedMessage | undefined> {
  const { rows: places } = await db.pool.query<{ given: number }>('select given from change_place')
  const given = places[0]?.given ?? 0
  const { rows } = await db.pool.query<Change>({
    name: 'next-change-of-webhook',
    text: `select c.position, c.kind, to_json(c.at) #>> '{}' as at, p.slug as project, c.study_instance_uid as "studyInstanceUid",
        c.component_number as "componentNumber", c.component_name as "componentName", c.order_number as "orderNumber", c.detail
      from change c join project p on p.id = c.project_id
      where c.project_id = $1 and c.position > $2 and c.position <= $3 and c.kind = any($4) order by c.position limit 1`,
    values: [lease.projectId, lease.position, given, lease.kinds],
  })
  const [change] = rows
  if (!change) {
    await db.pool.query('update webhook set position = greatest(position, $3) where id = $1 and leased_by = $2', [
      lease.id,
      lease.lease,
      given,
    ])
    return undefined
  }
  const { rows: owed } = await db.pool.query<OwedMessage>(
    `with held as (select id from webhook where id = $1 and leased_by = $2),
       known as (update webhook_delivery d set state = 'waiting' from held
         where d.webhook_id = held.id and d.position = $3 and d.state <> 'delivered' returning d.id, d.body),
       made as (insert into webhook_delivery (webhook_id, position, kind, body)
         select held.id, $3, $4, $5 from held where not exists (select from known) returning id, body)
     select id as "deliveryId", body, $3::bigint as position from (select * from known union all select * from made) d limit 1`,
    [lease.id, lease.lease, change.position, change.kind, bodyOf(change)],
  )
  return owed[0]
}

/** It took the message: on to the next. False when the lease is lost and another one decides. */
export async function noteDelivered(
  db: Db,
  _scope: ArchiveScope,
  lease: Lease,
  message: OwedMessage,
  attempt: AttemptRow,
): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `with told as (update webhook set position = $3, attempts = 0, failing_since = null,
         leased_until = now() + interval '${leaseMinutes} minutes' where id = $1 and leased_by = $2 returning id)
     update webhook_delivery d set state = 'delivered', attempts = d.attempts + 1, attempted_at = now(), status = $5,
       answer = $6, duration_ms = $7 from told where d.id = $4`,
    [lease.id, lease.lease, message.position, message.deliveryId, attempt.status, attempt.answer, attempt.durationMs],
  )
  return rowCount === 1
}

/**
 * It did not: when to try again. It is given up when it wants to hear no more (410), or has failed for `giveUpDays`; that is
 * written into the audit.
 * @returns its state afterwards; undefined when the lease is lost
 */
export async function noteFailed(
  db: Db,
  scope: ArchiveScope,
  lease: Lease,
  message: OwedMessage,
  attempt: AttemptRow,
  retry: { seconds: number; giveUpDays: number },
): Promise<string | undefined> {
  return inTransaction(db, async (client) => {
    const { rows } = await client.query<{ state: string; name: string; reason: string | null }>(
      `update webhook set attempts = attempts + 1, failing_since = coalesce(failing_since, now()), leased_by = null,
         leased_until = null, next_attempt_at = now() + make_interval(secs => $3),
         state = case when $4 then 'gone' when failing_since < now() - make_interval(days => $5) then 'failed' else state end,
         ended_reason = case when $4 or failing_since < now() - make_interval(days => $5) then $6 end
       where id = $1 and leased_by = $2 returning state, name, ended_reason as reason`,
      [lease.id, lease.lease, retry.seconds, attempt.status === 410, retry.giveUpDays, attempt.answer.slice(0, 300)],
    )
    const [webhook] = rows
    if (!webhook) return undefined
    const isOver = webhook.state !== 'active'
    await client.query(
      `update webhook_delivery set attempts = attempts + 1, attempted_at = now(), status = $2, answer = $3, duration_ms = $4,
         state = $5 where id = $1`,
      [message.deliveryId, attempt.status, attempt.answer, attempt.durationMs, isOver ? 'failed' : 'waiting'],
    )
    if (isOver)
      await addAuditEvent(client, scope, {
        action: 'webhook.change',
        result: 'failed',
        projectId: lease.projectId,
        target: webhook.name,
        detail: { webhook: lease.id, state: webhook.state, status: attempt.status },
      })
    return webhook.state
  })
}

/** Lets another worker have it, behind every other one that waits. */
export async function releaseWebhook(db: Db, _scope: ArchiveScope, lease: Lease): Promise<void> {
  await db.pool.query(
    `update webhook set leased_by = null, leased_until = null, next_attempt_at = greatest(next_attempt_at, now())
     where id = $1 and leased_by = $2`,
    [lease.id, lease.lease],
  )
}
