import { askedToWait, createGate, isPassing, type UploadGate } from '@instandt/api'
import { OpsError } from '../ops-error.ts'
import { describeFault, notFinishedCode, PassingError } from './faults.ts'

/** How long an import bears faults that pass, and how it ends. */
export interface Effort {
  readonly gate: UploadGate
  /** Something went forward: bytes, or an object that has its outcome. */
  progressed: () => void
  /** Milliseconds it bears without progress while it waits. */
  readonly patienceMs: number
  /** Repeats work over faults that pass; after so many that only this work meets it ends with the last of them. */
  persist<T>(work: (signal: AbortSignal) => Promise<T>, mostFaults?: number): Promise<T>
  /** Something waits for a server; undefined when it goes on. */
  waiting(key: object, why: string | undefined): void
  /** Why it waits now, for the line of progress. */
  wait: () => string | undefined
  /** Ends everything with this error; the first one counts. */
  fail(error: unknown): void
  failure(): { error: unknown } | undefined
  /** Begins nothing more; ends at once what is only waiting. */
  finish(): void
  isFinishing: () => boolean
  /** Called when it finishes or fails; returns what takes the call back. */
  onFinish(stop: () => void): () => void
}

const firstPause = 500
const longestPause = 30_000

/** Our own bound of a request stands for a line that is silent. */
const isWorthAgain = (error: unknown): boolean =>
  error instanceof PassingError || isPassing(error) || (error instanceof DOMException && error.name === 'TimeoutError')

/** @param patienceMs milliseconds without any progress until it gives up */
export function createEffort(patienceMs: number): Effort {
  const gate = createGate()
  const waits = new Map<object, string>()
  let lastProgress = Date.now()
  let failure: { error: unknown } | undefined
  let isFinishing = false

  const stops = new Set<() => void>()
  let waitingSince = 0
  const stopAll = (): void => {
    for (const stop of stops) stop()
  }

  const fail = (error: unknown): void => {
    failure ??= { error }
    gate.cancel()
    stopAll()
  }
  /** Milliseconds that are left of the patience; below nought: none. */
  const left = (): number => patienceMs - (Date.now() - Math.max(lastProgress, waitingSince))
  const waiting: Effort['waiting'] = (key, why) => {
    if (why === undefined) {
      waits.delete(key)
      return
    }
    if (waits.size === 0) waitingSince = Date.now()
    waits.set(key, why)
    if (isFinishing) gate.cancel()
    else if (left() < 0)
      fail(new OpsError(`${why}; nothing went forward for too long: run it again to go on`, notFinishedCode))
  }

  return {
    gate,
    patienceMs,
    progressed: () => void (lastProgress = Date.now()),
    waiting,
    wait: () => [...waits.values()][0],
    async persist(work, mostFaults = Number.POSITIVE_INFINITY) {
      const key = {}
      let faults = 0
      try {
        for (let tries = 0; ; tries += 1) {
          await gate.wait(0)
          const { signal } = gate
          const startedAt = Date.now()
          try {
            return await work(signal)
          } catch (error) {
            if (signal.aborted || !isWorthAgain(error)) throw error
            // Others went forward meanwhile: it is not the line.
            if (lastProgress >= startedAt || (error instanceof PassingError && error.isOwn)) faults += 1
            if (faults >= mostFaults) throw error
            const doubled = Math.min(longestPause, firstPause * 2 ** tries) * (0.75 + Math.random() / 2)
            const asked = error instanceof PassingError ? error.wait : askedToWait(error)
            waiting(key, describeFault(error))
            // One more try when it is over, so that nobody is told to be away who is back.
            await gate.wait(Math.min(Math.max(asked, doubled), left() + 1))
          }
        }
      } finally {
        waits.delete(key)
      }
    },
    fail,
    failure: () => failure,
    finish() {
      isFinishing = true
      if (waits.size > 0) gate.cancel()
      stopAll()
    },
    isFinishing: () => isFinishing || failure !== undefined,
    onFinish(stop) {
      stops.add(stop)
      return () => stops.delete(stop)
    },
  }
}
