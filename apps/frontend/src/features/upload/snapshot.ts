import type { RateMeter } from './rate.ts'
import { canRetry, isStored, isWaiting, type UploadFile } from './upload-file.ts'
import type { Stop, UploadQueue } from './queue-contract.ts'

/** One picture of the upload; a new object whenever something is to be drawn. */
export interface UploadSnapshot {
  files: readonly UploadFile[]
  isActive: boolean
  /** Why nothing moves, while something is left to be sent. */
  stopped: Stop | undefined
  /** Folders are still being looked through. */
  isCollecting: boolean
  counts: {
    toSend: number
    done: number
    stored: number
    /** Of the stored ones: those that were there before. */
    present: number
    failed: number
    cancelled: number
    skipped: number
    retryable: number
    /** Being looked at, while none is on its way. */
    reading: number
    onTheWay: number
  }
  bytes: { total: number; sent: number; perSecond: number }
  /** Seconds to the next try, while the server is busy or away. */
  retryIn: number | undefined
  /** It waits until others of this person's uploads have ended. */
  isFull: boolean
}

export function takeSnapshot(queue: UploadQueue, rate: RateMeter, isCollecting: boolean): UploadSnapshot {
  const counts: UploadSnapshot['counts'] = {
    toSend: 0,
    done: 0,
    stored: 0,
    present: 0,
    failed: 0,
    cancelled: 0,
    skipped: 0,
    retryable: 0,
    reading: 0,
    onTheWay: 0,
  }
  const bytes = { total: 0, sent: 0, perSecond: 0 }
  /** Of those sent: bytes that went over the line. */
  let carried = 0
  for (const { state, size, sent, wasKnown } of queue.files) {
    if (state === 'skipped') {
      counts.skipped += 1
      continue
    }
    counts.toSend += 1
    if (!isWaiting(state)) counts.done += 1
    if (isStored(state)) counts.stored += 1
    else if (!isWaiting(state)) counts.failed += 1
    if (state === 'present') counts.present += 1
    if (state === 'cancelled') counts.cancelled += 1
    if (state === 'reading') counts.reading += 1
    if (state === 'sending' || state === 'processing') counts.onTheWay += 1
    if (canRetry(state)) counts.retryable += 1
    bytes.total += size
    bytes.sent += sent
    if (wasKnown !== true && state !== 'refused') carried += sent
  }
  const isActive = queue.isActive()
  const stopped = queue.stopped()
  if (isActive && stopped === undefined) rate.add(Date.now(), carried)
  else rate.reset()
  bytes.perSecond = rate.bytesPerSecond()
  const retryAt = queue.retryAt()
  const retryIn = retryAt === undefined ? undefined : Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))
  return { files: queue.files, isActive, stopped, isCollecting, counts, bytes, retryIn, isFull: queue.isFull() }
}
