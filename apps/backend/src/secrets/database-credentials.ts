import { type DbCredentials, type DbCredentialSource, entraPassword } from '@instandt/db'
import type { Logger } from '@instandt/runtime'
import { z } from 'zod'
import { AppError } from '../app-error.ts'
import type { Config } from '../config.ts'
import type { KeyVault } from './key-vault.ts'

/** Secret that holds who connects to the database. */
export const databaseSecret = 'instandt-database'
const secretSchema = z.object({ user: z.string().min(1), password: z.string().min(1) })
export type DatabaseSecret = z.infer<typeof secretSchema>

/** @throws AppError when it is no JSON of user and password; the value is not repeated */
export function parseDatabaseSecret(text: string): DatabaseSecret {
  try {
    return secretSchema.parse(JSON.parse(text))
  } catch {
    throw new AppError('secret-malformed', 503, `The secret '${databaseSecret}' is not {"user","password"} as JSON.`)
  }
}

export interface WatchedCredentials extends DbCredentialSource {
  /** Begins to look for a newer version; calls back with the new user when there is one. */
  watch(onChange: (user: string) => void): void
  stop(): void
}

/**
 * Credentials as DATABASE_AUTH names them: undefined for those of the connection string; an access token of the managed
 * identity for each new connection; or the newest version of a secret of the key vault.
 */
export async function openCredentials(
  config: Config,
  vault: KeyVault | undefined,
  log: Logger,
): Promise<WatchedCredentials | undefined> {
  if (config.DATABASE_AUTH === 'entra') {
    const password = await entraPassword(config.AZURE_CLIENT_ID)
    return {
      current: () => ({ password }),
      watch: () => undefined,
      stop: () => undefined,
    }
  }
  if (config.DATABASE_AUTH !== 'key-vault' || !vault) return undefined
  return watchSecret(vault, config.SECRETS_REFRESH_SECONDS * 1000, log)
}

async function watchSecret(vault: KeyVault, everyMs: number, log: Logger): Promise<WatchedCredentials> {
  const read = async (): Promise<DatabaseSecret> => {
    const text = await vault.read(databaseSecret)
    if (text === undefined)
      throw new AppError('secret-missing', 503, `The key vault holds no secret '${databaseSecret}'.`)
    return parseDatabaseSecret(text)
  }
  let known = await read()
  let onChange: (user: string) => void = () => undefined
  let timer: ReturnType<typeof setInterval> | undefined
  const refresh = async (): Promise<void> => {
    const newest = await read()
    if (newest.user === known.user && newest.password === known.password) return
    known = newest
    log.info({ user: known.user }, 'the database’s credentials have changed')
    onChange(known.user)
  }
  return {
    current: (): DbCredentials => ({ ...known }),
    refresh,
    watch(handler) {
      onChange = handler
      timer = setInterval(() => {
        // The known ones go on working; the vault is asked again in a while.
        refresh().catch((error: unknown) => log.warn({ err: error }, 'the key vault was not read'))
      }, everyMs)
      timer.unref()
    },
    stop: () => clearInterval(timer),
  }
}
