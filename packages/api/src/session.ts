import { z } from 'zod'

/** GET /api/session: who is calling and what they may see. */
export const sessionSchema = z.object({
  user: z.object({ id: z.string(), name: z.string() }),
  projects: z.array(z.object({ slug: z.string(), name: z.string() })),
  version: z.string(),
})
export type Session = z.infer<typeof sessionSchema>
