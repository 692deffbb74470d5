import type { FixityReport } from '@instandt/api'

export type FixityState = 'fault' | 'empty' | 'late' | 'uncounted' | 'nothing' | 'partly' | 'all'

/** What may be said of the whole archive: never more than was read. */
export function stateOfFixity(report: FixityReport): FixityState {
  const { faultCount, objectCount, overdueCount, provenCount } = report
  if (faultCount > 0) return 'fault'
  if (objectCount === 0) return 'empty'
  if (overdueCount > 0) return 'late'
  if (provenCount === undefined) return 'uncounted'
  if (provenCount === 0) return 'nothing'
  return provenCount < objectCount ? 'partly' : 'all'
}

/** Until when the object that waits longest is to be read. */
export function dueOf({ dueAt, oldestAt, periodDays }: FixityReport): string | null {
  if (dueAt !== undefined || oldestAt === null) return dueAt ?? null
  return new Date(Date.parse(oldestAt) + periodDays * 86_400_000).toISOString()
}
