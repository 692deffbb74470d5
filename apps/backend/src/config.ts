import { z } from 'zod'

const setText = z.string().min(1)

/** Everything the server and its worker read from their environment. */
export const configSchema = z
  .object({
    /** postgres://… of the role without DDL rights. */
    DATABASE_URL: setText,
    DATABASE_CONNECTIONS: z.coerce.number().int().min(2).max(200).default(10),
    HOST: z
      .enum(
        ['127.0.0.1', '::1', 'localhost'],
        'must be a loopback address: there is no sign-in yet, so nobody else may reach the server',
      )
      .default('127.0.0.1'),
    PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
    /** Address under which clients reach us through proxies, without a slash at the end; else the request's own host. */
    PUBLIC_URL: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    /** Bytes of one stored instance at most; larger parts are refused with 413. */
    STORE_MAX_INSTANCE_BYTES: z.coerce
      .number()
      .int()
      .min(1)
      .default(256 * 1024 ** 3),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info'),

    /** Where the original bytes live: files below STORAGE_DIR, or one container of Azure Blob Storage. */
    STORAGE: z.enum(['disk', 'azure']).default('disk'),
    STORAGE_DIR: setText.optional(),
    /** For development and tests; in the cloud the account's URL and the managed identity's client id. */
    AZURE_STORAGE_CONNECTION_STRING: setText.optional(),
    AZURE_STORAGE_ACCOUNT_URL: z.url({ protocol: /^https?$/ }).optional(),
    AZURE_CLIENT_ID: setText.optional(),
    AZURE_STORAGE_CONTAINER: z
      .string()
      .regex(
        /^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/,
        'must be a container name: 3 to 63 small letters, digits and single hyphens',
      )
      .default('instandt'),
  })
  .superRefine((config, context) => {
    const fault = (name: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [name], message })
    }
    if (config.STORAGE === 'disk' && config.STORAGE_DIR === undefined)
      fault('STORAGE_DIR', 'is needed with STORAGE=disk')
    if (config.STORAGE !== 'azure') return
    const hasString = config.AZURE_STORAGE_CONNECTION_STRING !== undefined
    if (hasString === (config.AZURE_STORAGE_ACCOUNT_URL !== undefined)) {
      fault(
        'AZURE_STORAGE_ACCOUNT_URL',
        'or AZURE_STORAGE_CONNECTION_STRING: exactly one of them is needed with STORAGE=azure',
      )
    }
  })
export type Config = z.infer<typeof configSchema>
