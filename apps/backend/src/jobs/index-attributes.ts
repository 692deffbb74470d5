import { setTimeout as delay } from 'node:timers/promises'
import { failIndexing, indexNextBatch, removeNextBatch } from '../data/attribute-index.ts'
import { isConnectionFault } from '../data/transaction.ts'
import type { Deps } from '../deps.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import { findValues } from '../search-attribute/find-values.ts'

// A batch is a transaction of some tens of milliseconds.
const instancesPerBatch = 200
const valuesPerBatch = 5_000
const mostTries = 5

export interface IndexingOptions {
  /** Milliseconds after which it stops with work left, so that other tasks get their turn. */
  forMs?: number
  signal?: AbortSignal | undefined
  /** Milliseconds of rest for each millisecond of work: storing and searching go first. */
  rest?: number
}

/**
 * Looks through what was stored before attributes were declared, and clears away what is declared no more. Goes on where
 * it stopped, whoever stopped it.
 * @returns whether work is left
 */
export async function indexAttributes(
  deps: Pick<Deps, 'db' | 'log'>,
  scope: ArchiveScope,
  { forMs = 60_000, signal, rest = 1 }: IndexingOptions = {},
): Promise<boolean> {
  const until = performance.now() + forMs
  for (let tries = 0; ;) {
    if (signal?.aborted === true || performance.now() >= until) return true
    const began = performance.now()
    try {
      const isRemoving = await removeNextBatch(deps.db, scope, valuesPerBatch)
      if (!isRemoving && (await indexNextBatch(deps.db, scope, instancesPerBatch, findValues)) === undefined)
        return false
      tries = 0
    } catch (error) {
      tries += 1
      // A database that is away comes back: the job fails, and is tried again later.
      if (isConnectionFault(error)) throw error
      // An instance may go while it is read, and another writer may be in the way.
      if (tries >= mostTries) {
        deps.log.error({ err: error }, 'search attributes could not be indexed')
        await failIndexing(deps.db, scope, error instanceof Error ? error.message : String(error))
        tries = 0
      }
    }
    await delay((performance.now() - began) * rest, undefined, { signal }).catch(() => undefined)
  }
}
