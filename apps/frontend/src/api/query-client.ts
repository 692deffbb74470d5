import { ApiError, ContractError } from '@instandt/api'
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'

/** Asking again helps when nothing answered or the server is busy; a refusal stays a refusal. */
function shouldAskAgain(failures: number, error: Error): boolean {
  if (error instanceof ContractError) return false
  if (error instanceof ApiError && error.problem.status !== 503 && error.problem.status !== 429) return false
  return failures < 2
}

let onSignedOut: () => void = () => undefined

/** Told when the server no longer knows who we are. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler
}

const noteFault = (error: Error): void => {
  if (error instanceof ApiError && error.problem.code === 'not-signed-in') onSignedOut()
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noteFault }),
  mutationCache: new MutationCache({ onError: noteFault }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: shouldAskAgain,
      // The server may be on this machine: "offline" says nothing about it.
      networkMode: 'always',
      refetchOnWindowFocus: true,
    },
    mutations: { networkMode: 'always' },
  },
})
