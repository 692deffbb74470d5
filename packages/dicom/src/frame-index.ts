import { swapWords } from './swap-words.ts'
import type { FrameIndex } from './types.ts'

/** Bytes of one entry of FrameIndex.table: offset u64, span u64, fragment count u32, little endian. */
export const FRAME_ENTRY_BYTES = 20

export interface FrameEntry {
  /** First byte of the frame's first fragment, item header left out. */
  offset: number
  /** Bytes to the end of the frame's last fragment; with several fragments, item headers in between included. */
  span: number
  fragments: number
}

export function writeFrameEntry(table: DataView, frame: number, entry: FrameEntry): void {
  const at = frame * FRAME_ENTRY_BYTES
  table.setBigUint64(at, BigInt(entry.offset), true)
  table.setBigUint64(at + 8, BigInt(entry.span), true)
  table.setUint32(at + 16, entry.fragments, true)
}

/** Reads one entry of FRAME_ENTRY_BYTES bytes. */
export function readFrameEntry(entry: Uint8Array): FrameEntry {
  if (entry.length < FRAME_ENTRY_BYTES)
    throw new RangeError(`a frame entry has ${FRAME_ENTRY_BYTES} bytes, not ${entry.length}`)
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength)
  return {
    offset: Number(view.getBigUint64(0, true)),
    span: Number(view.getBigUint64(8, true)),
    fragments: view.getUint32(16, true),
  }
}

export interface NativeFrame {
  /** Bytes to read; whole words when bytes are swapped. */
  offset: number
  length: number
  /** Bits to leave out at the start once words are little endian. */
  bitOffset: number
  /** Bits of the frame. */
  bitLength: number
}

/** Where a native frame (from 1) lies; undefined when there is no such frame. */
export function locateNativeFrame(index: Omit<FrameIndex, 'table'>, frame: number): NativeFrame | undefined {
  if (!Number.isInteger(frame) || frame < 1 || frame > index.frameCount) return undefined
  const firstBit = (frame - 1) * index.frameBits
  const start = Math.floor(firstBit / 8)
  const end = Math.ceil((firstBit + index.frameBits) / 8)
  const word = index.swapBytes
  const alignedStart = start - (start % word)
  const alignedEnd = Math.min(Math.ceil(end / word) * word, index.length)
  return {
    offset: index.offset + alignedStart,
    length: alignedEnd - alignedStart,
    bitOffset: firstBit - alignedStart * 8,
    bitLength: index.frameBits,
  }
}

/** Reverses every word of `width` bytes of a stream, also where a word lies across two chunks; a shorter rest stays. */
export async function* swapFrame(source: AsyncIterable<Uint8Array>, width: number): AsyncGenerator<Uint8Array> {
  if (width !== 2 && width !== 4 && width !== 8) throw new RangeError(`words of ${width} bytes cannot be swapped`)
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of source) {
    let bytes = chunk
    if (rest.length > 0) {
      bytes = new Uint8Array(rest.length + chunk.length)
      bytes.set(rest)
      bytes.set(chunk, rest.length)
    }
    const whole = bytes.length - (bytes.length % width)
    // Copied: the chunk may be written to again before the word is complete.
    rest = new Uint8Array(bytes.subarray(whole))
    if (whole > 0) yield swapWords(bytes.subarray(0, whole), width)
  }
  if (rest.length > 0) yield rest
}

/**
 * Cuts `bitLength` bits out of a stream, `bitOffset` bits from its start, lowest bit first (PS3.5 8.1.1). The last byte is
 * filled with zeros.
 */
export async function* alignFrame(
  source: AsyncIterable<Uint8Array>,
  bitOffset: number,
  bitLength: number,
): AsyncGenerator<Uint8Array> {
  let toSkip = bitOffset >> 3
  const shift = bitOffset & 7
  const total = Math.ceil(bitLength / 8)
  const lastMask = bitLength % 8 === 0 ? 0xff : (1 << (bitLength % 8)) - 1
  let made = 0
  let carry: number | undefined
  const finish = (out: Uint8Array): Uint8Array => {
    made += out.length
    if (made === total && out.length > 0) out[out.length - 1] = (out[out.length - 1] as number) & lastMask
    return out
  }
  for await (const whole of source) {
    const chunk = whole.subarray(Math.min(toSkip, whole.length))
    toSkip -= whole.length - chunk.length
    if (chunk.length === 0 || made === total) continue
    if (shift === 0) {
      // A copy: of a Node Buffer `slice` is a view, and the last byte also belongs to the next frame.
      yield finish(new Uint8Array(chunk.subarray(0, total - made)))
      continue
    }
    const start = carry === undefined ? 1 : 0
    let previous = carry ?? (chunk[0] as number)
    const out = new Uint8Array(Math.min(chunk.length - start, total - made))
    for (let at = 0; at < out.length; at += 1) {
      const next = chunk[at + start] as number
      out[at] = ((previous >> shift) | (next << (8 - shift))) & 0xff
      previous = next
    }
    carry = chunk[chunk.length - 1]
    if (out.length > 0) yield finish(out)
  }
  // The last bits may not reach into a further byte.
  if (made < total && carry !== undefined) yield finish(Uint8Array.of(carry >> shift))
}

/**
 * Joins the fragments of one frame: drops the 8-byte item headers. `source` starts at the first fragment's item header,
 * 8 bytes before FrameEntry.offset.
 */
export async function* stripItemHeaders(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = 0
  const header = new Uint8Array(8)
  let headerBytes = 0
  for await (const chunk of source) {
    let at = 0
    while (at < chunk.length) {
      if (left > 0) {
        const piece = chunk.subarray(at, at + left)
        left -= piece.length
        at += piece.length
        yield piece
      } else {
        const piece = chunk.subarray(at, at + 8 - headerBytes)
        header.set(piece, headerBytes)
        headerBytes += piece.length
        at += piece.length
        if (headerBytes === 8) {
          left = new DataView(header.buffer).getUint32(4, true)
          headerBytes = 0
        }
      }
    }
  }
}
