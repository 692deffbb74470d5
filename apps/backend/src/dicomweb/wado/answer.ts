import { hash } from 'node:crypto'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { joinMultipart, multipartOverhead } from '@instandt/dicom'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { addVary } from '../../plugins/vary.ts'
import { AppError } from '../../app-error.ts'
import type { Deps } from '../../deps.ts'
import type { ByteRange } from '../../storage/blob-store.ts'
import type { Offer } from './accept.ts'
import type { ReaderMemory } from './answer-memory.ts'
import { createAnswerMemory } from './answer-memory.ts'
import { cutRange, isStillSame, readRange } from './byte-range.ts'

export interface PartHead {
  mediaType: string
  /** Absolute address of what the part holds. */
  location: string
}

export interface Part extends PartHead {
  body: AsyncIterable<Uint8Array>
}

export interface AnswerBody {
  mediaType: string
  /** Undefined when it is known only at the end. */
  byteLength: number | undefined
  headers?: Record<string, string>
  /** Called only when the bytes are wanted: not for HEAD, not for 304. `memory` is for reads from the blob store. */
  open(memory: ReaderMemory): AsyncIterable<Uint8Array>
  /** The same from within, without reading what lies before. */
  openRange?: OpenRange | undefined
}

/** Bytes of a body from `offset` on, as many as `length` says. */
export type OpenRange = (range: ByteRange, memory: ReaderMemory) => Promise<AsyncIterable<Uint8Array>>

// A reader that takes nothing for so long is gone; its files and memory are needed by others.
const stalledReader = 120_000

// An answer of known length up to this, if it comes in few chunks, is read whole and handed to the network at once.
const smallAnswer = 1024 * 1024
const fewChunks = 8

const digest = (text: string): string => hash('sha256', text, 'base64url')

const headersOf = ({ mediaType, location }: PartHead): Record<string, string> => ({
  'Content-Type': mediaType,
  'Content-Location': location,
})

async function* withHeaders(
  parts: AsyncIterable<Part>,
): AsyncGenerator<{ headers: Record<string, string>; body: AsyncIterable<Uint8Array> }> {
  for await (const part of parts) yield { headers: headersOf(part), body: part.body }
}

/**
 * A multipart/related body of parts of one type. `identity` stands for the content: the boundary comes from it, so that
 * equal answers are equal byte for byte and the ETag may be a strong one; by a key of ours, so that no file can be made that
 * holds the boundary of an answer to come. With `known` heads and lengths the answer's length is known before its first byte.
 */
export async function multipartBody(
  deps: Deps,
  type: string,
  identity: string,
  parts: (memory: ReaderMemory) => AsyncIterable<Part>,
  known?: readonly (PartHead & { byteLength: number })[],
): Promise<AnswerBody> {
  const boundary = `instandt-${await deps.identity.box.mac('multipart-boundary', identity)}`
  return {
    mediaType: `multipart/related; type="${type}"; boundary=${boundary}`,
    byteLength: known?.reduce((sum, part) => sum + part.byteLength, multipartOverhead(known.map(headersOf), boundary)),
    open: (memory) => joinMultipart(withHeaders(parts(memory)), boundary),
  }
}

/**
 * Sends a body whose content `identity` stands for. Faults up to the first bytes are thrown and become a problem; later
 * ones break the connection off, so that no answer is silently short.
 */
export async function sendBody(
  request: FastifyRequest,
  reply: FastifyReply,
  identity: string,
  body: AnswerBody,
): Promise<FastifyReply> {
  const etag = `"${digest(`${identity}\n${body.mediaType}`)}"`
  const isKnown = isNamed(request.headers['if-none-match'], etag)
  const range = isKnown ? undefined : rangeOf(request, reply, etag, body)
  const byteLength = range?.length ?? body.byteLength
  const setHeaders = (): void => {
    // Kept by the browser only, and asked for again each time: who may see an image can change.
    reply.headers({ etag, 'cache-control': 'private, no-cache' })
    addVary(reply, 'Accept')
    if (isKnown) return
    reply.headers({ ...body.headers, 'content-type': body.mediaType })
    if (byteLength === undefined) return
    reply.headers({ 'content-length': byteLength, 'accept-ranges': 'bytes' })
    if (range)
      reply
        .code(206)
        .header('content-range', `bytes ${range.offset}-${range.offset + range.length - 1}/${body.byteLength}`)
  }
  if (isKnown || request.method === 'HEAD') {
    setHeaders()
    return reply.code(isKnown ? 304 : 200).send()
  }

  const memory = createAnswerMemory()
  const chunks = (await openPart(body, range, memory.forReader))[Symbol.asyncIterator]()
  const pull = async (): Promise<IteratorResult<Uint8Array>> => {
    const step = await chunks.next()
    if (!step.done) memory.taken(step.value.length)
    return step
  }
  try {
    // The head of the first part, and bytes of the store: what is missing or unreadable still gets its status.
    const first = [await pull(), await pull()]
    const atOnce = byteLength !== undefined && byteLength <= smallAnswer ? fewChunks : first.length
    while (first.length < atOnce && !first.at(-1)?.done) first.push(await pull())
    setHeaders()
    // Our own loop instead of a stream's: it knows when a chunk has left and its memory is free again.
    reply.hijack()
    const { raw } = reply
    raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
    try {
      await writeChunks(raw, first, pull, memory.left, byteLength)
    } catch (error) {
      request.log.error({ err: error }, 'answer broken off')
      raw.destroy()
    }
  } finally {
    await chunks.return?.()
  }
  return reply
}

/** The part that is asked for, where the length is known and the client's other parts are of this very content. */
function rangeOf(
  request: FastifyRequest,
  reply: FastifyReply,
  etag: string,
  { byteLength }: AnswerBody,
): ByteRange | undefined {
  if (request.method !== 'GET' || byteLength === undefined) return undefined
  const range = isStillSame(request.headers['if-range'], etag)
    ? readRange(request.headers.range, byteLength)
    : undefined
  if (range !== 'unsatisfiable') return range
  reply.header('content-range', `bytes */${byteLength}`)
  throw new AppError('range-not-satisfiable', 416, `There are ${byteLength} bytes; the range begins behind them.`)
}

function openPart(
  body: AnswerBody,
  range: ByteRange | undefined,
  memory: ReaderMemory,
): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>> {
  if (!range) return body.open(memory)
  return body.openRange ? body.openRange(range, memory) : cutRange(body.open(memory), range)
}

/** RFC 9110 13.1.2: weak comparison. */
function isNamed(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((name) => name.trim().replace(/^W\//, '') === etag)
}

/** Returns when all is handed to the network, or when the reader has left. */
async function writeChunks(
  raw: ServerResponse,
  first: IteratorResult<Uint8Array>[],
  pull: () => Promise<IteratorResult<Uint8Array>>,
  left: (byteLength: number) => void,
  byteLength: number | undefined,
): Promise<void> {
  let sent = 0
  for (let steps = first; !raw.destroyed;) {
    for (const { value, done } of steps) {
      if (done) continue
      sent += value.length
      raw.write(value, (error) => {
        if (!error) left(value.length)
      })
    }
    if (steps.at(-1)?.done) break
    // The next chunk is read while this one is on its way.
    const next = pull()
    next.catch(() => undefined)
    if (raw.writableNeedDrain) await untilMoved(raw)
    steps = [await next]
  }
  if (raw.destroyed) return
  if (byteLength !== undefined && sent !== byteLength) {
    throw new AppError('blob-truncated', 500, `${sent} bytes were sent where ${byteLength} were announced.`)
  }
  const isWaiting = raw.writableNeedDrain
  raw.end()
  if (isWaiting && !raw.writableFinished) await untilMoved(raw)
}

/** Until what was written has been taken, or the reader is gone. */
function untilMoved(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const stalled = setTimeout(() => raw.destroy(), stalledReader)
    const settle = (): void => {
      clearTimeout(stalled)
      raw.off('drain', settle).off('finish', settle).off('close', settle)
      resolve()
    }
    raw.on('drain', settle).on('finish', settle).on('close', settle)
  })
}

/** Parts whose heads and, best, lengths are known, in one multipart body or, if the offer says so, the only one by itself. */
export async function sendParts(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  identity: string,
  offer: Offer,
  heads: (PartHead & { byteLength: number | undefined })[],
  open: (memory: ReaderMemory) => AsyncIterable<AsyncIterable<Uint8Array>>,
  openRange?: OpenRange,
): Promise<FastifyReply> {
  if (offer.isMultipart) {
    async function* parts(memory: ReaderMemory): AsyncGenerator<Part> {
      let at = 0
      for await (const body of open(memory)) {
        const head = heads[at++]
        if (head) yield { ...head, body }
      }
    }
    const known = heads.flatMap(({ byteLength, ...head }) =>
      byteLength === undefined ? [] : [{ ...head, byteLength }],
    )
    const lengths = known.length === heads.length ? known : undefined
    return sendBody(request, reply, identity, await multipartBody(deps, offer.type, identity, parts, lengths))
  }
  const [head] = heads
  if (!head) throw new AppError('not-acceptable', 406, 'There is nothing to send.')
  async function* only(memory: ReaderMemory): AsyncGenerator<Uint8Array> {
    for await (const body of open(memory)) yield* body
  }
  const { mediaType, byteLength } = head
  const headers = { 'content-location': head.location }
  return sendBody(request, reply, identity, { mediaType, byteLength, headers, open: only, openRange })
}
