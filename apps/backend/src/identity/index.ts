import type { Config } from '../config.ts'
import type { KeySource } from '../secrets/keys.ts'
import { type Cookies, createCookies } from './cookies.ts'
import { createEntra, type Entra } from './entra.ts'
import { createMailer, type Mailer } from './mail.ts'
import { createSecretBox, type SecretBox } from './secret-box.ts'

/** What signing in needs; part of Deps. */
export interface Identity {
  cookies: Cookies
  box: SecretBox
  /** Absent unless a tenant and a client are configured. */
  entra: Entra | undefined
  /** Absent unless a mail server is configured. */
  mailer: Mailer | undefined
}

export function createIdentity(config: Config, keys: KeySource): Identity {
  return {
    cookies: createCookies(config),
    box: createSecretBox(keys),
    entra: createEntra(config),
    mailer: createMailer(config),
  }
}
