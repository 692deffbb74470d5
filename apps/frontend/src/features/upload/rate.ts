interface Sample {
  at: number
  bytes: number
}

export interface RateMeter {
  add(at: number, bytes: number): void
  bytesPerSecond(): number
  /** After a pause: what was before says nothing. */
  reset(): void
}

/** Bytes a second over the last seconds; a mean over the whole upload would not notice that the line got slow. */
export function createRateMeter(windowMs = 8000): RateMeter {
  let samples: Sample[] = []
  return {
    add(at, bytes) {
      // Files that failed are taken off again: the count begins anew from there.
      if (bytes < (samples.at(-1)?.bytes ?? 0)) samples = []
      samples.push({ at, bytes })
      while (samples.length > 2 && at - (samples[1]?.at ?? at) >= windowMs) samples.shift()
    },
    bytesPerSecond() {
      const first = samples[0]
      const last = samples.at(-1)
      if (!first || !last || last.at - first.at < 500) return 0
      return ((last.bytes - first.bytes) * 1000) / (last.at - first.at)
    },
    reset() {
      samples = []
    },
  }
}
