import { ApiError, type KnownList } from '@instandt/api'
import { OpsError } from '../ops-error.ts'
import type { Effort } from './effort.ts'
import type { Target } from './target.ts'

export type KnownFile = KnownList['items'][number]

const askMs = 30_000
/** Of one question; the contract's own bound. */
const mostHashes = 1000

/** What the server says of these SHA-256, by hash: its own, of the bytes it stored. Waits for a server that is away. */
export async function askKnown(
  hashes: readonly string[],
  { target, effort }: { target: Target; effort: Effort },
): Promise<Map<string, KnownFile>> {
  const wanted = [...new Set(hashes)]
  const found = new Map<string, KnownFile>()
  for (let at = 0; at < wanted.length; at += mostHashes) {
    const { items } = await effort
      .persist((signal) =>
        target.client.findKnown(
          wanted.slice(at, at + mostHashes),
          AbortSignal.any([signal, AbortSignal.timeout(askMs)]),
        ),
      )
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.problem.status === 401) throw tokenOver(target)
        throw error
      })
    for (const item of items) found.set(item.sha256, item)
  }
  return found
}

export const tokenOver = ({ address }: Target): OpsError =>
  new OpsError(`${address} does not accept the token any more: run it again with a new one to go on`, 3)
