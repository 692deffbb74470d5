import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { historyQuery, isOver, refreshInspections } from '../../api/archive-queries.ts'

/** The history of an inspection; once a correction is over, everything that shows the inspection is asked for again. */
export function useHistory(study: string) {
  const history = useQuery(historyQuery(study))
  // Counted, since a short one may be over before anybody saw it run.
  const ended = history.data?.corrections.filter(isOver).length
  const seen = useRef<{ study: string; ended: number }>(undefined)
  useEffect(() => {
    if (ended === undefined) return
    if (seen.current?.study === study && seen.current.ended < ended) void refreshInspections()
    seen.current = { study, ended }
  }, [study, ended])
  return history
}
