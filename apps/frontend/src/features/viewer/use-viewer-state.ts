import { useSyncExternalStore } from 'react'
import type { ViewerSession, ViewerState } from './viewer-state.ts'

/** One part of the state; the component is drawn anew only when that part changes. */
export function useViewerState<Part>(session: ViewerSession, select: (state: ViewerState) => Part): Part {
  return useSyncExternalStore(session.subscribe, () => select(session.getState()))
}
