import type { History } from '@instandt/api'
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { client } from './client.ts'
import { queryClient } from './query-client.ts'

export const isOver = ({ state }: History['corrections'][number]): boolean => state !== 'waiting' && state !== 'running'

/** Whether something is being done with an inspection that its history will tell. */
export const isBeingCorrected = (history: History | undefined): boolean =>
  history?.corrections.some((correction) => !isOver(correction)) ?? false

export const historyQuery = (study: string) =>
  queryOptions({
    queryKey: ['history', study],
    queryFn: ({ signal }) => client.getHistory(study, signal),
    refetchInterval: ({ state }) => (isBeingCorrected(state.data) || state.data?.proof.isRunning ? 1500 : false),
  })

export const versionsQuery = (study: string, instance: string) =>
  queryOptions({
    queryKey: ['versions', study, instance],
    queryFn: ({ signal }) => client.listVersions(study, instance, signal),
  })

/** The bin of one's own projects, or of all of them. */
export const binQuery = (whose: 'own' | 'all') =>
  infiniteQueryOptions({
    queryKey: ['bin', whose],
    queryFn: ({ pageParam, signal }) => client.listBin(whose, { cursor: pageParam, limit: 50 }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ items }) => items.some((one) => one.state === 'purging')) ? 3000 : false,
  })

export const fixityQuery = queryOptions({
  queryKey: ['fixity'],
  queryFn: ({ signal }) => client.getFixityReport(signal),
})

const ofInspections = ['inspection', 'instances', 'metadata', 'versions', 'history', 'inspections', 'inspections-total']

/** Asks again for everything that shows inspections: one of them was corrected, moved, deleted or brought back. */
export async function refreshInspections(): Promise<void> {
  await queryClient.invalidateQueries({
    predicate: ({ queryKey }) => [...ofInspections, 'bin'].includes(String(queryKey[0])),
  })
}

/** Forgets one that is gone, so that no page asks for it again. */
export function forgetInspection(study: string): void {
  for (const name of ['inspection', 'history', 'instances', 'versions', 'metadata'])
    queryClient.removeQueries({ queryKey: [name, study] })
}
