import { type ArchiveSource, unlisted } from './archive-source.ts'
import type { Effort } from './effort.ts'
import { createFeed } from './feed.ts'
import { isListing, type Journal, type Settlement } from './journal.ts'

const notedAtOnce = 200

/** Tells the source's objects from everything else, by their first bytes; nothing is sent. */
export async function lookThrough(
  { source, journal, effort }: { source: ArchiveSource; journal: Journal; effort: Effort },
  parallel: number,
  onLooked: (count: number) => void,
): Promise<void> {
  const next = createFeed(journal, ['pending'])
  const lane = async (): Promise<void> => {
    const left: Settlement[] = []
    for (let entry = next(); entry && !effort.isFinishing(); entry = next()) {
      const why = isListing(entry.path) ? unlisted : await source.look(entry)
      if (why) left.push({ path: entry.path, state: why.state, reason: why.reason })
      if (left.length >= notedAtOnce) journal.settle(left.splice(0))
      onLooked(1)
    }
    journal.settle(left)
  }
  await Promise.all(Array.from({ length: parallel }, lane))
}
