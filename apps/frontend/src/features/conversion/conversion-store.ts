import { type Session, startUpload } from '@instandt/api'
import { useSyncExternalStore } from 'react'
import { clientOf } from '../../api/client.ts'
import { openUploadsQuery, sessionQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { watchSession } from '../../api/watch-session.ts'
import { type Conversion, type ConversionWork, createConversionWork } from './conversion-work.ts'
import { hashFile } from './hash-file.ts'

// Files on their way belong to the app and not to a page: they go on while the list is looked at, or somebody signs in again.

const listeners = new Set<() => void>()

const begin = (): ConversionWork =>
  createConversionWork({
    hash: hashFile,
    start: (owner, source, file, id, onChange) =>
      startUpload({ client: clientOf(owner), source, file, id, signedOut: 'wait', onChange }),
    account: () => queryClient.getQueryData(sessionQuery.queryKey)?.user.id,
    onChange() {
      for (const listener of listeners) listener()
    },
    onEnd() {
      void queryClient.invalidateQueries({ queryKey: ['inspections'] })
      void queryClient.invalidateQueries({ queryKey: openUploadsQuery.queryKey })
    },
  })

let work = begin()

/** That of who is signed in. */
export const conversion = (): ConversionWork => work

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useConversion = (): Conversion => useSyncExternalStore(subscribe, () => work.state())

/** Signed in again: it goes on. As somebody else: what another one began is neither seen nor sent in their name. */
function onSession({ user }: Session): void {
  const owner = work.owner()
  if (owner === undefined || owner === user.id) return work.resume()
  work.leave()
  work = begin()
  for (const listener of listeners) listener()
}
watchSession(onSession, () => work.state().isSignedOut)

window.addEventListener('beforeunload', (event) => {
  if (work.state().isBusy) event.preventDefault()
})
