import type { Webhook } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { lastPlace, placeBefore, readPlaces } from './changes.ts'
import { inTransaction } from './transaction.ts'

/** Of one project. */
const maxWebhooks = 20
/** Hours that a former secret goes on signing beside the new one. */
export const overlapHours = 24

const columns = `w.id, w.name, w.url, w.kinds, w.state, w.position, to_json(w.failing_since) #>> '{}' as "failingSince",
  case when w.failing_since is not null and w.state = 'active' then to_json(w.next_attempt_at) #>> '{}' end as "nextAttemptAt",
  (select count(*)::integer from (select from change c where c.project_id = w.project_id and c.position > w.position
    and c.kind = any(w.kinds) limit 1000) c) as waiting,
  (select jsonb_build_object('state', d.state, 'status', d.status, 'at', coalesce(d.attempted_at, d.created_at))
    from webhook_delivery d where d.webhook_id = w.id order by d.created_at desc, d.id limit 1) as "lastDelivery",
  case when w.former_until > now() then to_json(w.former_until) #>> '{}' end as "formerSecretUntil",
  w.ended_reason as "endedReason", w.created_by as "createdBy", to_json(w.created_at) #>> '{}' as "createdAt"`

export const webhookNotFound = (): AppError => new AppError('webhook-not-found', 404, 'There is no such webhook.')

/** Webhooks of the scope's project. */
export async function listWebhooks(db: Db, scope: Scope): Promise<Webhook[]> {
  const { rows } = await db.pool.query<Webhook>(
    `select ${columns} from webhook w where w.project_id = any($1::bigint[]) order by w.created_at, w.id`,
    [scope.projectIds],
  )
  return rows
}

async function readWebhook(client: PoolClient, id: string): Promise<Webhook> {
  const { rows } = await client.query<Webhook>(`select ${columns} from webhook w where w.id = $1`, [id])
  return rows[0] as Webhook
}

// Addresses may hold a password of the receiver's in their path or query.
const originOf = (url: string): string => new URL(url).origin

/** It is told what happens from now on. @param sealedSecret as the database keeps it @throws AppError 'too-many-webhooks' */
export async function createWebhook(
  db: Db,
  scope: Scope,
  webhook: { name: string; url: string; kinds: readonly string[] },
  sealedSecret: string,
): Promise<Webhook> {
  const [projectId] = scope.projectIds
  const position = await lastPlace(db)
  return inTransaction(db, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `insert into webhook (project_id, name, url, kinds, secret, position, created_by)
       select $1, $2, $3, $4, $5, $6, $7 where (select count(*) from webhook where project_id = $1) < ${maxWebhooks} returning id`,
      [projectId, webhook.name, webhook.url, webhook.kinds, sealedSecret, position, scope.actor.name],
    )
    const id = rows[0]?.id
    if (id === undefined) throw new AppError('too-many-webhooks', 409, `A project has ${maxWebhooks} webhooks at most.`)
    await addAuditEvent(client, scope, {
      action: 'webhook.create',
      projectId,
      target: webhook.name,
      detail: { webhook: id, origin: originOf(webhook.url), kinds: webhook.kinds },
    })
    return readWebhook(client, id)
  })
}

export interface WebhookUpdate {
  name?: string | undefined
  url?: string | undefined
  kinds?: readonly string[] | undefined
  isActive?: boolean | undefined
  /** Position after which it is told everything, once more or at last. */
  after?: number | 'latest' | undefined
  /** The same by the moment of what is told first. */
  since?: string | undefined
}

/**
 * Whoever tells it something at the moment loses the right to: the next attempt goes by what is set here.
 * @throws AppError 'webhook-not-found', 'cursor-expired' when it would go on before what is kept
 */
export async function changeWebhook(db: Db, scope: Scope, id: string, update: WebhookUpdate): Promise<Webhook> {
  const last = await lastPlace(db)
  return inTransaction(db, async (client) => {
    const { rows } = await client.query<{ name: string; position: number; state: string; projectId: number }>(
      `select name, position, state, project_id as "projectId" from webhook
       where id = $1 and project_id = any($2::bigint[]) for update`,
      [id, scope.projectIds],
    )
    const [before] = rows
    if (!before) throw webhookNotFound()
    const after = update.since === undefined ? update.after : await placeBefore(client, before.projectId, update.since)
    const position = after === 'latest' ? last : (after ?? before.position)
    // A place found by a moment may be a later one: the feed goes on meanwhile.
    if (update.since === undefined && position > last)
      throw new AppError('malformed-cursor', 400, `The feed ends at ${last}.`)
    const isActive = update.isActive ?? before.state === 'active'
    const { removed } = await readPlaces(client)
    if (isActive && position < removed)
      throw new AppError(
        'cursor-expired',
        410,
        `Changes up to ${removed} are not kept any more: let the receiver compare everything once, then go on after ${last}.`,
      )
    const state = update.isActive === undefined ? before.state : update.isActive ? 'active' : 'paused'
    await client.query(
      `update webhook set name = coalesce($2, name), url = coalesce($3, url), kinds = coalesce($4, kinds), state = $5,
         position = $6, leased_until = null, leased_by = null, next_attempt_at = now(), attempts = 0,
         failing_since = null, ended_reason = case when $5 in ('failed', 'gone') then ended_reason end where id = $1`,
      [id, update.name ?? null, update.url ?? null, update.kinds ?? null, state, position],
    )
    if (position !== before.position || update.kinds !== undefined)
      await client.query(`delete from webhook_delivery where webhook_id = $1 and state = 'waiting'`, [id])
    const { url, ...told } = update
    await addAuditEvent(client, scope, {
      action: 'webhook.change',
      projectId: before.projectId,
      target: update.name ?? before.name,
      detail: {
        webhook: id,
        ...told,
        ...(position === before.position ? {} : { position }),
        ...(url === undefined ? {} : { origin: originOf(url) }),
      },
    })
    return readWebhook(client, id)
  })
}

export async function removeWebhook(db: Db, scope: Scope, id: string): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ name: string; projectId: number }>(
      'delete from webhook where id = $1 and project_id = any($2::bigint[]) returning name, project_id as "projectId"',
      [id, scope.projectIds],
    )
    const [removed] = rows
    if (!removed) throw webhookNotFound()
    const { projectId, name } = removed
    await addAuditEvent(client, scope, { action: 'webhook.remove', projectId, target: name, detail: { webhook: id } })
  })
}

/** The secret before goes on signing for a day. */
export async function renewSecret(db: Db, scope: Scope, id: string, sealedSecret: string): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ name: string; projectId: number }>(
      `update webhook set former_secret = secret, former_until = now() + make_interval(hours => ${overlapHours}), secret = $3
       where id = $1 and project_id = any($2::bigint[]) returning name, project_id as "projectId"`,
      [id, scope.projectIds, sealedSecret],
    )
    const [renewed] = rows
    if (!renewed) throw webhookNotFound()
    const { projectId, name } = renewed
    await addAuditEvent(client, scope, {
      action: 'webhook.change',
      projectId,
      target: name,
      detail: { webhook: id, secret: 'renewed' },
    })
  })
}

/** Where to send a message and what to sign it with. */
export interface Receiver {
  id: string
  url: string
  /** Sealed; the newest first. */
  secrets: string[]
}

export const receiverColumns = `w.id, w.url,
  case when w.former_until > now() then array[w.secret, w.former_secret] else array[w.secret] end as secrets`

/** @throws AppError 'webhook-not-found' */
export async function findReceiver(db: Db, scope: Scope, id: string): Promise<Receiver> {
  const { rows } = await db.pool.query<Receiver>(
    `select ${receiverColumns} from webhook w where w.id = $1 and w.project_id = any($2::bigint[])`,
    [id, scope.projectIds],
  )
  if (!rows[0]) throw webhookNotFound()
  return rows[0]
}
