import { identifyLength, sopInstanceUidOf } from './identify.ts'
import { makeMultipartBody, sentOf } from './multipart-body.ts'
import { batchLimits, planBatch } from './plan-batch.ts'
import { isBusy, readStoreAnswer } from './read-store-answer.ts'
import type { SendRequest, SentAnswer } from './send-request.ts'
import { skipReason } from './skip-reason.ts'
import { canRetry, type UploadFile } from './upload-file.ts'

export interface QueueOptions {
  send: SendRequest
  /** Requests at once; browsers open six connections at most, and the pages need some too. */
  parallel?: number
  /** Tries of one request while the server is busy or away, before its files fail. */
  maxTries?: number
  /** Resolves after so many milliseconds, or at once when the signal fires. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** Something changed; called very often. */
  onChange: () => void
}

export interface UploadQueue {
  readonly files: readonly UploadFile[]
  /** Requests are under way or about to be. */
  isActive(): boolean
  /** When the next try begins (milliseconds of Date.now), while the server is busy or away. */
  retryAt(): number | undefined
  add(found: readonly { path: string; file: Blob | undefined }[]): void
  cancel: () => void
  retryFailed: () => void
  /** Forgets all files; only while nothing is active. */
  clear: () => void
}

/** Sends files in batches, some at once, until each has an outcome. Knows no page: state is read, changes are announced. */
export function createUploadQueue({ send, wait, onChange, parallel = 4, maxTries = 8 }: QueueOptions): UploadQueue {
  let files: UploadFile[] = []
  let queue: UploadFile[] = []
  let nextId = 1
  let workers = 0
  let aborter = new AbortController()
  let retryAt: number | undefined

  function add(found: readonly { path: string; file: Blob | undefined }[]): void {
    const fresh = found.map(({ path, file }): UploadFile => {
      const id = nextId++
      if (file === undefined)
        return { id, path, file: new Blob(), size: 0, sent: 0, state: 'failed', reason: { key: 'unreadable' } }
      const skip = skipReason(path, file.size)
      return {
        id,
        path,
        file,
        size: file.size,
        sent: 0,
        ...(skip ? { state: 'skipped', reason: { key: skip } } : { state: 'queued' }),
      }
    })
    files = [...files, ...fresh]
    enqueue(fresh.filter(({ state }) => state === 'queued'))
  }

  function enqueue(more: readonly UploadFile[]): void {
    queue = [...queue, ...more]
    while (workers < parallel && queue.length > workers) void work()
    onChange()
  }

  async function work(): Promise<void> {
    workers += 1
    const { signal } = aborter
    try {
      while (!signal.aborted) {
        const batch = await takeBatch()
        if (batch.length === 0) break
        await sendBatch(batch, signal)
      }
    } finally {
      workers -= 1
      // Files tried again while this one was still being cancelled found no free worker.
      if (signal.aborted && queue.length > 0) void work()
      onChange()
    }
  }

  /** Looks at the first files of the queue, takes those that fit into one request and puts the rest back. */
  async function takeBatch(): Promise<UploadFile[]> {
    while (queue.length > 0) {
      let bytes = 0
      const { length } = queue
      let count = 0
      while (count < Math.min(length, batchLimits.files) && (count === 0 || bytes < batchLimits.bytes)) {
        bytes += queue[count]?.size ?? 0
        count += 1
      }
      const candidates = queue.splice(0, count)
      await Promise.all(candidates.map(identify))
      // Cancelled or unreadable meanwhile.
      const readable = candidates.filter(({ state }) => state === 'queued')
      const batch = readable.slice(0, planBatch(readable))
      queue.unshift(...readable.slice(batch.length))
      if (batch.length > 0) return batch
    }
    return []
  }

  async function identify(file: UploadFile): Promise<void> {
    if (file.sopInstanceUid !== undefined) return
    try {
      const head = await file.file.slice(0, identifyLength).arrayBuffer()
      file.sopInstanceUid = sopInstanceUidOf(new Uint8Array(head))
    } catch {
      settle(file, { state: 'failed', reason: { key: 'unreadable' } })
    }
  }

  async function sendBatch(batch: UploadFile[], signal: AbortSignal): Promise<void> {
    let sending = batch
    for (let tries = 1; ; tries += 1) {
      const answer = await sendOnce(sending, signal)
      if (signal.aborted) return
      if (!isBusy(answer.status)) return settleAll(sending, answer)
      // A file moved or changed on the disk looks like a broken line; only reading it tells.
      if (answer.status === 0) sending = await keepReadable(sending)
      if (sending.length === 0) return
      if (tries >= maxTries) return settleAll(sending, answer)
      // Doubling, with a spread so that waiting requests do not all come back at the same moment.
      const milliseconds = answer.retryAfter
        ? answer.retryAfter * 1000
        : Math.min(30_000, 1000 * 2 ** (tries - 1)) * (0.75 + Math.random() / 2)
      retryAt = Date.now() + milliseconds
      for (const file of sending) Object.assign(file, { state: 'queued', sent: 0 })
      onChange()
      await wait(milliseconds, signal)
      if (signal.aborted) return
      retryAt = undefined
    }
  }

  async function sendOnce(batch: UploadFile[], signal: AbortSignal): Promise<SentAnswer> {
    for (const file of batch) Object.assign(file, { state: 'sending', sent: 0, reason: undefined })
    onChange()
    const body = makeMultipartBody(
      batch.map(({ file }) => file),
      `instandt-${crypto.randomUUID()}`,
    )
    return send(body, signal, (loaded) => {
      for (const [index, file] of batch.entries()) {
        file.sent = sentOf(loaded, body.offsets[index] ?? 0, file.size)
        if (file.state === 'sending' && loaded >= body.body.size) file.state = 'processing'
      }
      onChange()
    })
  }

  function settleAll(batch: UploadFile[], answer: SentAnswer): void {
    const verdicts = readStoreAnswer(answer, batch)
    const again: UploadFile[] = []
    for (const [index, file] of batch.entries()) {
      const verdict = verdicts[index]
      if (verdict === undefined || verdict === 'again') {
        Object.assign(file, { state: 'queued', sent: 0, isAlone: true })
        again.push(file)
      } else settle(file, verdict)
    }
    queue.unshift(...again)
    onChange()
  }

  async function keepReadable(batch: UploadFile[]): Promise<UploadFile[]> {
    const checks = batch.map(async (file) => {
      try {
        await file.file.slice(0, 1).arrayBuffer()
        return true
      } catch {
        settle(file, { state: 'failed', reason: { key: 'unreadable' } })
        return false
      }
    })
    const isReadable = await Promise.all(checks)
    return batch.filter((_, index) => isReadable[index])
  }

  return {
    get files() {
      return files
    },
    isActive: () => workers > 0,
    retryAt: () => retryAt,
    add,
    cancel() {
      aborter.abort()
      aborter = new AbortController()
      retryAt = undefined
      queue = []
      for (const file of files) {
        if (file.state === 'queued' || file.state === 'sending' || file.state === 'processing')
          settle(file, { state: 'cancelled' })
      }
      onChange()
    },
    retryFailed() {
      const again = files.filter(({ state, size }) => canRetry(state) && size > 0)
      for (const file of again) Object.assign(file, { state: 'queued', sent: 0, reason: undefined })
      enqueue(again)
    },
    clear() {
      if (workers > 0) return
      files = []
      onChange()
    },
  }
}

function settle(file: UploadFile, outcome: Partial<UploadFile>): void {
  Object.assign(file, { reason: undefined, ...outcome })
  file.sent = file.state === 'failed' || file.state === 'cancelled' ? 0 : file.size
}
