import type { ByteSource } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { limits } from '../limits.ts'
import { checkSize, nativeBytes, type Picture, type PixelForm } from '../picture.ts'
import { decodeJpeg } from './decode.ts'
import { type JpegHeader, MarkerWalk, readJpegHeader } from './markers.ts'

const syntaxes = {
  baseline: '1.2.840.10008.1.2.4.50',
  extended: '1.2.840.10008.1.2.4.51',
  lossless: '1.2.840.10008.1.2.4.57',
  losslessFirstOrder: '1.2.840.10008.1.2.4.70',
}

/** The frame's transfer syntax (PS3.5 A.4.1); undefined for a progressive one, which DICOM has retired. */
function syntaxOf({ process, predictor, precision }: JpegHeader): string | undefined {
  if (process === 0) return syntaxes.baseline
  if (process === 1) return syntaxes.extended
  if (process === 3) return predictor === 1 ? syntaxes.losslessFirstOrder : syntaxes.lossless
  if (process === 2 && precision === 8) return undefined
  throw new ConvertFault(
    'unsupported',
    `This JPEG stream is arithmetic or hierarchical, or progressive with ${precision} bits (frame type ${process}); save it as baseline JPEG.`,
  )
}

/**
 * A JPEG file. Its bytes up to the picture's end become the one frame of the object as they are, unless DICOM has no syntax for
 * them: a progressive one is decoded.
 * @throws ConvertFault
 */
export async function readJpeg(source: ByteSource): Promise<Picture> {
  const header = await readJpegHeader(source, 'The file')
  const byteLength = await findEnd(source, header.scanAt)
  const { columns, rows, samples, precision, process } = header
  if (samples !== 1 && samples !== 3)
    throw new ConvertFault('unsupported', `A JPEG stream with ${samples} samples a pixel (CMYK) is not read.`)
  if (precision > 16 || (samples === 3 && precision !== 8))
    throw new ConvertFault('unsupported', `A JPEG stream with ${samples} samples of ${precision} bits is not read.`)
  const syntax = syntaxOf(header)
  const isLossless = process === 3
  const isRgb = samples === 3 && (isLossless || isRgbByItself(header))
  const form: PixelForm = {
    columns,
    rows,
    samples,
    bitsAllocated: precision > 8 ? 16 : 8,
    bitsStored: precision,
    isSigned: false,
    // PS3.5 8.2.1: also when the chroma is not subsampled.
    photometric: samples === 1 ? 'MONOCHROME2' : isRgb || syntax === undefined ? 'RGB' : 'YBR_FULL_422',
  }
  // Of a stream that stays as it is nothing is inflated here.
  checkSize(form, syntax === undefined ? byteLength : Number.POSITIVE_INFINITY)
  const common = {
    ...form,
    spacing: header.spacing,
    ...(isLossless ? {} : { lossyBytes: byteLength }),
    ...(header.orientation === 1 ? {} : { note: orientationNote(header.orientation) }),
  }
  if (syntax !== undefined) {
    return {
      ...common,
      byteLength,
      transferSyntaxUid: syntax,
      pieces: () => source.stream(0, byteLength),
    }
  }
  if (byteLength > limits.heldBytes)
    throw new ConvertFault('too-large', `A progressive JPEG stream of ${byteLength} bytes is too large.`)
  return {
    ...common,
    byteLength: nativeBytes(form),
    pieces: async function* () {
      const stream = Uint8Array.from(await source.read(0, byteLength))
      yield await decodeJpeg(stream, { columns, rows, samples, name: 'The file' })
    },
  }
}

/** As libjpeg tells: a JFIF segment rules, then the Adobe segment, then the letters of the components. */
function isRgbByItself({ isJfif, adobeTransform, componentIds }: JpegHeader): boolean {
  if (isJfif) return false
  if (adobeTransform !== undefined) return adobeTransform === 0
  return String.fromCharCode(...componentIds) === 'RGB'
}

/** Exif says how to hold it; DICOM has no such word, and the bits stay. */
const orientationNote = (orientation: number): string =>
  `The camera was held turned or mirrored (Exif Orientation ${orientation}); the pixels are as it stored them.`

/** Where the picture ends: smaller ones lie before it, and cameras write further ones and films behind it. */
async function findEnd(source: ByteSource, scanAt: number): Promise<number> {
  const walk = new MarkerWalk()
  for await (const chunk of source.stream(scanAt, source.byteLength - scanAt)) {
    walk.take(chunk)
    if (walk.end !== undefined) return scanAt + walk.end
  }
  throw new ConvertFault('truncated', 'The JPEG stream has no end: the file was cut off.')
}
