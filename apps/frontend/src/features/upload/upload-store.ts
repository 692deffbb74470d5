import { useSyncExternalStore } from 'react'
import { queryClient } from '../../api/query-client.ts'
import type { FoundFile } from './collect-files.ts'
import { createRateMeter } from './rate.ts'
import { sendRequest } from './send-request.ts'
import { isStored, isWaiting, type UploadFile } from './upload-file.ts'
import { createUploadQueue } from './upload-queue.ts'

/** One picture of the upload; a new object whenever something is to be drawn. */
export interface UploadSnapshot {
  files: readonly UploadFile[]
  isActive: boolean
  /** Folders are still being looked through. */
  isCollecting: boolean
  counts: {
    toSend: number
    done: number
    stored: number
    failed: number
    cancelled: number
    skipped: number
    retryable: number
  }
  bytes: { total: number; sent: number; perSecond: number }
  /** Seconds to the next try, while the server is busy or away. */
  retryIn: number | undefined
}

// The upload belongs to the app and not to a page: it goes on while the list or an image is looked at.
const listeners = new Set<() => void>()
const rate = createRateMeter()
let collecting = 0
let drawTimer: ReturnType<typeof setTimeout> | undefined
let storedAtLastRefresh = 0

const queue = createUploadQueue({ send: sendRequest, wait, onChange: drawSoon })
let snapshot: UploadSnapshot = takeSnapshot()

/** At most five pictures a second, however often bytes are reported. */
function drawSoon(): void {
  drawTimer ??= setTimeout(() => {
    drawTimer = undefined
    snapshot = takeSnapshot()
    for (const listener of listeners) listener()
    // A small upload begins and ends between two pictures, and a cleared list counts from 0 again.
    const { stored } = snapshot.counts
    if (!snapshot.isActive && stored !== storedAtLastRefresh) {
      if (stored > 0) void queryClient.invalidateQueries()
      storedAtLastRefresh = stored
    }
  }, 200)
}

function takeSnapshot(): UploadSnapshot {
  const counts = { toSend: 0, done: 0, stored: 0, failed: 0, cancelled: 0, skipped: 0, retryable: 0 }
  const bytes = { total: 0, sent: 0, perSecond: 0 }
  for (const { state, size, sent } of queue.files) {
    if (state === 'skipped') {
      counts.skipped += 1
      continue
    }
    counts.toSend += 1
    if (!isWaiting(state)) counts.done += 1
    if (isStored(state)) counts.stored += 1
    else if (!isWaiting(state)) counts.failed += 1
    if (state === 'cancelled') counts.cancelled += 1
    if ((state === 'failed' || state === 'cancelled') && size > 0) counts.retryable += 1
    bytes.total += size
    bytes.sent += sent
  }
  const isActive = queue.isActive()
  if (isActive) rate.add(Date.now(), bytes.sent)
  bytes.perSecond = isActive ? rate.bytesPerSecond() : 0
  const retryAt = queue.retryAt()
  const retryIn = retryAt === undefined ? undefined : Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))
  return { files: queue.files, isActive, isCollecting: collecting > 0, counts, bytes, retryIn }
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    // The countdown on the page.
    const ticker = setInterval(drawSoon, 1000)
    const stop = (): void => {
      clearInterval(ticker)
      clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', stop, { once: true })
    setTimeout(() => clearInterval(ticker), milliseconds)
  })
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useUpload = (): UploadSnapshot => useSyncExternalStore(subscribe, () => snapshot)

/** Begins at once with what is found first; the rest follows as folders are read. */
export async function uploadAll(found: AsyncIterable<FoundFile[]> | Iterable<FoundFile[]>): Promise<void> {
  collecting += 1
  drawSoon()
  try {
    for await (const portion of found) queue.add(portion)
  } finally {
    collecting -= 1
    drawSoon()
  }
}

export const cancelUpload = queue.cancel
export const retryFailed = queue.retryFailed
export const clearUpload = queue.clear

window.addEventListener('beforeunload', (event) => {
  if (queue.isActive() || collecting > 0) event.preventDefault()
})
