import { makeMultipartBody, type MultipartBody, sentOf } from './multipart-body.ts'
import type { Pace } from './pace.ts'
import type { BatchCandidate } from './plan-batch.ts'
import { isBusy, readStoreAnswer, type StoreAnswer, type StoreVerdict } from './read-store-answer.ts'
import type { UploadGate } from './upload-gate.ts'

/** A file on its way in a STOW-RS request; `state` goes from `queued` over `sending` and `processing` to what the sender makes of it. */
export interface BatchFile extends BatchCandidate {
  /** Undefined: it cannot be read. */
  file: Blob | undefined
  state: string
  /** Bytes that have left. */
  sent: number
  /** Slug of the project it goes to; undefined leaves it to the server. */
  project?: string | undefined
}

export interface SentAnswer extends StoreAnswer {
  /** Seconds the server asks to wait. */
  retryAfter: number | undefined
}

/** One STOW-RS request. */
export type SendRequest = (
  body: MultipartBody,
  project: string | undefined,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
) => Promise<SentAnswer>

export interface BatchDeps<File extends BatchFile> {
  send: SendRequest
  gate: UploadGate
  pace: Pace
  /** Whether the server answers other questions: then what fails is this request's fault, else the line's. */
  isReachable: () => Promise<boolean>
  /** The session is over; returns at once, with the gate closed. */
  onSignedOut: () => void
  /** When the next try begins (Date.now); undefined: now. */
  onWait: (until: number | undefined) => void
  onChange: () => void
  /** Milliseconds before the second try. */
  firstPause?: number
  settle: (file: File, outcome: StoreVerdict) => void
}

/** Failures of one request while the server answers others, before its files fail. */
const maxFaults = 6
const longestPause = 30_000

/**
 * Sends files in one request until each has its outcome, however long the server is away; returns those that must be sent
 * once more, in requests of their own. Rejects when the upload is cancelled.
 */
export async function sendBatch<File extends BatchFile>(
  batch: readonly File[],
  deps: BatchDeps<File>,
): Promise<File[]> {
  const { gate, pace, firstPause = 1000 } = deps
  let sending = [...batch]
  for (let tries = 0, faults = 0; ;) {
    await gate.wait(0)
    const { signal } = gate
    const startedAt = Date.now()
    const answer = await sendOnce(sending, deps, signal)
    if (signal.aborted) {
      // Paused: the same again when it goes on. What the server has meanwhile, it knows again.
      putBack(sending)
      continue
    }
    if (answer.status === 401) {
      putBack(sending)
      deps.onSignedOut()
      continue
    }
    if (!isBusy(answer.status)) {
      pace.succeeded(
        sending.reduce((sum, { size }) => sum + size, 0),
        Date.now() - startedAt,
      )
      return settleAll(sending, answer, deps)
    }
    tries += 1
    pace.failed()
    // A file moved or changed on the disk looks like a broken line; only reading it tells.
    if (answer.status === 0) sending = await keepReadable(sending, deps)
    if (sending.length === 0) return []
    // A server that asks for patience gets it.
    const isAskingToWait = answer.status === 429 || answer.status === 503
    const isFault = !isAskingToWait && (await deps.isReachable())
    if (isFault) faults += 1
    if (faults >= maxFaults) return settleAll(sending, answer, deps)
    putBack(sending)
    // Doubling, with a spread so that waiting requests do not all come back at the same moment.
    const doubled = Math.min(longestPause, firstPause * 2 ** (tries - 1)) * (0.75 + Math.random() / 2)
    const milliseconds = answer.retryAfter ? answer.retryAfter * 1000 : doubled
    deps.onWait(Date.now() + milliseconds)
    await gate.wait(milliseconds)
    deps.onWait(undefined)
    // One of them may be what it fails on: the others shall not go under with it.
    if (isFault && faults > 1 && sending.length > 1) {
      for (const file of sending) file.isAlone = true
      return sending
    }
  }
}

/** Files that were cancelled meanwhile have another state already. */
function putBack(files: readonly BatchFile[]): void {
  for (const file of files)
    if (file.state === 'sending' || file.state === 'processing') Object.assign(file, { state: 'queued', sent: 0 })
}

async function sendOnce<File extends BatchFile>(
  batch: File[],
  deps: BatchDeps<File>,
  signal: AbortSignal,
): Promise<SentAnswer> {
  for (const file of batch) Object.assign(file, { state: 'sending', sent: 0, reason: undefined })
  deps.onChange()
  const body = makeMultipartBody(
    batch.map(({ file }) => file ?? new Blob([])),
    `instandt-${crypto.randomUUID()}`,
  )
  return deps.send(body, batch[0]?.project, signal, (loaded) => {
    for (const [index, file] of batch.entries()) {
      file.sent = sentOf(loaded, body.offsets[index] ?? 0, file.size)
      if (file.state === 'sending' && loaded >= body.body.size) file.state = 'processing'
    }
    deps.onChange()
  })
}

function settleAll<File extends BatchFile>(
  batch: readonly File[],
  answer: SentAnswer,
  { settle }: Pick<BatchDeps<File>, 'settle'>,
): File[] {
  const verdicts = readStoreAnswer(answer, batch)
  const again: File[] = []
  for (const [index, file] of batch.entries()) {
    const verdict = verdicts[index]
    if (verdict === undefined || verdict === 'again') {
      Object.assign(file, { state: 'queued', sent: 0, isAlone: true })
      again.push(file)
    } else settle(file, verdict)
  }
  return again
}

async function keepReadable<File extends BatchFile>(
  batch: File[],
  { settle }: Pick<BatchDeps<File>, 'settle'>,
): Promise<File[]> {
  const checks = batch.map(async (file) => {
    try {
      await file.file?.slice(0, 1).arrayBuffer()
      return true
    } catch {
      settle(file, { state: 'failed', reason: { key: 'unreadable' } })
      return false
    }
  })
  const isReadable = await Promise.all(checks)
  return batch.filter((_, index) => isReadable[index])
}
