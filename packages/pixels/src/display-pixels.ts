import type { LookupTable } from './frame-attributes.ts'
import { lookUp } from './look-up.ts'
import type { PixelFormat, StoredArray } from './pixel-format.ts'
import { createReducer } from './reduce.ts'
import type { FrameStatistics } from './statistics.ts'

export type DisplayArray =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>

/** What the graphics card gets: never used for values, only for the picture. */
export interface DisplayPixels {
  pixels: DisplayArray
  columns: number
  rows: number
  /** 1 grey, 3 red green blue. */
  components: 1 | 3
  /** Taken away from every stored value, so that 32-bit values keep their digits in a 32-bit float. */
  offset: number
  /** Edge of the square of stored pixels that became one, where the image is larger than a texture may be. */
  reduction: number
}

/** How the decoder left the samples of a colour image. */
export type ColourModel = 'grey' | 'rgb' | 'ybr-full' | 'ybr-partial' | 'palette'

export function colourModelOf(format: PixelFormat, isConverted: boolean): ColourModel {
  if (format.photometric === 'PALETTE COLOR' && format.samplesPerPixel === 1) return 'palette'
  if (format.samplesPerPixel === 1) return 'grey'
  if (isConverted) return 'rgb'
  if (format.photometric.startsWith('YBR_PARTIAL')) return 'ybr-partial'
  // ICT and RCT are undone by the JPEG 2000 decoder; elsewhere the names stand for full-range YCbCr.
  return format.photometric.startsWith('YBR') ? 'ybr-full' : 'rgb'
}

/** Makes the picture's samples. Shares the given array where it can be shown as it is. */
export function displayPixels(
  { samples, format }: { samples: StoredArray; format: PixelFormat },
  model: ColourModel,
  statistics: FrameStatistics,
  palette: readonly LookupTable[] | undefined,
  maxTexture: number,
): DisplayPixels {
  const { rows, columns } = format
  const reduction = Math.max(1, Math.ceil(Math.max(rows, columns) / maxTexture))
  if (model !== 'grey') {
    const pixels = model === 'palette' ? paletteColours(samples, palette ?? []) : colours(samples, format, model)
    return { ...reduce(pixels, columns, rows, 3, reduction), components: 3, offset: 0, reduction }
  }
  const offset = needsOffset(samples) ? statistics.min : 0
  const pixels = greys(samples, offset, statistics.min)
  return { ...reduce(pixels, columns, rows, 1, reduction), components: 1, offset, reduction }
}

const needsOffset = (stored: StoredArray): boolean =>
  stored instanceof Int32Array || stored instanceof Uint32Array || stored instanceof Float64Array

function greys(stored: StoredArray, offset: number, min: number): DisplayArray {
  if (stored instanceof Uint8Array || stored instanceof Uint16Array || stored instanceof Int16Array) return stored
  if (stored instanceof Int8Array) return Int16Array.from(stored)
  if (stored instanceof Float32Array && stored.every(Number.isFinite)) return stored
  const pixels = new Float32Array(stored.length)
  for (let index = 0; index < stored.length; index += 1) {
    const value = stored[index]! - offset
    // One NaN makes a whole texture black on some cards.
    pixels[index] = Number.isFinite(value) ? value : value > 0 ? 3.4e38 : min - offset
  }
  return pixels
}

function paletteColours(stored: StoredArray, palette: readonly LookupTable[]): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(stored.length * 3)
  palette.forEach((table, channel) => {
    // 8-bit entries in 16-bit words by some writers: the descriptor says 16, the values say 8.
    const shift = table.bits > 8 && table.values.some((value) => value > 255) ? table.bits - 8 : 0
    for (let index = 0; index < stored.length; index += 1)
      pixels[index * 3 + channel] = lookUp(table, stored[index]!) >> shift
  })
  return pixels
}

function colours(stored: StoredArray, format: PixelFormat, model: ColourModel): Uint8Array<ArrayBuffer> {
  const eight = toEightBits(stored, format)
  if (model === 'rgb') return eight
  const pixels = new Uint8ClampedArray(eight.length)
  const isPartial = model === 'ybr-partial'
  for (let index = 0; index < eight.length; index += 3) {
    const y = isPartial ? (eight[index]! - 16) * (255 / 219) : eight[index]!
    const scale = isPartial ? 255 / 224 : 1
    const cb = (eight[index + 1]! - 128) * scale
    const cr = (eight[index + 2]! - 128) * scale
    // PS3.3 C.7.6.3.1.2; rounding and clamping is the array's own.
    pixels[index] = y + 1.402 * cr
    pixels[index + 1] = y - 0.344136 * cb - 0.714136 * cr
    pixels[index + 2] = y + 1.772 * cb
  }
  return new Uint8Array(pixels.buffer)
}

function toEightBits(stored: StoredArray, format: PixelFormat): Uint8Array<ArrayBuffer> {
  if (stored instanceof Uint8Array && format.bitsStored === 8) return stored
  const pixels = new Uint8Array(stored.length)
  const scale = 255 / (2 ** format.bitsStored - 1)
  const zero = format.isSigned ? 2 ** (format.bitsStored - 1) : 0
  for (let index = 0; index < stored.length; index += 1) pixels[index] = (stored[index]! + zero) * scale
  return pixels
}

function reduce<T extends DisplayArray>(
  pixels: T,
  columns: number,
  rows: number,
  components: 1 | 3,
  reduction: number,
): { pixels: T; columns: number; rows: number } {
  if (reduction === 1) return { pixels, columns, rows }
  const reducer = createReducer({ columns, rows, components }, reduction, (length) => {
    return new (pixels.constructor as new (length: number) => T)(length)
  })
  reducer.push(pixels)
  return reducer.finish()
}
