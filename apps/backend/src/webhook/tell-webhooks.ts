import { setTimeout as delay } from 'node:timers/promises'
import type { Change } from '@instandt/api'
import { placeChanges } from '../data/changes.ts'
import {
  type Lease,
  leaseWebhook,
  nextMessage,
  noteDelivered,
  noteFailed,
  type OwedMessage,
  releaseWebhook,
} from '../data/webhook-queue.ts'
import type { Deps } from '../deps.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { giveUpDays, retryDelay } from './retry-delay.ts'
import { sendMessage, type SendOptions } from './send-message.ts'

const lookEveryMs = 1000
// Webhooks told at the same time; each of them hears one message after the other.
const atOnce = 4
// Then another one that waits has its turn.
const messagesInOneTurn = 100

export interface TellOptions extends SendOptions {
  signal?: AbortSignal | undefined
}

/** The body of a message: the change as the feed tells it (Standard Webhooks: type, timestamp, data). */
const bodyOf = (change: Change): string =>
  JSON.stringify({ type: `inspection.${change.kind}`, timestamp: change.at, data: change })

/**
 * Tells every webhook what it has not heard yet, in the order of the feed, until nobody may be called at the moment.
 * Returns how many messages were taken.
 */
export async function tellWebhooks(deps: Deps, scope: ArchiveScope, options: TellOptions = {}): Promise<number> {
  await placeChanges(deps.db)
  let count = 0
  const work = async (): Promise<void> => {
    while (options.signal?.aborted !== true) {
      const lease = await leaseWebhook(deps.db, scope)
      if (!lease) return
      count += await tellOne(deps, scope, lease, options)
    }
  }
  const settled = await Promise.allSettled(Array.from({ length: atOnce }, work))
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
  return count
}

async function tellOne(deps: Deps, scope: ArchiveScope, lease: Lease, options: TellOptions): Promise<number> {
  let count = 0
  while (count < messagesInOneTurn && options.signal?.aborted !== true) {
    const message = await nextMessage(deps.db, scope, lease, bodyOf)
    if (!message || !(await tellMessage(deps, scope, lease, message, options))) break
    lease.position = message.position
    lease.attempts = 0
    count += 1
  }
  await releaseWebhook(deps.db, scope, lease)
  return count
}

/** False when the next one must wait: order matters more than speed to whoever keeps books. */
async function tellMessage(
  deps: Deps,
  scope: ArchiveScope,
  lease: Lease,
  message: OwedMessage,
  options: TellOptions,
): Promise<boolean> {
  const attempt = await sendMessage(deps, lease, message.deliveryId, message.body, options)
  if (attempt.isDelivered) return noteDelivered(deps.db, scope, lease, message, attempt)
  const seconds = retryDelay(lease.attempts + 1, attempt.retryAfter)
  const state = await noteFailed(deps.db, scope, lease, message, attempt, { seconds, giveUpDays })
  // Neither address nor answer: they may hold what is nobody's business in a log.
  deps.log[state === 'active' ? 'info' : 'warn'](
    { webhook: lease.id, status: attempt.status, failures: lease.attempts + 1, state },
    state === 'active' ? 'a webhook could not be told' : 'a webhook is given up',
  )
  return false
}

/** Looks every second for what is to be told. Any number of processes may do it. */
export function startTelling(deps: Deps, options: SendOptions = {}): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const work = async (): Promise<void> => {
    let hasFailed = false
    while (!signal.aborted) {
      try {
        await tellWebhooks(deps, await readArchiveScope(deps.db), { ...options, signal })
        hasFailed = false
      } catch (error) {
        // Said once: the database may be away for an hour.
        if (!hasFailed) deps.log.error({ err: error }, 'webhooks could not be told; trying again')
        hasFailed = true
      }
      await delay(lookEveryMs, undefined, { signal }).catch(() => undefined)
    }
  }
  const working = work()
  return {
    async stop() {
      stopping.abort()
      await working
    },
  }
}
