import {
  type Delivery,
  type DeliveryPage,
  deliveryQuerySchema,
  newWebhookSchema,
  type Webhook,
  type WebhookCreated,
  webhookChangeSchema,
} from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import {
  addTrial,
  type DeliveryCursor,
  deliveryNotFound,
  findDelivery,
  listDeliveries,
  noteAttempt,
} from '../data/webhook-deliveries.ts'
import {
  changeWebhook,
  createWebhook,
  findReceiver,
  listWebhooks,
  removeWebhook,
  renewSecret,
  webhookNotFound,
} from '../data/webhooks.ts'
import type { App, Deps } from '../deps.ts'
import { readBody, readId, readQuery } from '../read-input.ts'
import { checkAddress } from './check-address.ts'
import { secretPurpose, sendMessage } from './send-message.ts'
import { newWebhookSecret } from './sign.ts'

interface Params {
  project: string
  webhook: string
  delivery: string
}

/** Who is told what happens in a project. */
export function webhookRoutes(app: App, deps: Deps): void {
  const manage = { config: { permission: 'manage-webhooks' } } as const
  const all = '/api/projects/:project/webhooks'
  const one = `${all}/:webhook`
  const params = (request: FastifyRequest): Params => request.params as Params
  const idOf = (request: FastifyRequest): string => readId(params(request).webhook, webhookNotFound)

  app.get(all, manage, async (request): Promise<{ items: Webhook[] }> => ({
    items: await listWebhooks(deps.db, request.scope),
  }))

  app.post(all, manage, async (request, reply): Promise<WebhookCreated> => {
    const wanted = readBody(newWebhookSchema, request.body)
    checkAddress(deps.config, wanted.url)
    const secret = newWebhookSecret()
    const sealed = await deps.identity.box.seal(secretPurpose, secret)
    const webhook = await createWebhook(deps.db, request.scope, wanted, sealed)
    void reply.code(201)
    return { webhook, secret }
  })

  app.patch(one, manage, async (request): Promise<Webhook> => {
    const change = readBody(webhookChangeSchema, request.body)
    if (change.url !== undefined) checkAddress(deps.config, change.url)
    return changeWebhook(deps.db, request.scope, idOf(request), change)
  })

  app.delete(one, manage, async (request, reply) => {
    await removeWebhook(deps.db, request.scope, idOf(request))
    return reply.code(204).send()
  })

  app.post(`${one}/secret`, manage, async (request): Promise<{ secret: string }> => {
    const secret = newWebhookSecret()
    const sealed = await deps.identity.box.seal(secretPurpose, secret)
    await renewSecret(deps.db, request.scope, idOf(request), sealed)
    return { secret }
  })

  app.post(`${one}/test`, manage, async (request): Promise<Delivery> => {
    const receiver = await findReceiver(deps.db, request.scope, idOf(request))
    const timestamp = new Date().toISOString()
    const data = { project: params(request).project, webhook: receiver.id }
    const body = JSON.stringify({ type: 'test', timestamp, data })
    const trial = await addTrial(deps.db, request.scope, receiver.id, body)
    return noteAttempt(deps.db, request.scope, trial.id, await sendMessage(deps, receiver, trial.id, body))
  })

  app.get(`${one}/deliveries`, manage, async (request): Promise<DeliveryPage> => {
    const { cursor, limit } = readQuery(deliveryQuerySchema, request.query)
    const page = { limit, cursor: readCursor(cursor) }
    const { id } = await findReceiver(deps.db, request.scope, idOf(request))
    const rows = await listDeliveries(deps.db, request.scope, id, page)
    const items = rows.slice(0, limit)
    const last = rows.length > limit ? items.at(-1) : undefined
    return { items, next: last ? `${last.createdAt} ${last.id}` : null }
  })

  app.post(`${one}/deliveries/:delivery/send-again`, manage, async (request): Promise<Delivery> => {
    const receiver = await findReceiver(deps.db, request.scope, idOf(request))
    const id = readId(params(request).delivery, deliveryNotFound)
    const { body } = await findDelivery(deps.db, request.scope, receiver.id, id)
    return noteAttempt(deps.db, request.scope, id, await sendMessage(deps, receiver, id, body))
  })
}

function readCursor(text: string | undefined): DeliveryCursor | undefined {
  if (text === undefined) return undefined
  const fault = (): AppError => new AppError('malformed-cursor', 400, 'The cursor is not one of this list.')
  const [at = '', id] = text.split(' ')
  if (Number.isNaN(Date.parse(at))) throw fault()
  return { at, id: readId(id, fault) }
}
