import type { Entry, EntryState, Journal } from './journal.ts'

const readAhead = 500

/** Entries in these states, each handed out once, in the order of their paths. Keeps a few hundred of them. */
export function createFeed(journal: Journal, states: readonly EntryState[]): () => Entry | undefined {
  let ahead: Entry[] = []
  let at = 0
  let after: Uint8Array | undefined
  return () => {
    if (at === ahead.length) {
      ahead = journal.take(states, after, readAhead)
      at = 0
      after = ahead.at(-1)?.path ?? after
    }
    return ahead[at++]
  }
}
