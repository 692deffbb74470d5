import { hash } from 'node:crypto'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

// A thread of our own instead of Web Crypto's: it copies nothing, since memory travels there and back.

interface Question {
  memory: ArrayBuffer
  byteLength: number
}
interface Answer {
  memory: ArrayBuffer
  sha256: Uint8Array
}

interface Waiting {
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

let thread: Worker | undefined
let waiting: Waiting[] = []

/** SHA-256 of the first bytes of some memory, which belongs to the thread until the answer brings it back. */
export function hashInThread(memory: ArrayBuffer, byteLength: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    thread ??= start()
    waiting.push({ resolve, reject })
    thread.ref()
    thread.postMessage({ memory, byteLength } satisfies Question, [memory])
  })
}

/** One for the process, however many jobs there are; it answers in order, and holds up no end of the process. */
function start(): Worker {
  const started = new Worker(new URL(import.meta.url))
  started.on('message', (answer: Answer) => {
    waiting.shift()?.resolve(answer)
    if (waiting.length === 0) started.unref()
  })
  const fail = (error: unknown): void => {
    thread = undefined
    const left = waiting
    waiting = []
    for (const { reject } of left) reject(error)
  }
  started.on('error', fail)
  started.on('exit', () => fail(new Error('the hashing thread ended')))
  return started
}

if (!isMainThread && parentPort) {
  const port = parentPort
  port.on('message', ({ memory, byteLength }: Question) => {
    const sha256 = new Uint8Array(hash('sha256', new Uint8Array(memory, 0, byteLength), 'buffer'))
    port.postMessage({ memory, sha256 } satisfies Answer, [memory])
  })
}
