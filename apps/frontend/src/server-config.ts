import path from 'node:path'
import { z } from 'zod'

/** The web app's own container; it needs no secret and no other service. */
export const configSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info'),
  /** After SIGTERM: seconds to go on as before, while the platform learns of it. */
  SHUTDOWN_DELAY_SECONDS: z.coerce.number().min(0).max(20).default(0),
  /** Folder of the built web app. */
  PAGES: z.string().default(path.resolve(import.meta.dirname, '../dist')),
})
