import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { AppError } from './app-error.ts'
import type { App } from './deps.ts'

// What is still read of a body whose outcome is known, so that its sender, busy sending, comes to see the answer.
const maxDrainedBytes = 256 * 1024 * 1024

/** For routes whose bodies stay streams: no parser of the framework may touch them. */
export function takeRawBodies(app: App): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
}

/** The body of a request; a client that sends nothing for so long counts as gone, whatever its connection says. */
export function openRawBody(request: FastifyRequest, silenceMs: number): AsyncIterable<Uint8Array> {
  request.raw.setTimeout(silenceMs, () => request.raw.destroy(new Error('the client fell silent')))
  // Left open when reading stops early: closing it would close the connection, and with it the way for the answer.
  return request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
}

/** Reads what is left of the body, up to a bound; says whether it came to its end. */
export async function drain(body: Readable): Promise<boolean> {
  if (body.readableEnded) return true
  let left = maxDrainedBytes
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      left -= (chunk as Uint8Array).length
      if (left < 0) return false
    }
    return true
  } catch {
    return false
  }
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
