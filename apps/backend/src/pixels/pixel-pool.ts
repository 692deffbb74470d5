import { Worker } from 'node:worker_threads'
import { createThreadPool, JobTooSlow, PixelFault, type PixelFaultCode, type PixelFaultDetail } from '@instandt/pixels'
import { AppError } from '../app-error.ts'
import type { Config } from '../config.ts'
import { createMemoryBudget, memoryOfProcess } from './memory-budget.ts'
import type { PixelTaskKind, PixelTasks } from './pixel-tasks.ts'

export interface PixelMessage {
  kind: PixelTaskKind
  input: PixelTasks[PixelTaskKind]['input']
}

export type PixelAnswer =
  | { output: PixelTasks[PixelTaskKind]['output'] }
  | { fault: { code: PixelFaultCode; detail: PixelFaultDetail } }
  | { failure: string }

export interface PixelJob {
  /** Buffers of the input that may change hands; the others are copied. */
  transfer?: ArrayBuffer[]
  /** Whoever waits may leave: a task that has not begun then never does, one that runs on for seconds is ended. */
  signal?: AbortSignal | undefined
  /** Bytes of the decoded frame: when they are many it has more time, and its thread is not used again. */
  size?: number
}

/** Threads that decode, encode and draw. */
export interface PixelPool {
  /**
   * @throws {PixelFault} what is wrong with the image, 'too-slow' when it was not done in time
   * @throws {ThreadFailure} the thread died, most often for want of memory
   * @throws AppError 'pixels-busy' (503) when too many wait already
   */
  run<Kind extends PixelTaskKind>(
    kind: Kind,
    input: PixelTasks[Kind]['input'],
    job?: PixelJob,
  ): Promise<PixelTasks[Kind]['output']>
  /** Does work that needs so much memory for frames beside its thread, when there is as much. */
  withMemory<T>(bytes: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T>
  close(): void
}

export interface PixelPoolOptions {
  threads: number
  /** For work in the background: it gets what nobody else wants of the processor. */
  isLow: boolean
  /** Bytes of frames that may be on their way at the same time. */
  memory: number
  /** A task has so long, and as long again for each 64 MiB of its frame; in the background four times that. */
  seconds: number
}

// A frame takes some hundredths of a second: whoever would wait longer than people do is told at once.
const mostWaiting = 256
// WebAssembly keeps what it once needed.
const largeFrame = 48 * 1024 * 1024
const idleMs = 60_000
const frameOfTime = 64 * 1024 * 1024
// Threads of low priority get what others leave.
const lowFactor = 4

/** The server's own threads; none is started before somebody asks for an image. */
export const openPixels = (config: Config): PixelPool =>
  createPixelPool({
    threads: config.RENDER_THREADS,
    isLow: false,
    memory: memoryOfProcess() / 4,
    seconds: config.PIXEL_SECONDS,
  })

export function createPixelPool({ threads, isLow, memory, seconds }: PixelPoolOptions): PixelPool {
  const budget = createMemoryBudget(memory)
  const baseMs = seconds * 1000 * (isLow ? lowFactor : 1)
  let waiting = 0
  const pool = createThreadPool<PixelMessage, PixelAnswer>({
    count: () => threads,
    idleMs,
    start(events) {
      const worker = new Worker(new URL('./pixel-thread.ts', import.meta.url), { workerData: { isLow } })
      worker.on('message', (answer: PixelAnswer) => {
        worker.unref()
        events.answer(answer)
      })
      worker.on('error', (error) => events.failure(error instanceof Error ? error.message : String(error)))
      worker.on('exit', (code) => events.failure(`the thread ended with code ${code}`))
      return {
        post(task, transfer) {
          // Only a thread that works keeps the process from ending.
          worker.ref()
          worker.postMessage(task, transfer)
        },
        stop: () => void worker.terminate(),
      }
    },
  })

  return {
    async run(kind, input, { transfer = [], signal, size = 0 } = {}) {
      if (waiting >= mostWaiting)
        throw new AppError('pixels-busy', 503, 'Too many images are being made at the moment. Try again in a moment.')
      waiting += 1
      try {
        const unwanted = () => (signal?.aborted ? signal.reason : undefined)
        const mostMs = baseMs * (1 + size / frameOfTime)
        const answer = await pool.run({ kind, input }, { transfer, unwanted, isLarge: size > largeFrame, mostMs })
        if ('output' in answer) return answer.output as never
        if ('fault' in answer) throw new PixelFault(answer.fault.code, answer.fault.detail)
        throw new PixelFault('decode-failed', { syntax: kind, reason: answer.failure })
      } catch (error) {
        if (!(error instanceof JobTooSlow)) throw error
        throw new PixelFault('too-slow', { reason: error.message })
      } finally {
        waiting -= 1
      }
    },
    withMemory: (bytes, work, signal) => budget.use(bytes, work, signal),
    close: () => pool.close(new AppError('stopping', 503, 'The server is stopping.')),
  }
}
