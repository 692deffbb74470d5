import { transferSyntax } from '@instandt/dicom'
import { CodecMissing, type Codecs, type FrameInfo, type WasmCodec, wasmError } from './codecs.ts'
import { withBoundHeap } from './bound-heap.ts'
import { codestreamOf, type PictureSize, readSizeInside } from './codestream.ts'
import { checkWork } from './codestream-work.ts'
import { hasColourTransform, linesFromDecoder } from './htj2k-lines.ts'
import { decodeJpegDct, type JpegHeader, readJpegHeader } from './jpeg-dct.ts'
import { PixelFault } from './pixel-fault.ts'
import { nativeFrameBytes, type PixelFormat, sampleCount, type StoredArray } from './pixel-format.ts'
import { decodeRle } from './rle.ts'
import { allocateStored, extractBits, interleave, readNativeFrame } from './stored-values.ts'

export interface DecodedFrame {
  stored: StoredArray
  /** The codec undid the colour transform itself: samples are RGB whatever Photometric Interpretation says. */
  isConverted: boolean
}

type Family = 'native' | 'deflated' | 'rle' | 'jpeg' | WasmCodec

const families: Readonly<Record<string, Family>> = {
  '1.2.840.10008.1.2': 'native',
  '1.2.840.10008.1.2.1': 'native',
  '1.2.840.10008.1.2.1.98': 'native',
  '1.2.840.10008.1.2.8.1': 'deflated',
  '1.2.840.10008.1.2.5': 'rle',
  '1.2.840.10008.1.2.4.50': 'jpeg',
  '1.2.840.10008.1.2.4.51': 'jpeg',
  '1.2.840.10008.1.2.4.53': 'jpeg',
  '1.2.840.10008.1.2.4.55': 'jpeg',
  '1.2.840.10008.1.2.4.57': 'jpeg',
  '1.2.840.10008.1.2.4.70': 'jpeg',
  '1.2.840.10008.1.2.4.80': 'jpeg-ls',
  '1.2.840.10008.1.2.4.81': 'jpeg-ls',
  '1.2.840.10008.1.2.4.90': 'jpeg-2000',
  '1.2.840.10008.1.2.4.91': 'jpeg-2000',
  '1.2.840.10008.1.2.4.201': 'htj2k',
  '1.2.840.10008.1.2.4.202': 'htj2k',
  '1.2.840.10008.1.2.4.203': 'htj2k',
  '1.2.840.10008.1.2.4.110': 'jpeg-xl',
  '1.2.840.10008.1.2.4.111': 'jpeg-xl',
  '1.2.840.10008.1.2.4.112': 'jpeg-xl',
}
const isVideo = (uid: string): boolean => /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/.test(uid)

export const syntaxName = (uid: string): string => transferSyntax(uid)?.name ?? uid

/** @throws {PixelFault} unsupported-syntax or video */
export function familyOf(uid: string): Family {
  const family = families[uid]
  if (family) return family
  if (isVideo(uid)) throw new PixelFault('video', { syntax: syntaxName(uid) })
  throw new PixelFault('unsupported-syntax', { syntax: syntaxName(uid), uid })
}

/**
 * Stored values of one frame in the transfer syntax of its bytes.
 * @throws {PixelFault} whatever is wrong with them
 * @throws {CodecMissing} nothing is said about them
 */
export async function decodeFrame(
  bytes: Uint8Array<ArrayBuffer>,
  syntaxUid: string,
  format: PixelFormat,
  codecs: Codecs,
): Promise<DecodedFrame> {
  const family = familyOf(syntaxUid)
  try {
    if (family === 'native') return { stored: readNativeFrame(bytes, format), isConverted: false }
    if (family === 'deflated') {
      return {
        stored: readNativeFrame(await codecs.inflateRaw(bytes, nativeFrameBytes(format)), format),
        isConverted: false,
      }
    }
    if (family === 'rle') return { stored: decodeRle(bytes, format), isConverted: false }
    // Some files say lossless and hold baseline, or the other way round: the stream itself knows.
    const jpeg = family === 'jpeg' ? readJpegHeader(bytes) : undefined
    if (jpeg?.process === 3) return await decodeLosslessJpeg(bytes, jpeg, format, codecs)
    if (family === 'jpeg') return decodeJpeg(bytes, format)
    return await decodeWasm(bytes, family, format, codecs)
  } catch (error) {
    if (error instanceof PixelFault || error instanceof CodecMissing) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new PixelFault('decode-failed', { syntax: syntaxName(syntaxUid), reason }, error)
  }
}

function checkSize(found: PictureSize, format: PixelFormat): void {
  const { columns, rows, components = format.samplesPerPixel } = found
  if (columns !== format.columns || rows !== format.rows || components !== format.samplesPerPixel) {
    const written = `${columns} × ${rows} × ${components}`
    throw new Error(
      `the picture is ${written}, the attributes say ${format.columns} × ${format.rows} × ${format.samplesPerPixel}`,
    )
  }
}

function decodeJpeg(bytes: Uint8Array<ArrayBuffer>, format: PixelFormat): DecodedFrame {
  const image = decodeJpegDct(bytes, format.rows * format.columns + 1_000_000)
  checkSize(image, format)
  return { stored: fitSamples(image.samples, format), isConverted: isRgbInside(bytes) }
}

async function decodeLosslessJpeg(
  bytes: Uint8Array<ArrayBuffer>,
  header: JpegHeader,
  format: PixelFormat,
  codecs: Codecs,
): Promise<DecodedFrame> {
  checkSize(header, format)
  const decode = await codecs.losslessJpeg()
  const samples = decode(bytes, format.bitsAllocated <= 8 ? 1 : 2)
  // It looks for its header in segments it does not know, where nobody else does.
  if (samples.length > sampleCount(format)) throw new Error('another picture than the header says')
  return { stored: fitSamples(samples, format), isConverted: false }
}

// Decoders begin with up to 50 MB and need up to 9 bytes for a sample.
const smallestHeap = 128 * 1024 * 1024
const heapBytes = 32

async function decodeWasm(
  bytes: Uint8Array<ArrayBuffer>,
  codec: WasmCodec,
  format: PixelFormat,
  codecs: Codecs,
): Promise<DecodedFrame> {
  const codestream = codestreamOf(bytes, codec)
  checkSize(readSizeInside(codestream, codec), format)
  if (codec === 'jpeg-2000' || codec === 'htj2k') checkWork(codestream)
  const { createDecoder, module } = await codecs.wasm(codec)
  const decoder = createDecoder()
  try {
    decoder.getEncodedBuffer(codestream.byteLength).set(codestream)
    withBoundHeap(smallestHeap + heapBytes * sampleCount(format) + 2 * codestream.byteLength, () => decoder.decode())
    const info = decoder.getFrameInfo()
    // Decoders that only print what is wrong leave nothing behind.
    if (info.width === 0 || info.height === 0) throw new Error('damaged data')
    const size = { columns: info.width, rows: info.height, components: info.componentCount }
    checkSize(size, format)
    // The decoder's memory goes with it.
    const given = viewDecoded(decoder.getDecodedBuffer().slice(), info)
    const decoded = codec === 'htj2k' ? linesFromDecoder(given, codestream, size) : given
    const isPlanar = info.componentCount > 1 && decoder.getInterleaveMode?.() === 0
    const fitted = fitSamples(decoded, format)
    const isConverted = codec !== 'jpeg-ls' && isTransformUndone(bytes, format)
    return { stored: isPlanar ? interleave(fitted, format) : fitted, isConverted }
  } catch (error) {
    throw wasmError(error, module)
  } finally {
    decoder.delete()
  }
}

/**
 * Whether decoding this frame gives red green blue where the attributes say something else: known from its first bytes,
 * without decoding it.
 */
export function decodesToRgb(bytes: Uint8Array, syntaxUid: string, format: PixelFormat): boolean {
  const family = families[syntaxUid]
  if (family === 'jpeg') return isRgbInside(bytes)
  return (family === 'jpeg-2000' || family === 'htj2k' || family === 'jpeg-xl') && isTransformUndone(bytes, format)
}

/** Adobe's marker: no transform. */
const isRgbInside = (bytes: Uint8Array): boolean => readJpegHeader(bytes)?.adobeTransform === 0

/**
 * Whether the decoder of JPEG 2000 or JPEG XL made RGB of YBR: when the codestream says so, or the attributes name a
 * transform that only codestreams have.
 */
function isTransformUndone(bytes: Uint8Array, { samplesPerPixel, photometric }: PixelFormat): boolean {
  if (samplesPerPixel !== 3 || !photometric.startsWith('YBR')) return false
  if (photometric === 'YBR_RCT' || photometric === 'YBR_ICT') return true
  // What is no bare codestream (JPEG XL, or in boxes) is RGB once it is decoded.
  return hasColourTransform(bytes) ?? true
}

/** The samples a decoder gave, in the type its header names. */
export function viewDecoded(bytes: Uint8Array<ArrayBuffer>, info: FrameInfo): StoredArray {
  const { buffer } = bytes
  if (info.bitsPerSample <= 8) return info.isSigned ? new Int8Array(buffer) : bytes
  if (info.bitsPerSample <= 16) return info.isSigned ? new Int16Array(buffer) : new Uint16Array(buffer)
  return info.isSigned ? new Int32Array(buffer) : new Uint32Array(buffer)
}

/**
 * Decoded samples in the width and sign of the format. A codec gives the values themselves, so Bits Stored counts from
 * the lowest bit; a sign that the codec knows nothing of comes from Pixel Representation.
 */
function fitSamples(samples: StoredArray | Uint8Array | Uint16Array, format: PixelFormat): StoredArray {
  const expected = sampleCount(format)
  if (samples.length < expected) throw new Error(`${samples.length} samples where ${expected} are needed`)
  const fitted = allocateStored(format)
  fitted.set(samples.length === expected ? samples : samples.subarray(0, expected))
  extractBits(fitted, { ...format, highBit: format.bitsStored - 1 })
  return fitted
}
