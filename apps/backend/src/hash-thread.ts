import { createHash, type Hash } from 'node:crypto'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { AppError } from './app-error.ts'

// A thread of our own instead of Web Crypto's: it copies nothing, since memory travels there and back.

interface Question {
  /** Questions of one run are answered with the SHA-256 of all their bytes, the last one. */
  run: number
  memory: ArrayBuffer
  byteLength: number
  isLast: boolean
}
interface Answer {
  run: number
  memory: ArrayBuffer
  /** Empty before the last one. */
  sha256: Uint8Array
}

interface Waiting {
  question: Question
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

let thread: Worker | undefined
let waiting: Waiting[] = []
let runs = 0

/** Nothing is wrong with the bytes; the next ones get a new thread. */
const ended = (cause?: unknown): AppError =>
  new AppError('hashing-interrupted', 503, 'The hashing thread ended. Send it again.', { cause })

/** The thread has what it heard before: after its end nobody else can go on with a run. */
function ask(of: Worker, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (of !== thread) throw ended()
    of.postMessage(question, [question.memory])
    waiting.push({ question, resolve, reject })
    of.ref()
  })
}

/** Undefined where none can be started; everything is hashed here then. */
function currentThread(): Worker | undefined {
  try {
    return (thread ??= start())
  } catch {
    return undefined
  }
}

/** SHA-256 of the first bytes of some memory, which belongs to the thread until the answer brings it back. */
export async function hashInThread(memory: ArrayBuffer, byteLength: number): Promise<Answer> {
  const run = (runs += 1)
  const own = currentThread()
  if (own) return ask(own, { run, memory, byteLength, isLast: true })
  return {
    run,
    memory,
    sha256: createHash('sha256')
      .update(new Uint8Array(memory, 0, byteLength))
      .digest(),
  }
}

/** SHA-256 of bytes that come piece by piece. */
export interface RunningHash {
  /** Keeps nothing of the chunk. A promise where the sender is to wait. */
  update(chunk: Uint8Array): Promise<void> | undefined
  /** Ends it. */
  digest(): Promise<Uint8Array>
  /** Ends it without an answer; after an end it does nothing. */
  drop(): void
}

export function hashHere(): RunningHash {
  const hash = createHash('sha256')
  return {
    update(chunk) {
      hash.update(chunk)
      return undefined
    },
    digest: async () => hash.digest(),
    drop: () => undefined,
  }
}

const memoryBytes = 1024 * 1024
// Runs with memory of their own, one or two each; many at once keep the thread busy anyway. Half of the places are for long ones:
// what is hashed here instead holds up everybody for as long as it takes.
const mostOpen = { long: 8, short: 4 }
let open = 0
const free: ArrayBuffer[] = []
const takeMemory = (): ArrayBuffer => free.pop() ?? new ArrayBuffer(memoryBytes)
const giveBack = (memory: ArrayBuffer): void => {
  if (free.length < mostOpen.long * 2) free.push(memory)
}

/** In the thread from the first byte on, or here where too many are there already. */
export function hashBeside(kind: keyof typeof mostOpen = 'long'): RunningHash {
  let hash: RunningHash | undefined
  const begun = (): RunningHash => {
    if (hash) return hash
    const own = open < mostOpen[kind] ? currentThread() : undefined
    return (hash = own ? hashIn(own) : hashHere())
  }
  return {
    update: (chunk) => begun().update(chunk),
    digest: () => begun().digest(),
    drop: () => hash?.drop(),
  }
}

/**
 * Bytes are copied to one memory while those in another are hashed, which takes a tenth of the time that hashing them
 * takes.
 */
function hashIn(own: Worker): RunningHash {
  open += 1
  const run = (runs += 1)
  let memory = takeMemory()
  let filling = new Uint8Array(memory)
  let filled = 0
  let isOpen = true
  let other: Promise<ArrayBuffer> | undefined

  const send = async (isLast: boolean): Promise<Answer> => ask(own, { run, memory, byteLength: filled, isLast })
  const sendFull = async (): Promise<void> => {
    const before = other
    other = send(false).then((answer) => answer.memory)
    // Heard when the memory is needed again, or by the next question, which fails too.
    other.catch(() => undefined)
    memory = before ? await before : takeMemory()
    filling = new Uint8Array(memory)
    filled = 0
  }
  const fill = async (chunk: Uint8Array): Promise<void> => {
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + memoryBytes - filled)
      filling.set(piece, filled)
      filled += piece.length
      at += piece.length
      if (filled === memoryBytes) await sendFull()
    }
  }
  /** The answer comes behind all others of the run: nobody uses the memory any more. */
  const end = async (): Promise<Uint8Array> => {
    isOpen = false
    try {
      const answer = await send(true)
      giveBack(answer.memory)
      if (other) giveBack(await other)
      return answer.sha256
    } finally {
      open -= 1
    }
  }
  return {
    update(chunk) {
      if (filled + chunk.length >= memoryBytes) return fill(chunk)
      filling.set(chunk, filled)
      filled += chunk.length
      return undefined
    },
    digest: end,
    drop() {
      if (isOpen) end().catch(() => undefined)
    },
  }
}

/** One for the process, however many runs there are; it answers in order, and holds up no end of the process. */
function start(): Worker {
  const started = new Worker(new URL(import.meta.url))
  const fail = (cause?: unknown): void => {
    if (thread !== started) return
    thread = undefined
    const left = waiting
    waiting = []
    for (const { reject } of left) reject(ended(cause))
  }
  started.on('message', (answer: Answer) => {
    // What a thread said before its end may be heard after it, when others wait for the next one.
    if (thread !== started) return
    const next = waiting.shift()
    if (!next || !isAnswer(answer, next.question)) {
      next?.reject(ended())
      fail(new Error('the hashing thread answered something else'))
      void started.terminate()
      return
    }
    next.resolve(answer)
    if (waiting.length === 0) started.unref()
  })
  started.on('error', fail)
  started.on('exit', () => fail())
  // Until the first question.
  started.unref()
  return started
}

const isAnswer = ({ run, sha256 }: Answer, question: Question): boolean =>
  run === question.run && sha256.length === (question.isLast ? 32 : 0)

if (!isMainThread && parentPort) {
  const port = parentPort
  const hashes = new Map<number, Hash>()
  port.on('message', ({ run, memory, byteLength, isLast }: Question) => {
    const hash = hashes.get(run) ?? createHash('sha256')
    hash.update(new Uint8Array(memory, 0, byteLength))
    if (isLast) hashes.delete(run)
    else hashes.set(run, hash)
    const sha256 = isLast ? new Uint8Array(hash.digest()) : new Uint8Array(0)
    port.postMessage({ run, memory, sha256 } satisfies Answer, [memory])
  })
}
