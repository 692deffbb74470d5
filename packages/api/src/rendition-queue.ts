import { z } from 'zod'

/** Larger numbers are not counted to their end. */
export const queueCountCap = 100_000

const count = z.number().int()

/** GET /api/rendition-queue: what is still to be made for screens, and who works on it. */
export const renditionQueueSchema = z.object({
  /** Instances without the small picture of lists; they come first. */
  thumbnails: count,
  /** Instances that wait for the images of the viewer. */
  renditions: count,
  failed: count,
  /** Instances that were finished in the last ten minutes. */
  finishedRecently: count,
  working: z.array(
    z.object({
      sopInstanceUid: z.string(),
      framesDone: count,
      /** Null until its header has been read. */
      frameCount: count.nullable(),
    }),
  ),
})
export type RenditionQueue = z.infer<typeof renditionQueueSchema>

export const failedRenditionQuerySchema = z.object({
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})
export type FailedRenditionQuery = z.infer<typeof failedRenditionQuerySchema>

/** GET /api/rendition-queue/failed; newest instances first. */
export const failedRenditionPageSchema = z.object({
  items: z.array(
    z.object({
      project: z.string(),
      studyInstanceUid: z.string(),
      sopInstanceUid: z.string(),
      reason: z.string(),
      /** Frames that could be made in spite of it. */
      framesMade: count,
      frameCount: count.nullable(),
      finishedAt: z.string(),
    }),
  ),
  next: z.string().nullable(),
})
export type FailedRenditionPage = z.infer<typeof failedRenditionPageSchema>

/** POST /api/rendition-queue/remake: of all that failed, or of one study. */
export const remakeSchema = z.strictObject({
  of: z.union([
    z.literal('failed'),
    z.strictObject({ study: z.string().regex(/^[\d.]{1,64}$/, 'must be a Study Instance UID') }),
  ]),
})
export type Remake = z.infer<typeof remakeSchema>
export const remakeAnswerSchema = z.object({ count })
