import { entraPassword } from '@instandt/db'
import { z } from 'zod'

/** What the migration job reads from its environment. */
export const configSchema = z.object({
  /** `postgres://…` of the role that owns the schema. */
  MIGRATE_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** `password`: as in the URL; `entra`: a token of the managed identity AZURE_CLIENT_ID. */
  MIGRATE_DATABASE_AUTH: z.enum(['password', 'entra']).default('password'),
  AZURE_CLIENT_ID: z.string().min(1).optional(),
  /** Folder of the SQL files; that of packages/db unless given. */
  MIGRATE_FOLDER: z.string().optional(),
  /** The role the backend connects as: gets data rights and no DDL. Made when missing. */
  APP_ROLE: z.string().min(1).max(63).default('instandt_app'),
  /** Set for that role when given; without it an existing role (e.g. of Entra ID) keeps its own way of signing in. */
  APP_ROLE_PASSWORD: z.string().min(16).optional(),
  /** Managed identities that work as that role, by name and separated by commas; made known to the server when missing. */
  APP_IDENTITIES: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter((name) => name !== '')),
  /** How long to wait for a database that cannot be reached. */
  MIGRATE_CONNECT_SECONDS: z.coerce.number().min(0).max(3600).default(60),
  /** How long to wait for another migration job to finish. */
  MIGRATE_WAIT_SECONDS: z.coerce.number().min(1).max(86_400).default(1800),
  /** How long a step may wait for a lock that running queries hold; they queue behind it meanwhile. */
  MIGRATE_LOCK_SECONDS: z.coerce.number().min(1).max(600).default(10),
  /** How long one statement may run; an index over ten million rows takes minutes. */
  MIGRATE_STATEMENT_SECONDS: z.coerce.number().min(1).max(86_400).default(3600),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug']).default('info'),
})

/** What a migration needs, from the job's environment or from `npm start`. */
export interface MigrateConfig {
  /** Connection string of the role that owns the schema. */
  databaseUrl: string
  /** Asked for at every connection, instead of the password in the string. */
  password?: (() => Promise<string>) | undefined
  appRole: string
  appRolePassword?: string | undefined
  /** Managed identities that become members of the role. */
  appIdentities?: string[]
  /** Folder of the SQL files; that of packages/db unless given. */
  migrationsDir?: string | undefined
  connectSeconds?: number
  waitSeconds?: number
  lockSeconds?: number
  statementSeconds?: number
  /** Lists what would be applied and changes nothing. */
  isDryRun?: boolean
}

/** The job's environment as arguments. */
export async function migrateConfig(env: z.output<typeof configSchema>): Promise<MigrateConfig> {
  return {
    databaseUrl: env.MIGRATE_DATABASE_URL,
    password: env.MIGRATE_DATABASE_AUTH === 'entra' ? await entraPassword(env.AZURE_CLIENT_ID) : undefined,
    appIdentities: env.APP_IDENTITIES,
    migrationsDir: env.MIGRATE_FOLDER,
    appRole: env.APP_ROLE,
    appRolePassword: env.APP_ROLE_PASSWORD,
    connectSeconds: env.MIGRATE_CONNECT_SECONDS,
    waitSeconds: env.MIGRATE_WAIT_SECONDS,
    lockSeconds: env.MIGRATE_LOCK_SECONDS,
    statementSeconds: env.MIGRATE_STATEMENT_SECONDS,
  }
}
