import { Deflate } from 'fflate'
import { ByteInput } from './byte-input.ts'
import type { FileLayout } from './file-layout.ts'
import { createInflater } from './inflate.ts'
import { DicomReadError, defaultLimits } from './limits.ts'

/** `length` bytes from `offset` on give way to others; neither is needed. Offsets count as those of the layout. */
export interface Splice {
  offset: number
  length: number
  bytes: Uint8Array
}

/** Takes bytes in chunks of any size and hands on what they become. */
function createSplicer(splices: readonly Splice[], emit: (bytes: Uint8Array) => void): (chunk: Uint8Array) => void {
  let position = 0
  let next = 0
  let dropUntil = 0
  const insertHere = (): void => {
    for (let splice = splices[next]; splice?.offset === position; splice = splices[next]) {
      if (splice.bytes.length > 0) emit(splice.bytes)
      dropUntil = Math.max(dropUntil, splice.offset + splice.length)
      next += 1
    }
  }
  insertHere()
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      const until = Math.min(chunk.length, at + ((splices[next]?.offset ?? Infinity) - position))
      const dropped = Math.min(until - at, Math.max(0, dropUntil - position))
      if (until > at + dropped) emit(chunk.subarray(at + dropped, until))
      position += until - at
      at = until
      insertHere()
    }
  }
}

/**
 * The bytes of a file with some of them replaced, as they pass: everything else leaves as it came. Splices are in
 * ascending order and do not overlap. A deflated data set is inflated and deflated anew.
 * @throws DicomReadError 'truncated' when the file ends before a splice, 'bad-deflate'
 */
export async function* spliceFile(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  layout: Pick<FileLayout, 'isDeflated' | 'dataSetOffset'>,
  splices: readonly Splice[],
): AsyncGenerator<Uint8Array> {
  let made: Uint8Array[] = []
  const emit = (bytes: Uint8Array): void => void made.push(bytes)
  let seen = 0
  let length = 0
  const last = splices.at(-1)
  const needed = last === undefined ? 0 : last.offset + last.length

  if (!layout.isDeflated) {
    const splice = createSplicer(splices, emit)
    for await (const chunk of source) {
      seen += chunk.length
      splice(chunk)
      yield* made
      made = []
    }
    if (seen < needed) throw new DicomReadError('truncated', 'The file ends before what was to be changed.')
    return
  }

  const deflate = new Deflate({ level: 6 }, (bytes) => {
    length += bytes.length
    emit(bytes)
  })
  const splice = createSplicer(splices, (bytes) => deflate.push(bytes))
  const input = new ByteInput()
  const inflater = createInflater(defaultLimits.maxInflateRatio, (bytes) => {
    seen += bytes.length
    splice(bytes)
  })
  let metaLeft = layout.dataSetOffset
  for await (const chunk of source) {
    const meta = Math.min(metaLeft, chunk.length)
    metaLeft -= meta
    if (meta > 0) yield chunk.subarray(0, meta)
    input.push(chunk.subarray(meta))
    inflater.take(input, false)
    input.keep()
    yield* made
    made = []
  }
  inflater.take(input, true)
  if (seen < needed) throw new DicomReadError('truncated', 'The file ends before what was to be changed.')
  deflate.push(new Uint8Array(0), true)
  yield* made
  // A null pads the stream to an even length (PS3.5 A.5).
  if (length % 2 === 1) yield new Uint8Array(1)
}
