import type { Session } from '@instandt/api'
import { useSyncExternalStore } from 'react'
import { client, clientOf } from '../../api/client.ts'
import { watchSession } from '../../api/watch-session.ts'
import { queryClient } from '../../api/query-client.ts'
import { sessionQuery } from '../../api/queries.ts'
import type { FoundFile } from './collect-files.ts'
import { createIntake } from './intake-pool.ts'
import { createRateMeter } from './rate.ts'
import { sendRequest } from './send-request.ts'
import { startLarge } from './start-large.ts'
import { takeSnapshot, type UploadSnapshot } from './snapshot.ts'
import type { UploadQueue } from './queue-contract.ts'
import { createUploadQueue } from './upload-queue.ts'
import { uploadProject } from './upload-target.ts'

// The upload belongs to the app and not to a page: it goes on while the list or an image is looked at.
const listeners = new Set<() => void>()
const rate = createRateMeter()
let collecting = 0
let drawTimer: ReturnType<typeof setTimeout> | undefined
let storedAtLastRefresh = 0
/** Account that the upload was begun by. */
let owner: string | undefined

let intake = createIntake()
const openQueue = (): UploadQueue =>
  createUploadQueue({
    intake,
    send: sendRequest(() => owner),
    startLarge: startLarge(() => owner),
    findKnown: (sha256, signal) => clientOf(owner).findKnown(sha256, signal),
    findOpen: (signal) => client.listUploads(signal),
    isReachable: () =>
      client.getSession(AbortSignal.timeout(10_000)).then(
        () => true,
        () => false,
      ),
    project: uploadProject,
    onChange: drawSoon,
  })
let queue = openQueue()
let snapshot: UploadSnapshot = takeSnapshot(queue, rate, false)

/** At most five pictures a second, however often bytes are reported. */
function drawSoon(): void {
  drawTimer ??= setTimeout(draw, 200)
}

function draw(): void {
  drawTimer = undefined
  snapshot = takeSnapshot(queue, rate, collecting > 0)
  for (const listener of listeners) listener()
  // A small upload begins and ends between two pictures, and a cleared list counts from 0 again.
  const { stored } = snapshot.counts
  if (!snapshot.isActive && stored !== storedAtLastRefresh) {
    if (stored > 0) void queryClient.invalidateQueries()
    storedAtLastRefresh = stored
  }
  // The countdown to the next try, and a rate that falls while nothing moves.
  if (snapshot.isActive && snapshot.stopped === undefined) setTimeout(drawSoon, 800)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useUpload = (): UploadSnapshot => useSyncExternalStore(subscribe, () => snapshot)

/** Begins at once with what is found first; the rest follows as folders are read. */
export async function uploadAll(found: AsyncIterable<FoundFile[]> | Iterable<FoundFile[]>): Promise<void> {
  collecting += 1
  owner ??= queryClient.getQueryData(sessionQuery.queryKey)?.user.id
  drawSoon()
  const into = queue
  try {
    // Somebody else's queue by then takes none of it.
    for await (const portion of found) if (into === queue) into.add(portion)
  } finally {
    collecting -= 1
    drawSoon()
  }
}

export const pauseUpload = (): void => queue.pause()
export const resumeUpload = (): void => queue.resume()
export const cancelUpload = (): void => queue.cancel()
export const retryFailed = (): void => queue.retryFailed()

export function clearUpload(): void {
  queue.clear()
  if (queue.files.length === 0) owner = undefined
}

/** Signed in again: the upload goes on. As somebody else: what another one began is not sent in their name. */
function onSession({ user }: Session): void {
  if (owner !== undefined && owner !== user.id) {
    queue.cancel()
    intake.end()
    intake = createIntake()
    queue = openQueue()
    owner = undefined
    drawSoon()
  } else if (queue.stopped() === 'signed-out') queue.resume()
}

watchSession(onSession, () => queue.stopped() === 'signed-out')

// Another network: connections of the old one are dead, and would be noticed much later.
window.addEventListener('online', () => queue.renew())

window.addEventListener('beforeunload', (event) => {
  if (queue.isActive() || collecting > 0) event.preventDefault()
})
