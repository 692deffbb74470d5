import type { Delivery } from '@instandt/api'
import type { Db } from '@instandt/db'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'

const columns = `d.id, d.kind, d.state, d.attempts, d.status, d.answer, d.duration_ms as "durationMs", d.body,
  to_json(d.created_at) #>> '{}' as "createdAt", to_json(d.attempted_at) #>> '{}' as "attemptedAt"`

export const deliveryNotFound = (): AppError => new AppError('delivery-not-found', 404, 'There is no such delivery.')

/** Place in the list of deliveries. */
export interface DeliveryCursor {
  at: string
  id: string
}

/** Newest first; one more than asked for tells whether there are more. */
export async function listDeliveries(
  db: Db,
  scope: Scope,
  webhookId: string,
  page: { limit: number; cursor: DeliveryCursor | undefined },
): Promise<Delivery[]> {
  const { rows } = await db.pool.query<Delivery>(
    `select ${columns} from webhook_delivery d join webhook w on w.id = d.webhook_id
     where w.id = $1 and w.project_id = any($2::bigint[])
       and ($3::timestamptz is null or d.created_at < $3 or (d.created_at = $3 and d.id > $4::uuid))
     order by d.created_at desc, d.id limit $5`,
    [webhookId, scope.projectIds, page.cursor?.at ?? null, page.cursor?.id ?? null, page.limit + 1],
  )
  return rows
}

/** @throws AppError 'delivery-not-found' */
export async function findDelivery(db: Db, scope: Scope, webhookId: string, id: string): Promise<Delivery> {
  const { rows } = await db.pool.query<Delivery>(
    `select ${columns} from webhook_delivery d join webhook w on w.id = d.webhook_id
     where d.id = $1 and w.id = $2 and w.project_id = any($3::bigint[])`,
    [id, webhookId, scope.projectIds],
  )
  if (!rows[0]) throw deliveryNotFound()
  return rows[0]
}

/** A trial that somebody sends by hand; not one of the feed's. */
export async function addTrial(db: Db, _scope: Scope, webhookId: string, body: string): Promise<Delivery> {
  const { rows } = await db.pool.query<Delivery>(
    `insert into webhook_delivery as d (webhook_id, kind, body, state) values ($1, 'test', $2, 'failed')
     returning ${columns}`,
    [webhookId, body],
  )
  return rows[0] as Delivery
}

export interface AttemptRow {
  isDelivered: boolean
  status: number | null
  answer: string
  durationMs: number
}

/** What came of an attempt made by hand. A delivery that the worker still owes stays its own. */
export async function noteAttempt(db: Db, _scope: Scope, id: string, attempt: AttemptRow): Promise<Delivery> {
  const { rows } = await db.pool.query<Delivery>(
    `update webhook_delivery d set attempts = attempts + 1, attempted_at = now(), status = $2, answer = $3, duration_ms = $4,
       state = case when d.state = 'waiting' then d.state when $5 then 'delivered' else 'failed' end
     where id = $1 returning ${columns}`,
    [id, attempt.status, attempt.answer, attempt.durationMs, attempt.isDelivered],
  )
  if (!rows[0]) throw deliveryNotFound()
  return rows[0]
}

/** What is told of deliveries that are over is kept for thirty days. */
export const forgetDeliveries = `delete from webhook_delivery where state <> 'waiting' and created_at < now() - interval '30 days'`
