import { ApiError, type LinkAnswer } from '@instandt/api'
import { useQuery } from '@tanstack/react-query'
import { linkSecret } from '../return-path.ts'
import { client } from './client.ts'

/** What the link in the address is good for; `isOver` when it is not. */
export function useLink(kind: LinkAnswer['kind']): {
  secret: string
  link: LinkAnswer | undefined
  isOver: boolean
  fault: Error | null
  retry: () => void
} {
  const secret = linkSecret()
  const query = useQuery({
    queryKey: ['link', secret],
    queryFn: ({ signal }) => client.lookAtLink(secret, signal),
    enabled: secret.length >= 20,
    refetchOnWindowFocus: false,
  })
  const isRefused = query.error instanceof ApiError && [400, 410].includes(query.error.problem.status)
  return {
    secret,
    link: query.data?.kind === kind ? query.data : undefined,
    isOver: secret.length < 20 || isRefused || (query.data !== undefined && query.data.kind !== kind),
    fault: isRefused ? null : query.error,
    retry: () => void query.refetch(),
  }
}
