import { familyOf, isSubsampled, nativeFrameBytes, PixelFault, type PixelFormat, sampleCount } from '@instandt/pixels'
import type { Deps } from '../deps.ts'
import { planFrames, retrieveFrames } from '../dicomweb/wado/retrieve-frames.ts'
import type { Scope } from '../plugins/access.ts'
import { freshMemory } from '../storage/disk-read.ts'
import { memoryOfProcess } from './memory-budget.ts'
import type { PixelJob, PixelPool } from './pixel-pool.ts'
import type { FrameInput, StripInput } from './pixel-tasks.ts'
import { collect, type ImageInfo } from './read-image.ts'

/** Bytes of a decoded frame: samples as wide as Bits Allocated, single bits in bytes. */
export const decodedBytes = (format: PixelFormat): number =>
  sampleCount(format) * Math.max(1, Math.ceil(format.bitsAllocated / 8))

/**
 * A frame that must be decoded as a whole is in memory several times, and JPEG 2000 has four bytes for every sample:
 * beyond this share of the process's memory it is not begun.
 */
export const largestWholeFrame = (): number => Math.min(512 * 1024 * 1024, memoryOfProcess() / 8)

/** Native pixels that follow each other row by row can be read in strips; their frame is never in memory as a whole. */
export function isReadInStrips({ format, stored }: ImageInfo): boolean {
  const isPlain = !format.isPlanar && !isSubsampled(format) && format.bitsAllocated % 8 === 0
  return stored.layout?.encapsulated === false && isPlain
}

/** Some of the rows can be read alone: no word of swapped bytes reaches from one into the next. */
export const isReadByRow = (image: ImageInfo): boolean => {
  const swapBytes = image.stored.layout?.swapBytes ?? 1
  return isReadInStrips(image) && (swapBytes === 1 || swapBytes * 8 === image.format.bitsAllocated)
}

// Noise grows a little in every encoding, and a small frame may bring profiles and comments.
const longestEncoded = (format: PixelFormat): number =>
  Math.min(2 * decodedBytes(format) + 1024 * 1024, largestWholeFrame())

// Inside themselves these decoders have words of four bytes for every sample, and more beside.
const insideDecoder: Readonly<Partial<Record<ReturnType<typeof familyOf>, number>>> = { 'jpeg-2000': 6, 'jpeg-xl': 6 }

/** Who decodes a frame, and how often its decoded bytes are in memory while that is done. */
export interface WholeFrame {
  pool: PixelPool
  copies: number
  /** Bytes that are needed at the same time for something else. */
  beside?: number
  signal?: AbortSignal | undefined
}

/**
 * Reads one frame (from 1) as a whole, little endian and in whole bytes where it is native, and does something with it;
 * waits for the memory of both. The file alone says how long a compressed frame is: one far longer than its pixels is not
 * read at all.
 * @throws {PixelFault} 'too-large'; what is wrong with the frame
 */
export async function withFrame<T>(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  { pool, copies, beside = 0, signal }: WholeFrame,
  work: (input: FrameInput) => Promise<T>,
): Promise<T> {
  const { format, frameSyntaxUid: syntaxUid } = image
  const plan = await planFrames(deps, scope, image.stored, [frame])
  const byteLength = plan.places[0]?.byteLength ?? 0
  if (byteLength > longestEncoded(format)) {
    const reason = `${byteLength} stored bytes are too many for a frame of ${format.columns} × ${format.rows} pixels`
    throw new PixelFault('too-large', { reason })
  }
  const read = async (): Promise<T> => {
    for await (const body of retrieveFrames(deps, plan, () => freshMemory))
      return work({ bytes: await collect(body, byteLength), syntaxUid, format })
    throw new Error('a frame that was planned was not sent')
  }
  const inside = copies === 0 ? 0 : (insideDecoder[familyOf(syntaxUid)] ?? 0) * sampleCount(format)
  return pool.withMemory(byteLength + copies * decodedBytes(format) + inside + beside, read, signal)
}

// In the decoder's memory and outside it.
const decodedCopies = 2

/** Rows of a frame that is read in strips. */
export interface RowRange {
  top: number
  height: number
}

export interface Strip {
  rows: StripInput['rows']
  rowCount: number
}

/**
 * The rows of one frame (from 1) in strips of `height`, the last one lower; each has memory of its own. What cannot be
 * read in strips is decoded by `pool` first.
 * @throws {PixelFault} what is wrong with the frame
 */
export async function* readRows(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  height: number,
  pool: PixelPool,
  job: PixelJob = {},
  range?: RowRange,
): AsyncGenerator<Strip> {
  const { format } = image
  if (isReadInStrips(image)) {
    yield* nativeStrips(deps, scope, image, frame, height, range)
    return
  }
  const whole = { pool, copies: decodedCopies, signal: job.signal }
  const { stored, isConverted } = await withFrame(deps, scope, image, frame, whole, (input) =>
    pool.run('decode', input, { ...job, transfer: [input.bytes.buffer], size: decodedBytes(format) }),
  )
  const stride = format.columns * format.samplesPerPixel
  for (let row = 0; row < format.rows; row += height) {
    const rowCount = Math.min(height, format.rows - row)
    const rows = rowCount === format.rows ? stored : stored.slice(row * stride, (row + rowCount) * stride)
    yield { rows: { stored: rows, isConverted }, rowCount }
  }
}

async function* nativeStrips(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  height: number,
  range?: RowRange,
): AsyncGenerator<Strip> {
  const { format } = image
  const plan = await planFrames(deps, scope, image.stored, [frame])
  const rowBytes = nativeFrameBytes({ ...format, rows: 1 })
  const end = range?.height ?? format.rows
  let row = 0
  const begin = (): Uint8Array<ArrayBuffer> => new Uint8Array(Math.min(height, end - row) * rowBytes)
  if (range) {
    const byteLength = range.height * rowBytes
    for (const place of plan.places) {
      place.offset += range.top * rowBytes
      place.span = byteLength
      place.byteLength = byteLength
    }
  }
  for await (const body of retrieveFrames(deps, plan, () => freshMemory)) {
    let rows = begin()
    let filled = 0
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length && rows.length > 0;) {
        const piece = chunk.subarray(at, at + rows.length - filled)
        rows.set(piece, filled)
        filled += piece.length
        at += piece.length
        if (filled < rows.length) continue
        const rowCount = rows.length / rowBytes
        yield { rows, rowCount }
        row += rowCount
        rows = begin()
        filled = 0
      }
    }
  }
}
