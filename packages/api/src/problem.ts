import { z } from 'zod'

/** RFC 9457 problem+json, the body of every error. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  /** Stable, for machines: 'study-not-found'. */
  code: z.string(),
  /** Also in the X-Request-Id header and in the log. */
  requestId: z.string(),
})
export type Problem = z.infer<typeof problemSchema>
