import { createFinder } from './find-bytes.ts'
import { checkBoundary, encodeLatin1, MultipartError } from './multipart-form.ts'

/** One part of a multipart body. */
export interface BodyPart {
  /** Names in lower case; of a name sent twice the first. */
  headers: Map<string, string>
  /**
   * The part's bytes as they arrive, without copies. Can be read once, and only until the next part is asked for; what
   * was not read then is skipped.
   */
  body: AsyncIterable<Uint8Array>
}

export interface MultipartLimits {
  /** Bytes before the first boundary that are overlooked. */
  maxPreambleLength: number
  /** Bytes of one part's headers. */
  maxHeaderLength: number
  maxParts: number
}

const defaultLimits: MultipartLimits = { maxPreambleLength: 64 * 1024, maxHeaderLength: 16 * 1024, maxParts: 100_000 }

const lineFeed = 0x0a
const carriageReturn = 0x0d
const dash = 0x2d
const space = 0x20
const tab = 0x09
const latin1 = new TextDecoder('latin1')
const nothing = new Uint8Array(0)

/** Bytes of a source that have arrived and were not taken yet. */
class Arrivals {
  bytes: Uint8Array = nothing
  private readonly source: AsyncIterator<Uint8Array>

  constructor(source: AsyncIterator<Uint8Array>) {
    this.source = source
  }

  take(count: number): Uint8Array {
    const taken = this.bytes.subarray(0, count)
    // Whoever has all of a chunk may give its memory back: nothing here still looks at it.
    this.bytes = count < this.bytes.length ? this.bytes.subarray(count) : nothing
    return taken
  }

  /** Waits for one more chunk; false at the end. What is left over is copied in front of it: a few bytes, rarely. */
  async more(): Promise<boolean> {
    const step = await this.source.next()
    if (step.done) return false
    if (this.bytes.length === 0) {
      this.bytes = step.value
      return true
    }
    const joined = new Uint8Array(this.bytes.length + step.value.length)
    joined.set(this.bytes)
    joined.set(step.value, this.bytes.length)
    this.bytes = joined
    return true
  }

  /** Whether `count` bytes are here, after waiting for them if need be. */
  async have(count: number): Promise<boolean> {
    while (this.bytes.length < count) if (!(await this.more())) return false
    return true
  }
}

/** A line break and boundary in a chunk: where its line feed stands, and whether it is all there. */
interface Sighting {
  at: number
  isComplete: boolean
}

type Locate = (bytes: Uint8Array) => Sighting

/** What follows a boundary: white space, a line end or two dashes; else it is a longer line that begins like it. */
function endsBoundary(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at]
  if (next === dash) return bytes[at + 1] === dash
  return next === carriageReturn || next === lineFeed || next === space || next === tab
}

const beginsWith = (bytes: Uint8Array, boundary: Uint8Array): boolean =>
  boundary.every((byte, at) => bytes[at] === byte) && endsBoundary(bytes, boundary.length)

/** The search starts at the line feed: senders that end lines without CR are understood, too. */
function createLocator(delimiter: Uint8Array): Locate {
  const find = createFinder(delimiter)
  const partialStart = (bytes: Uint8Array): number => {
    const end = bytes.length
    const start = bytes.lastIndexOf(lineFeed)
    if (start < 0 || start <= end - delimiter.length) return end
    for (let at = start + 1; at < end; at += 1) if (bytes[at] !== delimiter[at - start]) return end
    return start
  }
  return (bytes) => {
    for (let from = 0; ;) {
      const at = find(bytes, from)
      if (at < 0) return { at: partialStart(bytes), isComplete: false }
      if (at + delimiter.length + 2 > bytes.length) return { at, isComplete: false }
      if (endsBoundary(bytes, at + delimiter.length)) return { at, isComplete: true }
      from = at + 1
    }
  }
}

/** Bytes up to the next delimiter, which stays in `arrivals` from its line feed on. May be stopped and begun anew. */
async function* untilDelimiter(
  arrivals: Arrivals,
  locate: Locate,
  withCr: boolean,
  makeFault: () => MultipartError,
): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const { bytes } = arrivals
    const { at, isComplete } = locate(bytes)
    // The CR before the line feed belongs to the delimiter, where lines end so; it may have come without its line feed.
    const crAt =
      withCr && (at === bytes.length || bytes[at] === lineFeed) && bytes[at - 1] === carriageReturn ? at - 1 : at
    if (crAt > 0) yield arrivals.take(crAt)
    if (isComplete) {
      arrivals.take(at - crAt)
      return
    }
    if (!(await arrivals.more())) throw makeFault()
  }
}

const cutOff = (): MultipartError =>
  new MultipartError(
    'missing-final-delimiter',
    'The body ended without its final boundary: it was cut off, or its sender is faulty.',
  )

/** Takes the rest of a boundary's line; says how the line ended. */
async function readLineEnd(arrivals: Arrivals): Promise<'crlf' | 'lf'> {
  for (let isAfterCr = false; ;) {
    if (!(await arrivals.have(1))) throw cutOff()
    const byte = arrivals.take(1)[0]
    if (byte === lineFeed) return isAfterCr ? 'crlf' : 'lf'
    if (isAfterCr || (byte !== space && byte !== tab && byte !== carriageReturn)) {
      throw new MultipartError('bad-delimiter', 'A boundary is followed by other signs than a line end.')
    }
    isAfterCr = byte === carriageReturn
  }
}

function addHeader(headers: Map<string, string>, line: string): void {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase()
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) {
    throw new MultipartError(
      'bad-header',
      `A part's headers hold a line that is none: ${JSON.stringify(line.slice(0, 60))}.`,
    )
  }
  if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim())
}

/** Takes a part's headers, but leaves the line feed that ends them: a part without body ends with that very one. */
async function readHeaders(arrivals: Arrivals, limit: number): Promise<Map<string, string>> {
  const headers = new Map<string, string>()
  let line = ''
  for (let start = 0; ;) {
    const end = arrivals.bytes.indexOf(lineFeed, start)
    if ((end < 0 ? arrivals.bytes.length : end) > limit) {
      throw new MultipartError('header-too-long', `A part's headers are longer than ${limit} bytes.`)
    }
    if (end < 0) {
      if (!(await arrivals.more())) throw cutOff()
      continue
    }
    const next = latin1.decode(arrivals.bytes.subarray(start, end)).replace(/\r$/, '')
    start = end + 1
    // A line that begins with white space continues the one before (RFC 5322 2.2.3).
    if (line !== '' && /^[ \t]/.test(next)) {
      line += ` ${next.trim()}`
      continue
    }
    if (line !== '') addHeader(headers, line)
    if (next === '') {
      arrivals.take(end)
      return headers
    }
    line = next
  }
}

/** A body that tells instead of ending early when its part is no longer the current one. */
function guarded(pieces: AsyncGenerator<Uint8Array, void>, isCurrent: () => boolean): AsyncIterable<Uint8Array> {
  const gone = (): MultipartError =>
    new MultipartError('part-abandoned', 'The next part was asked for before this one was read.')
  const iterator: AsyncIterator<Uint8Array, void> = {
    next: () => (isCurrent() ? pieces.next() : Promise.reject(gone())),
    return: () => pieces.return(),
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

/**
 * Splits a multipart/related body (RFC 2046 5.1.1) into its parts while it arrives. Tolerates text before the first and
 * after the final boundary, white space after boundaries, and lines that end without CR. Throws MultipartError; when
 * the final boundary is missing, the last part's body throws it, so that a cut-off part never looks complete.
 *
 * The source is never closed from here: a server must still be able to answer on a connection with a bad body.
 */
export async function* splitMultipart(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
  limits: Partial<MultipartLimits> = {},
): AsyncGenerator<BodyPart, void> {
  checkBoundary(boundary)
  const { maxPreambleLength, maxHeaderLength, maxParts } = { ...defaultLimits, ...limits }
  const delimiter = encodeLatin1(`\n--${boundary}`)
  const locate = createLocator(delimiter)
  const arrivals = new Arrivals(source[Symbol.asyncIterator]())
  if (!(await arrivals.have(1))) throw new MultipartError('empty-body', 'The body is empty.')

  const unfound = (): MultipartError =>
    new MultipartError('no-boundary', `The boundary ${JSON.stringify(boundary)} is not in the body.`)
  // A body usually begins with its boundary, without the line feed that is before all others.
  const isAtStart = (await arrivals.have(delimiter.length + 1)) && beginsWith(arrivals.bytes, delimiter.subarray(1))
  let preambleLength = 0
  if (!isAtStart)
    for await (const piece of untilDelimiter(arrivals, locate, false, unfound)) {
      preambleLength += piece.length
      if (preambleLength > maxPreambleLength) throw unfound()
    }
  let withCr: boolean | undefined
  for (let count = 1; ; count += 1) {
    arrivals.take(isAtStart && count === 1 ? delimiter.length - 1 : delimiter.length)
    // Only the final boundary is followed by a dash.
    if (arrivals.bytes[0] === dash) break
    if (count > maxParts) throw new MultipartError('too-many-parts', `The body has more than ${maxParts} parts.`)
    const lineEnd = await readLineEnd(arrivals)
    withCr ??= lineEnd === 'crlf'
    const headers = await readHeaders(arrivals, maxHeaderLength)
    const isEmpty =
      (await arrivals.have(delimiter.length + 2)) && locate(arrivals.bytes.subarray(0, delimiter.length + 2)).isComplete
    if (!isEmpty) arrivals.take(1)
    let isCurrent = true
    yield { headers, body: guarded(untilDelimiter(arrivals, locate, withCr, cutOff), () => isCurrent) }
    isCurrent = false
    for await (const piece of untilDelimiter(arrivals, locate, withCr, cutOff)) void piece
  }
  // Read to its end, so that the connection can be used again.
  let epilogueLength = 0
  do {
    epilogueLength += arrivals.take(arrivals.bytes.length).length
    if (epilogueLength > maxPreambleLength)
      throw new MultipartError('bad-delimiter', 'The body goes on after its final boundary.')
  } while (await arrivals.more())
}
