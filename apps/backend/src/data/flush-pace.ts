// Where flushes take longer, writing rows beside them gains nothing, and the locks of their studies are held meanwhile.
const slowMs = 30
// After a transaction that was undone for it; of the average each flush counts an eighth.
const restMs = 30_000
const share = 1 / 8

/** How long the bytes of rows take to become durable, and whether their rows had better wait for them. */
export interface FlushPace {
  isSlow(): boolean
  /** Looks on until they are durable. */
  measure(durable: Promise<unknown>): void
  /** A transaction was undone because bytes were not durable in time. */
  noteUndone(): void
  averageMs(): number
}

export function createFlushPace(): FlushPace {
  let averageMs = 0
  let restUntil = 0
  return {
    isSlow: () => averageMs > slowMs || performance.now() < restUntil,
    measure(durable) {
      const begun = performance.now()
      durable.then(
        () => {
          averageMs += (performance.now() - begun - averageMs) * share
        },
        () => undefined,
      )
    },
    noteUndone() {
      restUntil = performance.now() + restMs
    },
    averageMs: () => averageMs,
  }
}
