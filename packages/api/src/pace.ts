/** How much is put into one request and how many travel at once, by how long the last ones took. Times in milliseconds. */
export interface Pace {
  limits(): { bytes: number; files: number }
  /** Requests at once, from 1. */
  lanes(): number
  succeeded(bytes: number, lasted: number): void
  failed(): void
}

// Proxies cut requests, some after a minute; and a request that is cut is sent anew.
const wantedMs = 12_000
const tooLongMs = 30_000
const smallest = 256 * 1024
/** Nothing is known of the line yet. */
const first = 1_000_000

/** Begins small, then fills requests so that each is through in about 12 s, and takes fewer lanes where even small ones crawl. */
export function createPace(most: { bytes: number; files: number; lanes: number }): Pace {
  let bytes = Math.min(first, most.bytes)
  let lanes = most.lanes
  return {
    limits: () => ({ bytes, files: most.files }),
    lanes: () => lanes,
    succeeded(sent, lasted) {
      const rate = sent / Math.max(1, lasted)
      // A request that was nearly empty says little about a full one.
      const bearable = Math.max(smallest, rate * wantedMs)
      if (sent >= bytes / 4 || bearable < bytes) bytes = Math.min(most.bytes, bearable, bytes * 8)
      if (lasted > tooLongMs) lanes = Math.max(1, lanes - 1)
      else if (lasted < wantedMs) lanes = Math.min(most.lanes, lanes + 1)
    },
    failed() {
      bytes = Math.max(smallest, bytes / 2)
      lanes = Math.max(1, lanes >> 1)
    },
  }
}
