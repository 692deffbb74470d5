import type { Db } from '@instandt/db'
import { addReadEvent } from '../data/audit.ts'
import type { Scope } from '../plugins/access.ts'

/** Reading on within this time is the same event: a series of 2,000 slices is looked at once. */
export const readWindowMs = 15 * 60_000
const maxRemembered = 50_000

export type NoteRead = (
  scope: Scope,
  action: 'image.view' | 'image.download',
  studyInstanceUid: string,
) => Promise<void>

/** Writes who reads which study before the first byte leaves; for this process, one event per reader, study and time. */
export function createReadNotes(db: Db, now: () => number = Date.now): NoteRead {
  const noted = new Map<string, { until: number; written: Promise<void> }>()
  return (scope, action, studyInstanceUid) => {
    const key = `${scope.actor.id} ${scope.address} ${action} ${studyInstanceUid} ${scope.projectIds.join()}`
    const known = noted.get(key)
    if (known && known.until > now()) return known.written
    const written = addReadEvent(db, scope, action, studyInstanceUid).then(
      (isSeen) => {
        // Nothing to see now may be something in a minute.
        if (!isSeen) noted.delete(key)
      },
      (error: unknown) => {
        noted.delete(key)
        throw error
      },
    )
    noted.delete(key)
    noted.set(key, { until: now() + readWindowMs, written })
    // The oldest were set first.
    for (const oldest of noted.keys()) {
      if (noted.size <= maxRemembered) break
      noted.delete(oldest)
    }
    return written
  }
}
