import { type Dataset, getNumber, getString, tags } from '@instandt/dicom'
import { PixelFault } from './pixel-fault.ts'

/** How the samples of one instance are written (PS3.3 C.7.6.3). */
export interface PixelFormat {
  rows: number
  columns: number
  samplesPerPixel: number
  bitsAllocated: number
  bitsStored: number
  highBit: number
  isSigned: boolean
  /** Planar Configuration 1: all of the first sample, then all of the second … */
  isPlanar: boolean
  photometric: string
  kind: 'integer' | 'float'
  frameCount: number
}

export type StoredArray =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>

/** Samples of one frame, pixel by pixel; 1-bit pixels take a byte each. */
export const sampleCount = (format: PixelFormat): number => format.rows * format.columns * format.samplesPerPixel

/** YBR_FULL_422 as native pixels: two pixels share their colour, so a pixel takes two samples (PS3.3 C.7.6.3.1.2). */
export const isSubsampled = (format: PixelFormat): boolean =>
  format.samplesPerPixel === 3 && (format.photometric === 'YBR_FULL_422' || format.photometric === 'YBR_PARTIAL_422')

/** Bytes of one native frame, as it stands in the file. */
export function nativeFrameBytes(format: PixelFormat): number {
  const samples = isSubsampled(format) ? format.rows * format.columns * 2 : sampleCount(format)
  return Math.ceil((samples * format.bitsAllocated) / 8)
}

const allocations = { integer: [1, 8, 16, 32], float: [32, 64] }

/**
 * Reads the format of the pixel data.
 * @throws {PixelFault} no-pixels, missing-attribute or unsupported-format
 */
export function readPixelFormat(dataset: Dataset): PixelFormat {
  const isFloat = dataset[tags.floatPixelData] !== undefined
  const isDouble = dataset[tags.doubleFloatPixelData] !== undefined
  if (!isFloat && !isDouble && dataset[tags.pixelData] === undefined)
    throw new PixelFault('no-pixels', whatElse(dataset))

  const needed = (tag: string, name: string): number => {
    const value = getNumber(dataset, tag)
    if (value === undefined) throw new PixelFault('missing-attribute', { name })
    return value
  }
  const kind = isFloat || isDouble ? 'float' : 'integer'
  const bitsAllocated = isDouble ? 64 : isFloat ? 32 : needed(tags.bitsAllocated, 'Bits Allocated')
  const bitsStored = kind === 'float' ? bitsAllocated : (getNumber(dataset, tags.bitsStored) ?? bitsAllocated)
  const samplesPerPixel = getNumber(dataset, tags.samplesPerPixel) ?? 1
  const format: PixelFormat = {
    rows: needed(tags.rows, 'Rows'),
    columns: needed(tags.columns, 'Columns'),
    samplesPerPixel,
    bitsAllocated,
    // More bits than there is room for: every bit counts.
    bitsStored: Math.min(bitsStored, bitsAllocated),
    highBit: Math.min(getNumber(dataset, tags.highBit) ?? bitsStored - 1, bitsAllocated - 1),
    isSigned: getNumber(dataset, tags.pixelRepresentation) === 1,
    isPlanar: samplesPerPixel > 1 && getNumber(dataset, tags.planarConfiguration) === 1,
    photometric: getString(dataset, tags.photometricInterpretation) ?? (samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2'),
    kind,
    frameCount: Math.max(1, Math.trunc(getNumber(dataset, tags.numberOfFrames) ?? 1)),
  }
  checkFormat(format)
  return format
}

function checkFormat(format: PixelFormat): void {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, highBit, kind } = format
  const unsupported = (name: string, value: number | string): never => {
    throw new PixelFault('unsupported-format', { name, value })
  }
  if (!(rows >= 1)) unsupported('Rows', rows)
  if (!(columns >= 1)) unsupported('Columns', columns)
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) unsupported('Samples per Pixel', samplesPerPixel)
  if (!allocations[kind].includes(bitsAllocated)) unsupported('Bits Allocated', bitsAllocated)
  if (!(bitsStored >= 1)) unsupported('Bits Stored', bitsStored)
  if (highBit + 1 < bitsStored) unsupported('High Bit', highBit)
}

/** What an object without pixels is instead, by what it carries. */
function whatElse(dataset: Dataset): { content: 'document' | 'waveform' | 'report' | 'other' } {
  if (dataset[tags.encapsulatedDocument] !== undefined) return { content: 'document' }
  if (dataset[tags.waveformSequence] !== undefined) return { content: 'waveform' }
  if (dataset[tags.contentSequence] !== undefined) return { content: 'report' }
  return { content: 'other' }
}
