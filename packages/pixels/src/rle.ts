import { PixelFault } from './pixel-fault.ts'
import { type PixelFormat, sampleCount, type StoredArray } from './pixel-format.ts'
import { allocateStored, extractBits, unpackBits } from './stored-values.ts'

const headerBytes = 64

/**
 * Decodes one RLE frame (PS3.5 G): a segment for every byte of every sample, the most significant byte first.
 * @throws {PixelFault} decode-failed
 */
export function decodeRle(frame: Uint8Array, format: PixelFormat): StoredArray {
  const { samplesPerPixel, bitsAllocated } = format
  const fail = (reason: string): never => {
    throw new PixelFault('decode-failed', { syntax: 'RLE', reason })
  }
  if (frame.byteLength < headerBytes) fail('the header is cut off')
  const header = new DataView(frame.buffer, frame.byteOffset, headerBytes)
  const segments = header.getUint32(0, true)
  const width = Math.ceil(bitsAllocated / 8)
  if (segments !== samplesPerPixel * width) fail(`${segments} segments where ${samplesPerPixel * width} are needed`)
  const starts = Array.from({ length: segments }, (_, segment) => header.getUint32(4 * (segment + 1), true))
  starts.push(frame.byteLength)

  const segmentBytes = bitsAllocated === 1 ? Math.ceil(sampleCount(format) / 8) : format.rows * format.columns
  const isPacked = bitsAllocated === 1
  const samples = isPacked ? new Uint8Array(segmentBytes) : allocateStored(format)
  const out = new Uint8Array(samples.buffer)
  for (let segment = 0; segment < segments; segment += 1) {
    const start = starts[segment]!
    const end = starts[segment + 1]!
    if (start < headerBytes || end > frame.byteLength || start > end)
      fail(`segment ${segment + 1} lies outside the frame`)
    const sample = Math.floor(segment / width)
    const byte = width - 1 - (segment % width)
    const written = unpackSegment(
      frame.subarray(start, end),
      out,
      sample * width + byte,
      samplesPerPixel * width,
      segmentBytes,
    )
    if (written < segmentBytes) fail(`segment ${segment + 1} ends after ${written} of ${segmentBytes} bytes`)
  }
  if (isPacked) return unpackBits(out, sampleCount(format))
  extractBits(samples, format)
  return samples
}

/** PackBits (PS3.5 G.3.1) into every `step`-th byte; returns how many were written. */
function unpackSegment(packed: Uint8Array, out: Uint8Array, first: number, step: number, count: number): number {
  let from = 0
  let to = first
  let written = 0
  while (from + 1 < packed.length && written < count) {
    const control = packed[from++]!
    if (control < 128) {
      const run = Math.min(control + 1, count - written, packed.length - from)
      for (let index = 0; index < run; index += 1, to += step) out[to] = packed[from + index]!
      from += control + 1
      written += run
    } else if (control > 128) {
      const run = Math.min(257 - control, count - written)
      const value = packed[from++]!
      for (let index = 0; index < run; index += 1, to += step) out[to] = value
      written += run
    }
  }
  return written
}
