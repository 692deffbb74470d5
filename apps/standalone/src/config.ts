import path from 'node:path'
import { z } from 'zod'

/** Settings of the backend that make sense on one machine, too. */
const backendSettings = [
  'HOST',
  'PUBLIC_URL',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'TRUSTED_PROXIES',
  'CORS_ORIGINS',
  'RATE_LIMIT_PER_MINUTE',
  'LOCAL_ACCOUNTS',
  'FIRST_ADMIN_EMAIL',
  'FIRST_ADMIN_PASSWORD',
  'SMTP_URL',
  'MAIL_FROM',
  'ENTRA_TENANT_ID',
  'ENTRA_CLIENT_ID',
  'ENTRA_CLIENT_SECRET',
  'ENTRA_AUTHORITY',
  'ENTRA_RECHECK_MINUTES',
  'ENTRA_GROUP_ROLES',
  'DERIVE_THREADS',
  'RENDER_THREADS',
  'PIXEL_SECONDS',
  'STORE_MAX_INSTANCE_BYTES',
  'UPLOAD_PART_BYTES',
  'UPLOAD_KEEP_DAYS',
  'UPLOAD_MAX_OPEN',
  'UPLOAD_JOBS',
  'BIN_DAYS',
  'CHANGES_DAYS',
  'FIXITY_DAYS',
  'WEBHOOK_NETWORKS',
] as const

/** What `npm start` understands; everything else has a value that fits one machine. */
export const configSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** Database, images and secrets of this installation; beside the program unless named. */
  INSTANDT_DATA: z.string().default(path.resolve(import.meta.dirname, '../../../.data')),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info'),
  // Handed on to the backend, which checks them.
  ...Object.fromEntries(backendSettings.map((name) => [name, z.string().optional()])),
})
export type StandaloneConfig = z.infer<typeof configSchema>
