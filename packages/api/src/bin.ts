import { z } from 'zod'
import { slugSchema } from './administration.ts'
import { reasonSchema } from './correction.ts'

export const uidSchema = z.string().regex(/^[0-9.]{1,64}$/)

/** Instances of one inspection, chosen by hand. */
export const chosenSchema = z.array(uidSchema).min(1).max(50_000)

/** POST /api/inspections/{study}/delete: the inspection, one view, or instances of it. */
export const deleteSchema = z
  .strictObject({ reason: reasonSchema, series: uidSchema.optional(), instances: chosenSchema.optional() })
  .refine((body) => body.series === undefined || body.instances === undefined, 'names a series or instances, not both')
export type Delete = z.input<typeof deleteSchema>

export const deletionLevels = ['study', 'series', 'instance'] as const

/** Something in the bin. */
export const deletionSchema = z.object({
  id: z.string(),
  projectSlug: z.string(),
  level: z.enum(deletionLevels),
  studyInstanceUid: z.string(),
  componentName: z.string().nullable(),
  componentNumber: z.string().nullable(),
  orderNumber: z.string().nullable(),
  reason: z.string(),
  actorName: z.string(),
  deletedAt: z.string(),
  purgeAt: z.string(),
  /** purging: bytes are being removed; there is no way back. */
  state: z.enum(['binned', 'purging']),
  /** Why bytes could not be removed yet. */
  fault: z.string().nullable(),
  nextTryAt: z.string().nullable(),
  instanceCount: z.number().int(),
  byteSize: z.number(),
})
export type Deletion = z.infer<typeof deletionSchema>

/** GET /api/bin (projects in which the caller may delete) and GET /api/archive/bin (all); newest first */
export const binQuerySchema = z.object({
  project: slugSchema.optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export const binPageSchema = z.object({ items: z.array(deletionSchema), next: z.string().nullable() })
export type BinPage = z.infer<typeof binPageSchema>

/** POST /api/bin/{deletion}/restore */
export const restoredSchema = z.object({
  studyInstanceUid: z.string(),
  restored: z.number().int(),
  /** The same bytes were stored again meanwhile: these stay in the bin until their time is over. */
  alreadyStored: z.number().int(),
  /** The inspection was corrected meanwhile: its files of now say other things of component or order than those that came back. */
  differs: z.boolean(),
})
export type Restored = z.infer<typeof restoredSchema>

/** POST /api/archive/bin/{deletion}/purge: before its time. */
export const purgeSchema = z.strictObject({ reason: reasonSchema })

/** POST /api/inspections/{study}/move */
export const moveSchema = z.strictObject({ project: slugSchema, reason: reasonSchema })
export type Move = z.input<typeof moveSchema>
