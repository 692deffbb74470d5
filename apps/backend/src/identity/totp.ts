import { Secret, TOTP } from 'otpauth'

const stepSeconds = 30

const totpOf = (secret: Secret, account: string): TOTP =>
  new TOTP({ issuer: 'instaNDT', label: account, algorithm: 'SHA1', digits: 6, period: stepSeconds, secret })

/** A fresh second factor (RFC 6238), for the app of the account's owner. */
export function newTotp(account: string): { secret: string; uri: string } {
  const secret = new Secret({ size: 20 })
  return { secret: secret.base32, uri: totpOf(secret, account).toString() }
}

/** The time step of a right code, one step of clock difference allowed; undefined when it is wrong. */
export function totpStep(secret: string, code: string, now = Date.now()): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const delta = totpOf(Secret.fromBase32(secret), '').validate({ token: code, timestamp: now, window: 1 })
  return delta === null ? undefined : Math.floor(now / 1000 / stepSeconds) + delta
}
