import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { historyQuery, isBeingCorrected, refreshInspections } from '../../api/archive-queries.ts'

/** The history of an inspection; once a correction is over, everything that shows the inspection is asked for again. */
export function useHistory(study: string) {
  const history = useQuery(historyQuery(study))
  const isBusy = isBeingCorrected(history.data)
  const wasBusy = useRef(false)
  useEffect(() => {
    if (wasBusy.current && !isBusy) void refreshInspections()
    wasBusy.current = isBusy
  }, [isBusy])
  return history
}
