import path from 'node:path'
import { z } from 'zod'

/** What `npm start` understands; everything else has a value that fits one machine. */
export const configSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** Database, images and secrets of this installation; beside the program unless named. */
  INSTANDT_DATA: z.string().default(path.resolve(import.meta.dirname, '../../../.data')),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info'),
})
export type StandaloneConfig = z.infer<typeof configSchema>
