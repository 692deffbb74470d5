import { z } from 'zod'
import { slugSchema } from './administration.ts'

/** What can happen to stored objects; new kinds may join them. */
export const changeKinds = ['stored', 'corrected', 'moved-in', 'moved-out', 'deleted', 'restored', 'purged'] as const
export type ChangeKind = (typeof changeKinds)[number]

export const changeSchema = z.object({
  /** Place in the feed: ascends in the order of commits, has gaps. */
  position: z.number().int(),
  kind: z.enum(changeKinds),
  at: z.string(),
  /** Slug. */
  project: z.string(),
  studyInstanceUid: z.string(),
  componentNumber: z.string().nullable(),
  componentName: z.string().nullable(),
  orderNumber: z.string().nullable(),
  /**
   * `instances`: SOP Instance UIDs, 1,000 at most (`isCut`: there are more), where the change is of some and not of a whole view
   * (`series`) or inspection; `count`; `changes`.
   */
  detail: z.record(z.string(), z.unknown()),
})
export type Change = z.infer<typeof changeSchema>

/** GET /api/changes */
export const changesQuerySchema = z.object({
  /** `next` of the answer before; nothing: from the oldest change that is kept. `latest`: from now on. */
  after: z.union([z.literal('latest'), z.coerce.number().int().min(0)], 'is no position of the feed').optional(),
  project: slugSchema.optional(),
  kinds: z
    .string()
    .max(200)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(changeKinds)))
    .optional(),
  /** Fewer come when they are large. */
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

export const changePageSchema = z.object({
  items: z.array(changeSchema),
  /** Ask with it next; also when nothing was there. */
  next: z.number().int(),
  hasMore: z.boolean(),
})
export type ChangePage = z.infer<typeof changePageSchema>
