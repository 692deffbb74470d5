import type { FixityReport } from '@instandt/api'

export type FixityState = 'fault' | 'empty' | 'late' | 'nothing' | 'partly' | 'all'

/** What may be said of the whole archive: never more than was read. */
export function stateOfFixity(report: FixityReport): FixityState {
  const { faultCount, objectCount, overdueCount, provenCount } = report
  if (faultCount > 0) return 'fault'
  if (objectCount === 0) return 'empty'
  if (overdueCount > 0) return 'late'
  if (provenCount === 0) return 'nothing'
  return provenCount < objectCount ? 'partly' : 'all'
}
