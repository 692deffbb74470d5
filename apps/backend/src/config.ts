import { availableParallelism } from 'node:os'
import { emailSchema, projectRoles } from '@instandt/api'
import { z } from 'zod'
import { parseKeys } from './secrets/keys.ts'

const setText = z.string().min(1)
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  )
const webOrigin = z.string().refine((text) => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text
}, 'must be scheme, host and, if it is not the usual one, port: https://mes.example.com')
const groupRole = z.string().transform((text, context) => {
  const [, group, project, role] = /^([\w-]+)=([a-z0-9-]+):([a-z-]+)$/.exec(text) ?? []
  const known = projectRoles.find((one) => one === role)
  if (group === undefined || project === undefined || known === undefined) {
    context.addIssue({ code: 'custom', message: `'${text}' is not group=project:role` })
    return z.NEVER
  }
  return { group, project, role: known }
})
const containerName = z
  .string()
  .regex(
    /^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$/,
    'must be a container name: 3 to 63 small letters, digits and single hyphens',
  )
const loopback = new Set(['127.0.0.1', '::1', 'localhost'])

/** Everything the server and its worker read from their environment. */
export const configSchema = z
  .object({
    /** postgres://… of the role without DDL rights. */
    DATABASE_URL: setText,
    /** `password`: as in the URL; `entra`: a token of the managed identity; `key-vault`: the secret instandt-database. */
    DATABASE_AUTH: z.enum(['password', 'entra', 'key-vault']).default('password'),
    /** At most; listening for jobs and holding locks take up to three. */
    DATABASE_CONNECTIONS: z.coerce.number().int().min(5).max(200).default(10),
    /** Any address but the loopback needs TLS: our own, or a proxy's under an https PUBLIC_URL. */
    HOST: setText.default('127.0.0.1'),
    PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
    /** Where the worker answers /health/live for the platform's probes; unset: nowhere. */
    WORKER_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
    /** Address under which clients reach us through proxies, without a slash at the end; else the request's own host. */
    PUBLIC_URL: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    /** Certificate and key (PEM files), where no proxy ends TLS. */
    TLS_CERT_FILE: setText.optional(),
    TLS_KEY_FILE: setText.optional(),
    /** Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas. */
    TRUSTED_PROXIES: list.pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))),
    /** Our Front Door's id: requests that came another way are refused. */
    FRONT_DOOR_ID: z.uuid().optional(),
    /** Origins of other web apps that may ask with a token, separated by commas: exactly these, none by default. */
    CORS_ORIGINS: list.pipe(z.array(webOrigin)),
    /** Requests of one token or person in a minute, at each server. */
    RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(10).default(20_000),

    /** Encryption keys of the installation, `id:base64url` separated by spaces, newest first; or from the Key Vault. */
    SECRET_KEYS: z
      .string()
      .superRefine((text, context) => {
        try {
          parseKeys(text)
        } catch (error) {
          context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
        }
      })
      .optional(),
    /** Accounts with passwords; `off` leaves the directory alone. */
    LOCAL_ACCOUNTS: z.enum(['on', 'off']).default('on'),
    /** Makes the first administrator without the one-time link. */
    FIRST_ADMIN_EMAIL: emailSchema.optional(),
    FIRST_ADMIN_PASSWORD: setText.optional(),
    /** smtp://user:password@host:587 for links by mail, and who they come from. */
    SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
    MAIL_FROM: setText.optional(),
    /** Directory of Entra ID and our application in it. */
    ENTRA_TENANT_ID: z.uuid().optional(),
    ENTRA_CLIENT_ID: z.uuid().optional(),
    /** Only where no managed identity can vouch for us. */
    ENTRA_CLIENT_SECRET: setText.optional(),
    ENTRA_AUTHORITY: z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .default('https://login.microsoftonline.com'),
    /** Minutes until the directory is asked again whether an account still has its roles. */
    ENTRA_RECHECK_MINUTES: z.coerce.number().min(0).max(60).default(15),
    /** Roles by group: `group id=project:role`, separated by commas. */
    ENTRA_GROUP_ROLES: list.pipe(z.array(groupRole)),

    /** Instances whose thumbnails and renditions are made at the same time, with what others leave of the processor; 0: none. */
    DERIVE_THREADS: z.coerce.number().int().min(0).max(16).default(1),
    /** Threads of a server that draw and transcode images somebody waits for. */
    RENDER_THREADS: z.coerce
      .number()
      .int()
      .min(1)
      .max(64)
      .default(() => Math.max(1, Math.min(4, availableParallelism() - 1))),
    /** A frame that is not decoded or drawn in this time, and as long again for each 64 MiB of it, counts as undecodable. */
    PIXEL_SECONDS: z.coerce.number().min(1).max(3600).default(60),
    /** Bytes of one stored instance at most; larger parts are refused with 413. */
    STORE_MAX_INSTANCE_BYTES: z.coerce
      .number()
      .int()
      .min(1)
      .default(256 * 1024 ** 3),
    /** Bytes of an upload's part; larger files get larger parts. Less helps lines that need minutes for 8 MiB. */
    UPLOAD_PART_BYTES: z.coerce
      .number()
      .int()
      .min(64 * 1024)
      .max(32 * 1024 ** 2)
      .default(8 * 1024 ** 2),
    /** Days until an open upload that nobody touches is dropped; the cloud's store forgets its parts after seven. */
    UPLOAD_KEEP_DAYS: z.coerce.number().positive().max(6).default(6),
    /** Uploads one person or token may have under way. */
    UPLOAD_MAX_OPEN: z.coerce.number().int().min(1).default(200),
    /** Uploads that are put together and read at once, in each process that runs jobs. */
    UPLOAD_JOBS: z.coerce.number().int().min(1).max(16).default(2),
    /** Days until what was deleted is removed for good. */
    BIN_DAYS: z.coerce.number().min(0).max(3650).default(30),
    /** Days that changes are kept for those who follow them. */
    CHANGES_DAYS: z.coerce.number().int().min(1).max(3650).default(90),
    /** Days within which every stored object is read again and held against its hash. */
    FIXITY_DAYS: z.coerce.number().min(1).max(3650).default(90),
    /** Networks inside which webhooks may call, separated by commas (10.20.0.0/16); without them only public addresses. */
    WEBHOOK_NETWORKS: list.pipe(z.array(z.union([z.cidrv4(), z.cidrv6()]))),
    /** https://….vault.azure.net: secrets come from there, by the managed identity. */
    KEY_VAULT_URL: z.url({ protocol: /^https$/ }).optional(),
    /** Seconds until a server looks for newer secrets there. */
    SECRETS_REFRESH_SECONDS: z.coerce.number().min(1).max(3600).default(60),
    /** Of the schema's owner; only commands that make roles ask for it. */
    ADMIN_DATABASE_URL: setText.optional(),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info'),
    /** What people call this version; on every trace. */
    INSTANDT_VERSION: setText.optional(),
    /** Where traces go, OTLP over gRPC; a Container Apps environment with an agent sets it. Unset: none are made. */
    OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
    /** Which part of what went well is traced, 0 to 1; what failed always is. */
    TRACE_SHARE: z.coerce.number().min(0).max(1).default(0.05),
    /** After SIGTERM: seconds to go on as before, while the platform learns of it; seconds until what still runs is cut off. */
    SHUTDOWN_DELAY_SECONDS: z.coerce.number().min(0).max(120).default(0),
    SHUTDOWN_SECONDS: z.coerce.number().min(1).max(600).default(25),

    /** Where the original bytes live: files below STORAGE_DIR, or one container of Azure Blob Storage. */
    STORAGE: z.enum(['disk', 'azure']).default('disk'),
    STORAGE_DIR: setText.optional(),
    /** For development and tests; in the cloud the account's URL and the managed identity's client id. */
    AZURE_STORAGE_CONNECTION_STRING: setText.optional(),
    AZURE_STORAGE_ACCOUNT_URL: z.url({ protocol: /^https?$/ }).optional(),
    AZURE_CLIENT_ID: setText.optional(),
    AZURE_STORAGE_CONTAINER: containerName.default('instandt'),
    /** Where the heads of the audit's chain are kept beside the database: a file, or with STORAGE=azure a container. */
    AUDIT_ANCHOR_FILE: setText.optional(),
    AUDIT_CONTAINER: containerName.default('instandt-audit'),
  })
  .superRefine((config, context) => {
    const fault = (name: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [name], message })
    }
    const hasTls = config.TLS_CERT_FILE !== undefined
    if (hasTls !== (config.TLS_KEY_FILE !== undefined)) fault('TLS_KEY_FILE', 'and TLS_CERT_FILE belong together')
    if (!loopback.has(config.HOST) && !hasTls && config.PUBLIC_URL?.startsWith('https:') !== true) {
      fault('HOST', 'is reachable by others: needs TLS_CERT_FILE, or a proxy that ends TLS under an https PUBLIC_URL')
    }
    if (!loopback.has(config.HOST) && config.PUBLIC_URL === undefined)
      fault('PUBLIC_URL', 'is needed when HOST is not the loopback')
    if ((config.ENTRA_TENANT_ID === undefined) !== (config.ENTRA_CLIENT_ID === undefined))
      fault('ENTRA_CLIENT_ID', 'and ENTRA_TENANT_ID belong together')
    if (config.LOCAL_ACCOUNTS === 'off' && config.ENTRA_TENANT_ID === undefined)
      fault('LOCAL_ACCOUNTS', 'off leaves no way in without ENTRA_TENANT_ID')
    if (config.ENTRA_AUTHORITY.startsWith('http:') && !isLoopbackUrl(config.ENTRA_AUTHORITY))
      fault('ENTRA_AUTHORITY', 'needs https')
    if ((config.FIRST_ADMIN_EMAIL === undefined) !== (config.FIRST_ADMIN_PASSWORD === undefined))
      fault('FIRST_ADMIN_PASSWORD', 'and FIRST_ADMIN_EMAIL belong together')
    if ((config.SMTP_URL === undefined) !== (config.MAIL_FROM === undefined))
      fault('MAIL_FROM', 'and SMTP_URL belong together')
    if (config.DATABASE_AUTH === 'key-vault' && config.KEY_VAULT_URL === undefined)
      fault('KEY_VAULT_URL', 'is needed with DATABASE_AUTH=key-vault')
    if (config.SECRET_KEYS === undefined && config.KEY_VAULT_URL === undefined)
      fault('SECRET_KEYS', 'or KEY_VAULT_URL is needed')
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

const isLoopbackUrl = (url: string): boolean => loopback.has(new URL(url).hostname.replace(/^\[|\]$/g, ''))

export type Config = z.infer<typeof configSchema>
