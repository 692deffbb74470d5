import { PixelFault } from './pixel-fault.ts'
import { isSubsampled, nativeFrameBytes, type PixelFormat, sampleCount, type StoredArray } from './pixel-format.ts'

/** An empty array for the samples of one frame: as wide as Bits Allocated, signed when the values are. */
export function allocateStored(format: PixelFormat, length = sampleCount(format)): StoredArray {
  const { bitsAllocated, isSigned, kind } = format
  if (kind === 'float') return bitsAllocated === 64 ? new Float64Array(length) : new Float32Array(length)
  if (bitsAllocated <= 8) return isSigned && bitsAllocated === 8 ? new Int8Array(length) : new Uint8Array(length)
  if (bitsAllocated === 16) return isSigned ? new Int16Array(length) : new Uint16Array(length)
  return isSigned ? new Int32Array(length) : new Uint32Array(length)
}

/** The same bytes seen as the format's samples; copied only when they are not aligned. */
function viewSamples(bytes: Uint8Array<ArrayBuffer>, format: PixelFormat): StoredArray {
  const width = format.bitsAllocated === 1 ? 1 : format.bitsAllocated / 8
  const length = Math.floor(bytes.byteLength / width)
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice()
  const { buffer, byteOffset } = aligned
  if (format.kind === 'float') {
    return width === 8 ? new Float64Array(buffer, byteOffset, length) : new Float32Array(buffer, byteOffset, length)
  }
  if (width === 1) {
    return format.isSigned ? new Int8Array(buffer, byteOffset, length) : new Uint8Array(buffer, byteOffset, length)
  }
  if (width === 2) {
    return format.isSigned ? new Int16Array(buffer, byteOffset, length) : new Uint16Array(buffer, byteOffset, length)
  }
  return format.isSigned ? new Int32Array(buffer, byteOffset, length) : new Uint32Array(buffer, byteOffset, length)
}

/**
 * Takes the value out of its bits in place: Bits Stored bits that end at High Bit, sign-extended; whatever lies in the
 * bits around them (overlays of old, junk) goes away.
 */
export function extractBits(samples: StoredArray, format: PixelFormat): void {
  const { bitsAllocated, bitsStored, highBit, isSigned, kind } = format
  if (kind === 'float' || bitsAllocated === 1 || bitsStored === bitsAllocated) return
  const left = 32 - 1 - highBit
  const right = 32 - bitsStored
  // Left until the top bit is the value's, then right: >> brings the sign along, >>> zeros.
  if (isSigned)
    for (let index = 0; index < samples.length; index += 1) samples[index] = (samples[index]! << left) >> right
  else for (let index = 0; index < samples.length; index += 1) samples[index] = (samples[index]! << left) >>> right
}

/** Bits of a byte from the lowest up (PS3.5 8.1.1), one byte each. */
export function unpackBits(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(count)
  for (let index = 0; index < count; index += 1) bits[index] = (bytes[index >> 3]! >> (index & 7)) & 1
  return bits
}

/** Sample planes one behind the other → pixel by pixel. */
export function interleave(planes: StoredArray, format: PixelFormat): StoredArray {
  const { samplesPerPixel } = format
  const pixels = format.rows * format.columns
  const samples = allocateStored(format)
  for (let plane = 0; plane < samplesPerPixel; plane += 1) {
    let at = plane
    for (let pixel = plane * pixels; pixel < (plane + 1) * pixels; pixel += 1, at += samplesPerPixel) {
      samples[at] = planes[pixel]!
    }
  }
  return samples
}

/** Y1 Y2 Cb Cr for two pixels → Y Cb Cr for each. */
function expandSubsampled(halved: StoredArray, format: PixelFormat): StoredArray {
  const samples = allocateStored(format)
  const pixels = format.rows * format.columns
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const pair = (pixel >> 1) * 4
    samples[pixel * 3] = halved[pair + (pixel & 1)]!
    samples[pixel * 3 + 1] = halved[pair + 2]!
    samples[pixel * 3 + 2] = halved[pair + 3]!
  }
  return samples
}

/**
 * Stored values of a native frame: little endian, starting at a byte.
 * The result may share memory with `bytes`, which is changed then.
 * @throws {PixelFault} frame-short
 */
export function readNativeFrame(bytes: Uint8Array<ArrayBuffer>, format: PixelFormat): StoredArray {
  const expected = nativeFrameBytes(format)
  // YBR_FULL_422 is also met with full colour, against its own name.
  const isExpanded =
    isSubsampled(format) && bytes.byteLength >= Math.ceil((sampleCount(format) * format.bitsAllocated) / 8)
  if (bytes.byteLength < expected) throw new PixelFault('frame-short', { expected, found: bytes.byteLength })
  if (format.bitsAllocated === 1) return unpackBits(bytes, sampleCount(format))
  const size = isExpanded ? (sampleCount(format) * format.bitsAllocated) / 8 : expected
  const samples = viewSamples(bytes.subarray(0, size), format)
  extractBits(samples, format)
  if (isSubsampled(format) && !isExpanded) return expandSubsampled(samples, format)
  return format.isPlanar ? interleave(samples, format) : samples
}

/** Number of the pixel's first sample, or undefined outside the image. */
export function sampleIndex(format: PixelFormat, column: number, row: number): number | undefined {
  if (column < 0 || row < 0 || column >= format.columns || row >= format.rows) return undefined
  return (row * format.columns + column) * format.samplesPerPixel
}

/** Stored values of one pixel, one a sample; undefined outside the image. */
export function storedValuesAt(
  stored: StoredArray,
  format: PixelFormat,
  column: number,
  row: number,
): number[] | undefined {
  const first = sampleIndex(format, column, row)
  if (first === undefined) return undefined
  return Array.from({ length: format.samplesPerPixel }, (_, sample) => stored[first + sample] ?? Number.NaN)
}
