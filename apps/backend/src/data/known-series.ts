import type { NewInstance } from './new-instance.ts'

/** Series that have been there lately; whether they still are, only the database knows. */
export interface KnownSeries {
  hasAll(rows: readonly NewInstance[]): boolean
  /** After their commit: what was rolled back is not there. */
  add(rows: readonly NewInstance[]): void
  forget(rows: readonly NewInstance[]): void
}

const maxKnown = 1000

export const seriesKey = (row: NewInstance): string => `${row.study.studyInstanceUid} ${row.series.seriesInstanceUid}`

export function createKnownSeries(): KnownSeries {
  const keys = new Set<string>()
  const forget = (rows: readonly NewInstance[]): void => {
    for (const row of rows) keys.delete(seriesKey(row))
  }
  return {
    hasAll: (rows) => rows.every((row) => keys.has(seriesKey(row))),
    add(rows) {
      // Added anew, they are the youngest.
      forget(rows)
      for (const row of rows) keys.add(seriesKey(row))
      for (const oldest of keys) {
        if (keys.size <= maxKnown) break
        keys.delete(oldest)
      }
    },
    forget,
  }
}
