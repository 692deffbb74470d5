import type { Session } from '@instandt/api'
import { client } from './client.ts'
import { sessionQuery } from './queries.ts'
import { queryClient } from './query-client.ts'

/**
 * Tells of every session that this tab learns of. While `isAwaited` says that one is missing it is looked for: it may come
 * back through this tab or another one.
 */
export function watchSession(onSession: (session: Session) => void, isAwaited: () => boolean): void {
  queryClient.getQueryCache().subscribe((event) => {
    if (event.query.queryKey[0] !== sessionQuery.queryKey[0] || event.type !== 'updated') return
    if (event.action.type === 'success') onSession(event.action.data as Session)
  })
  const look = async (): Promise<void> => {
    if (!isAwaited()) return
    const session = await client.getSession(AbortSignal.timeout(10_000)).catch(() => undefined)
    if (session) queryClient.setQueryData(sessionQuery.queryKey, session)
  }
  setInterval(() => void look(), 5_000)
  window.addEventListener('focus', () => void look())
}
