import type { WasmCodec } from './codecs.ts'
import { readJpegHeader } from './jpeg-dct.ts'
import { readJxlSize } from './jxl-size.ts'

export interface PictureSize {
  columns: number
  rows: number
  /** Undefined where they stand too far from the beginning. */
  components: number | undefined
}

type Bytes = Uint8Array<ArrayBuffer>

/** What a file in boxes begins with, the box that holds its codestream, and what a codestream begins with. */
interface Wrapping {
  signature: string
  box: string
  /** Boxes with a piece of it each, behind a number of four bytes. */
  pieces?: string
  start: readonly number[]
}

const jpeg2000: Wrapping = { signature: 'jP  ', box: 'jp2c', start: [0xff, 0x4f, 0xff, 0x51] }
const jpegXl: Wrapping = { signature: 'JXL ', box: 'jxlc', pieces: 'jxlp', start: [0xff, 0x0a] }

/**
 * The codestream alone, without boxes around it (ISO/IEC 15444-1 annex I, 18181-2): what is checked is then what the decoder
 * reads, whatever a file holds beside it.
 * @throws {Error} no codestream
 */
export function codestreamOf(bytes: Bytes, codec: WasmCodec): Bytes {
  if (codec === 'jpeg-ls') return bytes
  const wrapping = codec === 'jpeg-xl' ? jpegXl : jpeg2000
  const begins = (found: Bytes | undefined): boolean =>
    found !== undefined && wrapping.start.every((byte, at) => found[at] === byte)
  if (begins(bytes)) return bytes
  const inside = fromBoxes(bytes, wrapping)
  if (!inside || !begins(inside)) throw new Error('no codestream where one has to begin')
  return inside
}

function fromBoxes(bytes: Bytes, { signature, box, pieces }: Wrapping): Bytes | undefined {
  const found: Bytes[] = []
  let isFirst = true
  for (const { type, content } of boxesOf(bytes)) {
    if (isFirst && type !== signature) return undefined
    isFirst = false
    if (type === box && found.length === 0) return content
    if (type === pieces) found.push(content.subarray(4))
  }
  const joined = new Uint8Array(found.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of found) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}

function* boxesOf(bytes: Bytes): Generator<{ type: string; content: Bytes }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 8 <= bytes.length;) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    let head = 8
    let byteLength = view.getUint32(at)
    if (byteLength === 1 && at + 16 <= bytes.length) {
      head = 16
      byteLength = Number(view.getBigUint64(at + 8))
    } else if (byteLength === 0) byteLength = bytes.length - at
    if (byteLength < head) return
    yield { type, content: bytes.subarray(at + head, Math.min(at + byteLength, bytes.length)) }
    at += byteLength
  }
}

/**
 * The size a codestream says it has, read from its header alone: a decoder takes memory and time for that before it
 * notices that the rest is missing.
 * @throws {Error} a codestream that says none
 */
export function readSizeInside(codestream: Bytes, codec: WasmCodec): PictureSize {
  const size = readSize(codestream, codec)
  if (!size) throw new Error('no size in the header')
  return size
}

function readSize(codestream: Bytes, codec: WasmCodec): PictureSize | undefined {
  if (codec === 'jpeg-ls') return readJpegHeader(codestream)
  if (codec === 'jpeg-xl') return readJxlSize(codestream)
  if (codestream.length < 42) return undefined
  const view = new DataView(codestream.buffer, codestream.byteOffset)
  // Xsiz less XOsiz, Ysiz less YOsiz, Csiz (ISO/IEC 15444-1 A.5.1).
  return {
    columns: view.getUint32(8) - view.getUint32(16),
    rows: view.getUint32(12) - view.getUint32(20),
    components: view.getUint16(40),
  }
}
