/** How many parts travel at once, and what is paused after a fault. Times in milliseconds. */
export interface UploadLanes {
  /** Parts at once, from 1. */
  limit(): number
  /** Until when no part is begun. */
  readonly pausedUntil: number
  /** Faults in a row without a success between them. */
  readonly faults: number
  /** Longest time a part may take before its connection counts as dead. */
  patience(): number
  succeeded(part: { startedAt: number; byteLength: number }): void
  /** @param wait milliseconds the server asked for */
  failed(part: { startedAt: number }, wait?: number): void
}

// A part shall be through in this time: proxies cut requests, some after a minute, and a part that is cut is sent anew.
const wantedMs = 20_000
// One that fell after longer than this may have been cut for its slowness: the next ones aim at half of its time.
const suspectMs = 1_000
const regained = 1.2
const windowMs = 15_000
const shortestPatience = 30_000
// The server ends a part's request after 180 s.
const longestPatience = 190_000
const firstPause = 500
const longestPause = 30_000

/** Begins with one part, then sends so many at once that each needs about 20 s at the rate measured, `most` at most. */
export function createLanes(
  partSize: number,
  most: number,
  now: () => number = Date.now,
  random: () => number = Math.random,
): UploadLanes {
  let done: { at: number; startedAt: number; byteLength: number }[] = []
  let allowed = 1
  let faults = 0
  let lastFault = -1
  let pausedUntil = 0
  let wanted = wantedMs

  /** Bytes a millisecond over the last seconds; undefined before the first part is through. */
  const rate = (): number | undefined => {
    const since = now() - windowMs
    // The newest part counts however old it is: a slow line finishes none in the window.
    done = done.filter(({ at }, index) => at >= since || index === done.length - 1)
    const first = Math.min(...done.map(({ startedAt }) => startedAt))
    const bytes = done.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const last = done.at(-1)
    return last === undefined ? undefined : bytes / Math.max(1, last.at - first)
  }

  return {
    limit: () => allowed,
    get pausedUntil() {
      return pausedUntil
    },
    get faults() {
      return faults
    },
    patience() {
      const measured = rate()
      if (measured === undefined) return longestPatience
      const expected = (partSize * allowed) / measured
      return Math.min(longestPatience, Math.max(shortestPatience, Math.round(6 * expected)))
    },
    succeeded({ startedAt, byteLength }) {
      faults = 0
      pausedUntil = 0
      done.push({ at: now(), startedAt, byteLength })
      allowed = Math.max(1, Math.min(most, Math.floor(((rate() ?? 0) * wanted) / partSize)))
      wanted = Math.min(wantedMs, wanted * regained)
    },
    failed({ startedAt }, wait = 0) {
      // Parts that were under way at the last fault fell with the same line: one fault, not four.
      if (startedAt > lastFault) {
        faults += 1
        allowed = Math.max(1, allowed >> 1)
        lastFault = now()
        done = []
        const lasted = now() - startedAt
        if (lasted > suspectMs) wanted = Math.min(wanted, lasted / 2)
      }
      const doubled = Math.min(longestPause, firstPause * 2 ** (faults - 1)) * (0.75 + random() / 2)
      pausedUntil = Math.max(pausedUntil, now() + Math.max(doubled, wait))
    },
  }
}
