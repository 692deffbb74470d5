import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { AppError } from './app-error.ts'
import type { App } from './deps.ts'
import { letGo } from './let-go.ts'

// What is still read of a body whose outcome is known, so that its sender, busy sending, comes to see the answer.
const maxDrainedBytes = 256 * 1024 * 1024

// A piece passes through many hands, which costs more than copying a chunk of the network (64 KiB) to a larger one.
const pieceBytes = 512 * 1024
// What waits for its reader before the sender has to: a piece, or as many chunks, which are small where somebody means harm.
const mostWaiting = { bytes: pieceBytes, chunks: 256 }

/** For routes whose bodies stay streams: no parser of the framework may touch them. */
export function takeRawBodies(app: App): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
}

/** A body while it arrives, to be read once. Nobody else has its chunks: their memory may be let go. */
export interface RawBody extends AsyncIterable<Uint8Array> {
  /** Reads what is left of the body, up to a bound; says whether it came to its end. */
  drain(): Promise<boolean>
}

/** The body of a request; a client that sends nothing for so long counts as gone, whatever its connection says. */
export function openRawBody(request: FastifyRequest, silenceMs: number): RawBody {
  const { raw } = request
  raw.setTimeout(silenceMs, () => raw.destroy(new Error('the client fell silent')))
  const next = gather(raw)
  return {
    // Left open when reading stops early: closing it would close the connection, and with it the way for the answer.
    [Symbol.asyncIterator]: () => ({ next }),
    async drain() {
      let left = maxDrainedBytes
      try {
        for (let step = await next(); !step.done; step = await next()) {
          left -= step.value.length
          letGo(step.value)
          if (left < 0) return false
        }
        return true
      } catch {
        return false
      }
    },
  }
}

type Step = IteratorResult<Uint8Array, undefined>

/** A request's chunks, those that came meanwhile as one. Who asks again before the answer is here gets it instead. */
function gather(raw: IncomingMessage): () => Promise<Step> {
  const waiting: Uint8Array[] = []
  let waitingBytes = 0
  let isEnded = raw.readableEnded
  const isClosed = (): { error: unknown } => ({ error: raw.errored ?? new Error('the connection was closed') })
  // Who left while it was found out who asks tells so no more.
  let failure = raw.destroyed && !isEnded ? isClosed() : undefined
  let asked: { resolve: (step: Step) => void; reject: (error: unknown) => void } | undefined
  let isDue = false

  const isFull = (): boolean => waitingBytes >= mostWaiting.bytes || waiting.length >= mostWaiting.chunks
  const answer = (): void => {
    isDue = false
    if (!asked || (waitingBytes === 0 && !failure && !isEnded)) return
    const { resolve, reject } = asked
    asked = undefined
    if (waitingBytes > 0) {
      const piece = takePiece(waiting)
      waitingBytes -= piece.length
      resolve({ done: false, value: piece })
      if (!isFull()) raw.resume()
    } else if (failure) reject(failure.error)
    else resolve({ done: true, value: undefined })
  }
  /** Behind what this turn of the event loop still brings. */
  const answerSoon = (): void => {
    if (isDue || !asked) return
    isDue = true
    setImmediate(answer)
  }
  raw.on('data', (chunk: Uint8Array) => {
    if (chunk.length === 0) return
    waiting.push(chunk)
    waitingBytes += chunk.length
    if (isFull()) raw.pause()
    answerSoon()
  })
  raw.on('end', () => {
    isEnded = true
    answerSoon()
  })
  raw.on('error', (error) => {
    failure ??= { error }
    answerSoon()
  })
  raw.on('close', () => {
    if (!isEnded) failure ??= isClosed()
    answerSoon()
  })

  return () =>
    new Promise((resolve, reject) => {
      // Given up by its reader, who would otherwise never come to its end.
      asked?.reject(new Error('the body is read by somebody else'))
      asked = { resolve, reject }
      if (isFull()) answer()
      else answerSoon()
    })
}

/** The first of them, joined to one while it does not become too long. */
function takePiece(waiting: Uint8Array[]): Uint8Array {
  let count = 0
  let byteLength = 0
  for (const chunk of waiting) {
    if (count > 0 && byteLength + chunk.length > pieceBytes) break
    count += 1
    byteLength += chunk.length
  }
  const chunks = waiting.splice(0, count)
  const [only] = chunks
  if (only && count === 1) return only
  const piece = Buffer.concat(chunks, byteLength)
  for (const chunk of chunks) letGo(chunk)
  return piece
}

/** Files are kept as they come; one that was packed for the way would be kept packed. */
export function checkEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity')
    throw new AppError('unsupported-encoding', 415, 'The body is taken without a Content-Encoding.')
}

/** What reading a body threw: our own word, or that of a connection that broke. */
export function asBodyFault(error: unknown): AppError {
  return error instanceof AppError
    ? error
    : new AppError('body-cut-off', 400, 'The body ended before it was complete.', { cause: error })
}
