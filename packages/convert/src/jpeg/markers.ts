import type { ByteSource } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { limits } from '../limits.ts'
import { type Spacing, spacingOf } from '../picture.ts'

/** What stands before the pixels of a JPEG stream (ITU-T T.81 B.2; JFIF; Adobe; Exif). */
export interface JpegHeader {
  /** Low four bits of the SOF marker: 0 baseline, 1 extended, 2 progressive, 3 lossless. */
  process: number
  precision: number
  columns: number
  rows: number
  samples: number
  /** Has a JFIF segment, whose colour is Y′CbCr. */
  isJfif: boolean
  /** Of the Adobe segment: 0 says that three samples are RGB. */
  adobeTransform: number | undefined
  componentIds: number[]
  /** Of a lossless stream. */
  predictor: number
  spacing: Spacing | undefined
  /** Exif; 1 is upright. */
  orientation: number
  /** Where the first scan begins, with its marker. */
  scanAt: number
}

const sof = 0xc0
// Huffman tables, arithmetic conditioning and the reserved one stand between the frame headers.
const noFrames = new Set([0xc4, 0xc8, 0xcc])
const startOfScan = 0xda
const endOfImage = 0xd9

/** @throws ConvertFault naming what is missing */
export async function readJpegHeader(source: ByteSource, name: string): Promise<JpegHeader> {
  const header: Partial<JpegHeader> = {}
  let at = 2
  for (let count = 0; count < limits.segments; count += 1) {
    const [fill, marker] = (await source.read(at, 2)) as unknown as [number, number]
    if (fill !== 0xff) throw new ConvertFault('damaged', `${name} has no JPEG segment at byte ${at}.`)
    // Any number of fill bytes may stand before a marker.
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (marker === endOfImage) break
    const lengthBytes = await source.read(at + 2, 2)
    const length = (lengthBytes[0] as number) * 256 + (lengthBytes[1] as number)
    if (length < 2) throw new ConvertFault('damaged', `${name} has a JPEG segment of ${length} bytes at byte ${at}.`)
    const body = await source.read(at + 4, length - 2)
    if (marker >= sof && marker <= 0xcf && !noFrames.has(marker)) readFrame(header, marker, body, name)
    else if (marker === 0xe0) readJfif(header, body)
    // XMP stands in segments of the same kind.
    else if (marker === 0xe1 && latin1(body, 0, 6) === 'Exif\0\0') header.orientation ??= readOrientation(body)
    else if (marker === 0xee && latin1(body, 0, 5) === 'Adobe' && body.length >= 12) header.adobeTransform = body[11]
    else if (marker === startOfScan) {
      if (header.columns === undefined) break
      header.predictor = body[1 + 2 * (body[0] as number)] ?? 0
      const missing = { predictor: 0, spacing: undefined, isJfif: false, adobeTransform: undefined, orientation: 1 }
      return { ...missing, ...header, scanAt: at } as JpegHeader
    }
    at += 2 + length
  }
  throw new ConvertFault('damaged', `${name} is a JPEG stream without a picture.`)
}

/**
 * Walks a stream from a marker on, chunk by chunk, as libjpeg does: whatever stands between markers is passed over, and segments
 * with all that lies in them, such as a smaller picture.
 */
export class MarkerWalk {
  /** Scans so far (SOS, ITU-T T.81 B.2.3). */
  scans = 0
  /** Bytes up to the end of the image (EOI), once it was met. */
  end: number | undefined
  #passed = 0
  #rest = new Uint8Array(0)
  /** In what is still to come. */
  #at = 0

  take(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = this.#at
    while (this.end === undefined && at < bytes.length) {
      const next = bytes.indexOf(0xff, at)
      at = next < 0 ? bytes.length : next
      const marker = bytes[at + 1]
      if (marker === endOfImage) this.end = this.#passed + at + 2
      // The length of a segment may be in the next chunk.
      if (at + 3 >= bytes.length) break
      if (marker === startOfScan) this.scans += 1
      at += stepOf(bytes, at)
    }
    const kept = Math.min(at, bytes.length)
    this.#rest = Uint8Array.from(bytes.subarray(kept))
    this.#passed += kept
    this.#at = at - kept
  }
}

/** From a marker to what follows it: stuffed zeros, restarts and what is no marker have no length. */
function stepOf(bytes: Uint8Array, at: number): number {
  const marker = bytes[at + 1] as number
  if (marker === 0xff) return 1
  const hasLength = marker >= sof && (marker < 0xd0 || marker > 0xd8)
  return 2 + (hasLength ? (bytes[at + 2] as number) * 256 + (bytes[at + 3] as number) : 0)
}

const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1')

function readFrame(header: Partial<JpegHeader>, marker: number, body: Uint8Array, name: string): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  if (body.length < 6 || header.columns !== undefined)
    throw new ConvertFault('damaged', `${name} has a JPEG frame header that cannot be, or several.`)
  const samples = view.getUint8(5)
  if (body.length < 6 + 3 * samples) throw new ConvertFault('damaged', `${name} has a JPEG frame header cut short.`)
  Object.assign(header, {
    process: marker - sof,
    precision: view.getUint8(0),
    rows: view.getUint16(1),
    columns: view.getUint16(3),
    samples,
    componentIds: Array.from({ length: samples }, (_, index) => view.getUint8(6 + 3 * index)),
  })
}

/** Units 1 are per inch, 2 per centimetre; 0 is a ratio only. */
function readJfif(header: Partial<JpegHeader>, body: Uint8Array): void {
  if (latin1(body, 0, 5) !== 'JFIF\0' || body.length < 14) return
  header.isJfif = true
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const unit = view.getUint8(7)
  if (unit === 1 || unit === 2)
    header.spacing = spacingOf(view.getUint16(8), view.getUint16(10), unit === 1 ? 'inch' : 'centimetre')
}

/** Field 274 of the first directory of an Exif segment; 1 when there is none. */
function readOrientation(body: Uint8Array): number {
  if (body.length < 20) return 1
  const view = new DataView(body.buffer, body.byteOffset + 6, body.byteLength - 6)
  const isLittle = view.getUint8(0) === 0x49
  const start = view.getUint32(4, isLittle)
  if (start + 2 > view.byteLength) return 1
  const count = Math.min(view.getUint16(start, isLittle), 200)
  for (let index = 0; index < count; index += 1) {
    const entry = start + 2 + 12 * index
    if (entry + 12 > view.byteLength) return 1
    if (view.getUint16(entry, isLittle) !== 274) continue
    const value = view.getUint16(entry + 8, isLittle)
    return value >= 1 && value <= 8 ? value : 1
  }
  return 1
}
