import type { Receiver } from '../data/webhooks.ts'
import type { Deps } from '../deps.ts'
import { allowedAddresses, type Resolve } from './allowed-addresses.ts'
import { type Attempt, postMessage } from './post-message.ts'
import { signMessage } from './sign.ts'

/** Binds a sealed secret to its use. */
export const secretPurpose = 'webhook-secret'

export interface SendOptions {
  timeoutMs?: number | undefined
  /** Another name server. */
  resolve?: Resolve | undefined
}

// Below the time that a worker may hold a webhook, and that the end of a process waits for.
const longestAttempt = 15_000

/** One signed attempt. */
export async function sendMessage(
  { config, identity }: Pick<Deps, 'config' | 'identity'>,
  receiver: Receiver,
  id: string,
  body: string,
  { timeoutMs = longestAttempt, resolve }: SendOptions = {},
): Promise<Attempt> {
  const opened = await Promise.all(receiver.secrets.map((sealed) => identity.box.open(secretPurpose, sealed)))
  const secrets = opened.filter((secret) => secret !== undefined)
  if (secrets.length < opened.length)
    return { isDelivered: false, status: null, answer: 'Its secret cannot be read: renew it.', durationMs: 0 }
  return postMessage(receiver.url, body, signMessage(id, body, secrets, new Date()), {
    addresses: allowedAddresses(config.WEBHOOK_NETWORKS, resolve),
    timeoutMs,
    userAgent: `instaNDT/${config.INSTANDT_VERSION ?? 'dev'}`,
  })
}
