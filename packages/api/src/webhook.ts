import { z } from 'zod'
import { changeKinds } from './change.ts'

const nameSchema = z.string().trim().min(1).max(120)
const urlSchema = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  // Asked of what is no address, too.
  .refine(
    (url) => !URL.canParse(url) || `${new URL(url).username}${new URL(url).password}` === '',
    'must hold no password',
  )
const kindsSchema = z
  .array(z.enum(changeKinds))
  .min(1)
  .max(changeKinds.length)
  .transform((kinds) => [...new Set(kinds)])

export const webhookStates = ['active', 'paused', 'failed', 'gone'] as const

/** Somebody who is told of changes of one project. */
export const webhookSchema = z.object({
  id: z.string(),
  name: z.string(),
  url: z.string(),
  kinds: z.array(z.enum(changeKinds)),
  /** paused by a person · failed: gave no good answer for days · gone: answered 410. */
  state: z.enum(webhookStates),
  /** Place in the feed up to which everything is told. */
  position: z.number().int(),
  failingSince: z.string().nullable(),
  nextAttemptAt: z.string().nullable(),
  /** Changes of its project that it has not been told yet; counted up to 1,000. */
  waiting: z.number().int(),
  lastDelivery: z
    .object({ state: z.enum(['waiting', 'delivered', 'failed']), status: z.number().nullable(), at: z.string() })
    .nullable(),
  /** The secret before the last renewal signs beside the new one until then. */
  formerSecretUntil: z.string().nullable(),
  /** The receiver's last words when it was given up. */
  endedReason: z.string().nullable(),
  createdBy: z.string(),
  createdAt: z.string(),
})
export type Webhook = z.infer<typeof webhookSchema>
/** GET /api/projects/{project}/webhooks */
export const webhookListSchema = z.object({ items: z.array(webhookSchema) })

/** POST /api/projects/{project}/webhooks */
export const newWebhookSchema = z.strictObject({ name: nameSchema, url: urlSchema, kinds: kindsSchema })
export type NewWebhook = z.input<typeof newWebhookSchema>
/** The secret is in this answer and in no other. */
export const webhookCreatedSchema = z.object({ webhook: webhookSchema, secret: z.string() })
export type WebhookCreated = z.infer<typeof webhookCreatedSchema>

/** PATCH /api/projects/{project}/webhooks/{webhook}; `isActive: true` goes on where it stopped. */
export const webhookChangeSchema = z
  .strictObject({
    name: nameSchema.optional(),
    url: urlSchema.optional(),
    kinds: kindsSchema.optional(),
    isActive: z.boolean().optional(),
    /** Tells everything behind this place of the feed, once more or, with a later one, never; `latest`: from now on. */
    after: z.union([z.literal('latest'), z.number().int().min(0)]).optional(),
    /** The same from the first change of its project at or after this moment; some of the two minutes before it may come, too. */
    since: z.iso.datetime({ offset: true }).optional(),
  })
  .refine(({ after, since }) => after === undefined || since === undefined, {
    path: ['since'],
    message: 'goes without after',
  })
export type WebhookChange = z.input<typeof webhookChangeSchema>

/** POST /api/projects/{project}/webhooks/{webhook}/secret */
export const webhookSecretSchema = z.object({ secret: z.string() })

export const deliverySchema = z.object({
  /** The header webhook-id: the same for every attempt. */
  id: z.string(),
  /** A kind of change, or `test`. */
  kind: z.string(),
  state: z.enum(['waiting', 'delivered', 'failed']),
  attempts: z.number().int(),
  /** Of the last answer; null when there was none. */
  status: z.number().int().nullable(),
  /** Beginning of the last answer, or why there was none. */
  answer: z.string().nullable(),
  durationMs: z.number().int().nullable(),
  body: z.string(),
  createdAt: z.string(),
  attemptedAt: z.string().nullable(),
})
export type Delivery = z.infer<typeof deliverySchema>
export const deliveryQuerySchema = z.object({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(25),
})
/** GET /api/projects/{project}/webhooks/{webhook}/deliveries; newest first */
export const deliveryPageSchema = z.object({ items: z.array(deliverySchema), next: z.string().nullable() })
export type DeliveryPage = z.infer<typeof deliveryPageSchema>
