import type { Encoders } from './encoders.ts'
import { encodeHtj2k } from './encode-htj2k.ts'
import { encodeJpegLs } from './encode-jpeg-ls.ts'
import { encodeLosslessJpeg } from './encode-lossless-jpeg.ts'
import { encodeRle } from './encode-rle.ts'
import { encodeWasm, type SampleBlock } from './encode-wasm.ts'
import { type PixelFormat, sampleCount, type StoredArray } from './pixel-format.ts'

type Target = 'native' | 'rle' | 'jpeg' | 'jpeg-ls' | 'jpeg-2000' | 'htj2k'

/** Transfer syntaxes that frames can be written in, all without loss. */
const targets: Readonly<Record<string, Target>> = {
  '1.2.840.10008.1.2.1': 'native',
  '1.2.840.10008.1.2': 'native',
  '1.2.840.10008.1.2.5': 'rle',
  '1.2.840.10008.1.2.4.57': 'jpeg',
  '1.2.840.10008.1.2.4.70': 'jpeg',
  '1.2.840.10008.1.2.4.80': 'jpeg-ls',
  '1.2.840.10008.1.2.4.90': 'jpeg-2000',
  '1.2.840.10008.1.2.4.201': 'htj2k',
  '1.2.840.10008.1.2.4.202': 'htj2k',
}

export const writableSyntaxes: readonly string[] = Object.keys(targets)

/** Whether stored values of this format can be written in a transfer syntax without losing any. */
export function canEncode(format: PixelFormat, syntaxUid: string): boolean {
  const target = targets[syntaxUid]
  // Half-range colours have no name once every pixel has its own.
  if (target === undefined || format.photometric.startsWith('YBR_PARTIAL')) return false
  if (target === 'native') return true
  const { kind, bitsAllocated, bitsStored, samplesPerPixel, photometric, columns, rows } = format
  if (kind === 'float' || (bitsAllocated !== 8 && bitsAllocated !== 16)) return false
  if (target === 'rle') return true
  // JPEG-LS and lossless JPEG begin at two bits (ISO/IEC 14495-1 C.2.2, 10918-1 B.2.2).
  if (target === 'jpeg-ls') return bitsStored >= 2
  // The codecs of the others have no colours of 16 bits.
  if (samplesPerPixel === 3 && bitsAllocated === 16) return false
  if (target === 'jpeg') return bitsStored >= 2 && Math.max(columns, rows) <= 65_535
  // The encoder of JPEG 2000 transforms all colours, which only RGB has a name for.
  return target === 'htj2k' || samplesPerPixel === 1 || photometric === 'RGB'
}

/**
 * How the samples of a decoded frame are to be understood (PS3.3 C.7.6.3.1.2): pixel by pixel, ending at the lowest bit,
 * every pixel with its colour.
 * @param isConverted the decoder undid the colour transform of its format: samples are RGB
 */
export function decodedFormat(format: PixelFormat, isConverted: boolean): PixelFormat {
  const photometric =
    format.samplesPerPixel === 1
      ? format.photometric
      : isConverted
        ? 'RGB'
        : (fullColour[format.photometric] ?? format.photometric)
  return { ...format, photometric, isPlanar: false, highBit: format.bitsStored - 1 }
}

/** Decoders give every pixel its own colour; the transforms of JPEG 2000 exist in its codestreams only. */
const fullColour: Readonly<Record<string, string>> = { YBR_FULL_422: 'YBR_FULL', YBR_RCT: 'RGB', YBR_ICT: 'RGB' }

/** Photometric Interpretation of decoded samples once they are written in a transfer syntax (PS3.5 8.2.4). */
export function writtenPhotometric(format: PixelFormat, syntaxUid: string): string {
  const target = targets[syntaxUid]
  const isTransformed = (target === 'jpeg-2000' || target === 'htj2k') && hasTransform(format)
  return isTransformed ? 'YBR_RCT' : format.photometric
}

// With 16 bits the transform of the encoder would not be reversible.
const hasTransform = (format: PixelFormat): boolean =>
  format.photometric === 'RGB' && format.samplesPerPixel === 3 && format.bitsStored <= 8

/** Values with a sign have at least so many bits in a codestream: the encoders do not read shorter ones as signed. */
const leastSignedBits = 9

/** Decoded samples as the encoders want them: in bytes where these are wide enough. */
export function blockOf(stored: StoredArray, format: PixelFormat): SampleBlock {
  const { bitsStored, isSigned, columns, rows, samplesPerPixel: components } = format
  const bits = isSigned ? Math.max(bitsStored, leastSignedBits) : bitsStored
  const isFitting = bits <= 8 === (stored.BYTES_PER_ELEMENT === 1)
  const { length } = stored
  const samples = isFitting ? stored : bits > 8 ? new Int16Array(length) : new Uint8Array(length)
  if (!isFitting) samples.set(stored)
  return { samples, columns, rows, components, bits, isSigned, isColourTransformed: hasTransform(format) }
}

/**
 * Writes the stored values of one frame in a transfer syntax, without loss.
 * @param format of the decoded samples, see `decodedFormat`
 * @param roomyBytes see `encodeJpegLs`
 * @throws {RangeError} when `canEncode` says no, or noise of more than `roomyBytes` has no room in JPEG-LS
 */
export async function encodeFrame(
  stored: StoredArray,
  format: PixelFormat,
  syntaxUid: string,
  encoders: Encoders,
  roomyBytes = Number.POSITIVE_INFINITY,
): Promise<Uint8Array<ArrayBuffer>> {
  const target = targets[syntaxUid]
  if (target === undefined || !canEncode(format, syntaxUid))
    throw new RangeError(`${format.bitsStored} bits of ${format.bitsAllocated} cannot be written as ${syntaxUid}`)
  const { columns, samplesPerPixel: components, bitsStored } = format
  const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)
  if (target === 'native') return format.bitsAllocated === 1 ? packBits(stored, sampleCount(format)) : bytes
  if (target === 'rle') return encodeRle(bytes, columns, components, format.bitsAllocated / 8)
  if (target === 'htj2k') return (await encodeHtj2k(blockOf(stored, format), encoders)).bytes
  if (target === 'jpeg-2000') {
    return encodeWasm('jpeg-2000', blockOf(stored, format), encoders, (encoder) => {
      encoder.setQuality(true, 0)
      // Five halvings as everybody has them, but none of an edge of one pixel.
      encoder.setDecompositions(Math.min(5, Math.floor(Math.log2(Math.min(columns, format.rows)))))
    })
  }
  if (target === 'jpeg') return encodeLosslessJpeg({ ...unsigned(stored, format, bitsStored), precision: bitsStored })
  // Samples of a codestream are as wide as Bits Allocated says: readers believe only one of the two.
  const bits = format.bitsAllocated === 16 ? Math.max(bitsStored, 9) : bitsStored
  return encodeJpegLs(unsigned(stored, format, bits), encoders, roomyBytes)
}

/** JPEG and JPEG-LS know no sign: the bits of the value as they are, Pixel Representation says what they mean. */
function unsigned(
  stored: StoredArray,
  { bitsStored, columns, rows, samplesPerPixel: components }: PixelFormat,
  bits: number,
): SampleBlock & { samples: Uint8Array | Uint16Array } {
  const mask = 2 ** bitsStored - 1
  const samples = bits > 8 ? new Uint16Array(stored.length) : new Uint8Array(stored.length)
  for (let index = 0; index < samples.length; index += 1) samples[index] = stored[index]! & mask
  return { samples, columns, rows, components, bits, isSigned: false, isColourTransformed: false }
}

/** One byte each → bits of a byte from the lowest up (PS3.5 8.1.1). */
function packBits(bits: StoredArray, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil(count / 8))
  for (let index = 0; index < count; index += 1) bytes[index >> 3]! |= (bits[index]! & 1) << (index & 7)
  return bytes
}
