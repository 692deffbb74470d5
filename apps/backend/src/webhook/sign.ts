import { createHmac, randomBytes } from 'node:crypto'

const prefix = 'whsec_'

/** A fresh secret as Standard Webhooks writes it: 32 random bytes. */
export const newWebhookSecret = (): string => prefix + randomBytes(32).toString('base64')

/**
 * Headers of Standard Webhooks 1.0 (standardwebhooks.com). While a secret is being renewed both sign, so that a receiver may
 * change over when it suits.
 * @param id the same for every attempt, so that a receiver can tell a repetition
 * @param secrets the newest first
 */
export function signMessage(
  id: string,
  body: string,
  secrets: readonly string[],
  at: Date,
): { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string } {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
