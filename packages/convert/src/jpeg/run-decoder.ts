import { Worker } from 'node:worker_threads'

export interface DecodeTask {
  stream: Uint8Array<ArrayBuffer>
  columns: number
  rows: number
  samples: number
}

/** `undecodable` is what the decoder itself says of the stream. */
export type DecodeAnswer = { pixels: Uint8Array<ArrayBuffer> } | { fault: 'undecodable' | 'other-sides' }

// WebAssembly keeps what it once needed.
const largeBytes = 48 * 1024 * 1024

let thread: Worker | undefined
let last: Promise<unknown> = Promise.resolve()

/**
 * Decodes in a thread, one for the process, one stream after the other: the process itself goes on telling that it lives, and
 * a stream that takes too long is ended.
 * @param task its memory changes hands
 * @throws what befell the thread, most often for want of memory; the next stream gets a new one
 */
export function runDecoder(task: DecodeTask, limitMs: number): Promise<DecodeAnswer | { fault: 'late' }> {
  const answer = last.then(() => ask(task, limitMs))
  last = answer.catch(() => undefined)
  return answer
}

function ask(task: DecodeTask, limitMs: number): Promise<DecodeAnswer | { fault: 'late' }> {
  const isLarge = task.stream.length + task.columns * task.rows * task.samples > largeBytes
  const worker = (thread ??= new Worker(new URL('./decode-thread.ts', import.meta.url)))
  return new Promise((resolve, reject) => {
    const end = (isUsable: boolean): void => {
      clearTimeout(timer)
      worker.off('message', succeed).off('error', fail).off('exit', leave)
      // Only a thread that works keeps the process from ending.
      worker.unref()
      if (isUsable) return
      thread = undefined
      // Its last words are nobody's any more, and without a listener would end the process.
      worker.on('error', () => undefined)
      void worker.terminate()
    }
    const fail = (error: unknown): void => {
      end(false)
      reject(error)
    }
    const succeed = (answer: DecodeAnswer): void => {
      end(!isLarge)
      resolve(answer)
    }
    const leave = (code: number): void => fail(new Error(`the thread that decodes JPEG ended with code ${code}`))
    const timer = setTimeout(() => {
      end(false)
      resolve({ fault: 'late' })
    }, limitMs)
    worker.on('message', succeed).on('error', fail).on('exit', leave)
    worker.ref()
    worker.postMessage(task, [task.stream.buffer])
  })
}
