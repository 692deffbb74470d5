import { ApiError } from './client.ts'
import { type DigestPart, type Journey, sendMissing, type SendPart, type UploadSource } from './send-parts.ts'
import type { UploadClient } from './upload-client.ts'
import { askedToWait, isPassing, isProblem, SourceError } from './upload-fault.ts'
import { createGate } from './upload-gate.ts'
import type { NewUpload, Upload } from './upload.ts'

export interface UploadOptions {
  client: UploadClient
  source: UploadSource
  file: Omit<NewUpload, 'byteSize' | 'key'>
  /** An upload of this file begun before; one that has been dropped meanwhile is begun anew. */
  id?: string | undefined
  /** Parts at once at most (4); as many of them as the line bears. */
  lanes?: number
  /** In place of the client's own `putPart`: XMLHttpRequest knows how far a part has gone. */
  sendPart?: SendPart
  /** In place of Web Crypto: in Node `node:crypto` does without its copy of the bytes. */
  digestPart?: DigestPart
  /** Milliseconds without any success until it fails with the last fault; for ever unless given. */
  patience?: number
  /** What a session that is over means: `wait` for `resume`, or `fail` (the default) with the 401. */
  signedOut?: 'wait' | 'fail'
  /** Something changed; called often. */
  onChange?: (progress: UploadProgress) => void
}

export interface UploadProgress {
  phase: 'starting' | 'sending' | 'waiting' | 'paused' | 'signed-out' | 'assembling' | 'done' | 'failed'
  /** Worth keeping: with it the upload goes on after a restart. */
  id: string | undefined
  byteSize: number
  /** Bytes the server has acknowledged: durable there. */
  receivedBytes: number
  /** With those on their way, where that can be known. */
  sentBytes: number
  /** While assembling: bytes the server has read again. */
  readBytes: number
  /** When the next try begins (Date.now), while waiting. */
  retryAt: number | undefined
  /** It waits for other uploads of the sender: the server takes no more of them at once. */
  isFull: boolean
}

export interface RunningUpload {
  /**
   * How it ended: stored, refused or failed. Rejects when it cannot go on: ApiError (the server refuses), SourceError (the
   * file changed), UnreachableError (patience is over), AbortError (cancelled).
   */
  readonly done: Promise<Upload>
  progress(): UploadProgress
  /** Stops sending; what the server has stays there. */
  pause(): void
  resume(): void
  /** Ends it; with `isDropped` the server forgets its bytes too. */
  cancel(isDropped?: boolean): void
  /**
   * Ends it, bytes and all, unless it may be stored by now: then the server is asked until it has decided. False says that it
   * was first; the upload goes on to its end.
   */
  drop(): Promise<boolean>
}

const requestMs = 60_000
const firstPause = 500
const longestPause = 30_000
const firstPoll = 100
const longestPoll = 2_000
const mostRestarts = 3

/** Milliseconds: twice as many after each try, not the same for all, and as many as the server asks for. */
const pauseAfter = (tries: number, error: unknown): number =>
  Math.max(askedToWait(error), Math.min(longestPause, firstPause * 2 ** tries) * (0.75 + Math.random() / 2))

/**
 * Sends a file in parts until the server says how it ended. Goes on over lost connections, restarted servers and, by
 * `id`, over restarts of its own side; sends nothing twice that the server has.
 */
export function startUpload(options: UploadOptions): RunningUpload {
  const { client, source, file, patience = Number.POSITIVE_INFINITY } = options
  const gate = createGate()
  const inFlight = new Map<number, number>()
  let phase: UploadProgress['phase'] = 'starting'
  let upload: Upload | undefined
  let id = options.id
  let retryAt: number | undefined
  let lastSuccess = Date.now()
  /** From here on the server may store it, whatever this side does. */
  let isCompleteAsked = false
  let isFull = false
  let dropping: Promise<boolean> | undefined
  const isOver = (): boolean => phase === 'done' || phase === 'failed'

  const progress = (): UploadProgress => {
    const receivedBytes = upload?.receivedBytes ?? 0
    const sent = [...inFlight.values()].reduce((sum, bytes) => sum + bytes, receivedBytes)
    const sentBytes = Math.min(source.size, sent)
    return {
      phase,
      id,
      byteSize: source.size,
      receivedBytes,
      sentBytes,
      readBytes: upload?.readBytes ?? 0,
      retryAt,
      isFull,
    }
  }
  /** A pause lasts until somebody ends it, whatever the requests under way still tell. */
  const tell = (next: UploadProgress['phase'], at?: number): void => {
    if (!gate.isClosed || next === 'paused' || next === 'signed-out') phase = next
    retryAt = at
    options.onChange?.(progress())
  }
  const pause = (why: 'paused' | 'signed-out'): void => {
    if (gate.isClosed || isOver()) return
    gate.close()
    tell(why)
  }

  const bear = (error: unknown): void => {
    if (error instanceof ApiError && error.problem.status === 401 && options.signedOut === 'wait') pause('signed-out')
    else if (!isPassing(error) || Date.now() - lastSuccess > patience) throw error
  }

  /** Asks until there is an answer. */
  const persist = async (ask: (signal: AbortSignal) => Promise<Upload>): Promise<Upload> => {
    for (let tries = 0; ; tries += 1) {
      await gate.wait(0)
      const { signal } = gate
      try {
        upload = await ask(AbortSignal.any([signal, AbortSignal.timeout(requestMs)]))
        lastSuccess = Date.now()
        isFull = false
        return upload
      } catch (error) {
        if (signal.aborted) continue
        // Our own timeout stands for a line that is silent.
        if (!(error instanceof DOMException && error.name === 'TimeoutError')) bear(error)
        isFull = isProblem(error, 'too-many-uploads')
        const milliseconds = pauseAfter(tries, error)
        tell('waiting', Date.now() + milliseconds)
        await gate.wait(milliseconds)
      }
    }
  }

  const journey: Omit<Journey, 'look'> = {
    source,
    gate,
    bear,
    sendPart: options.sendPart ?? ((part, signal) => client.putPart(part, signal)),
    digestPart: options.digestPart ?? (async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))),
    lanes: options.lanes ?? 4,
    onSent(number, bytes) {
      inFlight.set(number, bytes)
      tell('sending')
    },
    onEnded(number, acknowledged) {
      inFlight.delete(number)
      if (acknowledged > 0) lastSuccess = Date.now()
      if (upload) upload = { ...upload, receivedBytes: upload.receivedBytes + acknowledged }
      tell('sending')
    },
    onWait: (until) => tell('waiting', until),
  }

  /** The upload begun before, or a new one. */
  const begin = async (): Promise<Upload> => {
    const known = id
    try {
      if (known !== undefined) {
        const found = await persist((signal) => client.getUpload(known, signal))
        if (found.byteSize !== source.size) throw new SourceError('The upload begun before was of another file.')
        return found
      }
    } catch (error) {
      if (!isProblem(error, 'upload-not-found')) throw error
    }
    const key = crypto.randomUUID()
    return persist((signal) => client.createUpload({ ...file, key, byteSize: source.size }, signal))
  }

  const carry = async (begun: Upload): Promise<Upload> => {
    const look = (): Promise<Upload> => persist((signal) => client.getUpload(begun.id, signal))
    let assemblingSince = 0
    for (let current = begun; ;) {
      if (current.state === 'open') {
        tell('sending')
        await sendMissing({ ...journey, look }, current)
        const complete = (signal: AbortSignal): Promise<Upload> => {
          isCompleteAsked = true
          return client.completeUpload(begun.id, signal)
        }
        current = await persist(complete).catch((error: unknown) => {
          if (!isProblem(error, 'parts-missing')) throw error
          return look()
        })
      } else if (current.state === 'assembling') {
        isCompleteAsked = true
        tell('assembling')
        assemblingSince ||= Date.now()
        // Never more than a tenth later than it could be known.
        const waited = Date.now() - assemblingSince
        await gate.wait(Math.max(firstPoll, Math.min(longestPoll, waited / 10)))
        current = await look()
      } else return current
    }
  }

  const run = async (): Promise<Upload> => {
    for (let restarts = 0; ; restarts += 1) {
      const begun = await begin()
      id = begun.id
      try {
        return await carry(begun)
      } catch (error) {
        // Dropped by the server while this side was away for days.
        if (!isProblem(error, 'upload-not-found') || restarts >= mostRestarts) throw error
        id = undefined
      }
    }
  }

  const done = run().then(
    (ended) => {
      tell('done')
      return ended
    },
    (error: unknown) => {
      tell('failed')
      throw error
    },
  )

  const resume = (): void => {
    if (!gate.isClosed || dropping) return
    lastSuccess = Date.now()
    gate.open()
    tell(upload === undefined ? 'starting' : upload.state === 'assembling' ? 'assembling' : 'sending')
  }
  /** Asks until the server has said it: a wish to drop is never taken for one to store. */
  const askToDrop = async (known: string): Promise<boolean> => {
    // Nothing of this side may come behind the question.
    gate.close()
    for (let tries = 0; !isOver(); tries += 1) {
      try {
        await client.removeOpenUpload(known, AbortSignal.timeout(requestMs))
        break
      } catch (error) {
        if (isProblem(error, 'upload-not-found')) break
        const status = error instanceof ApiError ? error.problem.status : undefined
        if (status === 401) tell('signed-out')
        else if (status !== undefined && !isPassing(error)) {
          // Stored, or about to be; or nobody may drop it any more.
          dropping = undefined
          resume()
          return false
        }
        await new Promise((resolve) => setTimeout(resolve, pauseAfter(tries, error)))
      }
    }
    gate.cancel()
    return true
  }
  const cancel = (isDropped = false): void => {
    const isEnding = !isOver()
    gate.cancel()
    if (isDropped && isEnding && id !== undefined) client.removeUpload(id).catch(() => undefined)
  }

  return {
    done,
    progress,
    pause: () => pause('paused'),
    resume,
    cancel,
    async drop() {
      if (isOver()) return false
      if (isCompleteAsked && id !== undefined) return (dropping ??= askToDrop(id))
      cancel(true)
      return true
    },
  }
}
