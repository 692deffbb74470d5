import type { ArchiveSource } from './archive-source.ts'
import { askKnown } from './ask-known.ts'
import type { Effort } from './effort.ts'
import { codeOf } from './faults.ts'
import { createFeed } from './feed.ts'
import type { Entry, Journal } from './journal.ts'
import type { Target } from './target.ts'

export interface Verifying {
  source: ArchiveSource
  target: Target
  journal: Journal
  effort: Effort
  parallel: number
  onVerified(entries: readonly Entry[]): void
}

export interface Verified {
  confirmed: number
  faults: number
}

export const confirmed = 'confirmed'
const askedAtOnce = 200

/** Reads the source's files once more where that is possible, and asks the server for every SHA-256 again. Changes no outcome. */
export async function verify(verifying: Verifying): Promise<Verified> {
  const { source, target, journal, effort } = verifying
  const next = createFeed(journal, ['stored', 'known'])
  const found: Verified = { confirmed: 0, faults: 0 }

  const read = async (entry: Entry): Promise<string | undefined> => {
    if (!source.rehash) return undefined
    try {
      const sha256 = await source.rehash(entry)
      return sha256 === entry.sha256 ? undefined : `the file in the source has other bytes now: SHA-256 ${sha256}`
    } catch (error) {
      return `the file in the source cannot be read: ${codeOf(error) ?? String(error)}`
    }
  }

  const lane = async (): Promise<void> => {
    try {
      while (!effort.isFinishing()) {
        const entries: Entry[] = []
        const faults: (string | undefined)[] = []
        for (
          let entry = next();
          entry && !effort.isFinishing();
          entry = entries.length < askedAtOnce ? next() : undefined
        ) {
          faults.push(await read(entry))
          entries.push(entry)
        }
        if (entries.length === 0 || effort.isFinishing()) return
        const known = await askKnown(
          entries.map(({ sha256 = '' }) => sha256),
          { target, effort },
        )
        effort.progressed()
        const verified = entries.map(({ path, sha256 = '' }, at) => {
          const project = known.get(sha256)?.project
          const there =
            project === target.project
              ? confirmed
              : project === undefined
                ? 'the server no longer lists these bytes: deleted, corrected since, or found damaged'
                : `the bytes are in the project '${project}' now`
          return { path, verified: faults[at] ?? there }
        })
        journal.noteVerified(verified)
        for (const one of verified) found[one.verified === confirmed ? 'confirmed' : 'faults'] += 1
        verifying.onVerified(entries)
      }
    } catch (error) {
      if (!effort.gate.signal.aborted) effort.fail(error)
    }
  }
  await Promise.all(Array.from({ length: verifying.parallel }, lane))
  return found
}
