import type { FrameAttributes } from './frame-attributes.ts'
import type { DecodedImage, Values } from './open-frame.ts'
import type { FrameStatistics } from './statistics.ts'
import { type Picture, type Part, resample } from './resample.ts'
import { firstPreset, fromCentreAndWidth, presetWindow, toStoredRange, type Window } from './window.ts'

/** A window as DICOMweb asks for it (PS3.18 8.3.5.1.4), in units after the rescale. */
export interface AskedWindow {
  centre: number
  width: number
  shape: 'linear' | 'linear-exact' | 'sigmoid'
}

export interface RenderOptions {
  /** Absent: the file's own if it says something about these values, else all but the darkest and brightest half per cent. */
  window?: AskedWindow | undefined
  /** Part of the image, in pixels; a negative extent mirrors it. */
  region?: Part | undefined
  /** The picture fits into this and keeps its shape, that of its pixels included. Absent: a pixel for a pixel. */
  viewport?: { width: number; height: number; isEnlarging: boolean } | undefined
}

/** Windows, inverts, cuts out and scales one decoded frame, in this order (PS3.18 8.3.5.1). */
export function renderPicture(
  image: Pick<DecodedImage, 'values' | 'statistics' | 'display'>,
  attributes: FrameAttributes,
  options: RenderOptions,
): Picture {
  const { display, values } = image
  const { columns, rows } = values.format
  const grey = display.components === 1
  const pixels = grey ? windowed(values, image.statistics, attributes, options.window) : eightBit(display.pixels)
  // Colours may have been reduced already, and with them what a region counts in.
  const size = grey ? { columns, rows } : { columns: display.columns, rows: display.rows }
  return resample({ pixels, ...size, components: display.components }, attributes.aspect, options)
}

const eightBit = (pixels: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)

/** Stored values → 0 (black) to 255 (white). */
function windowed(
  { samples, format }: Values,
  statistics: FrameStatistics,
  attributes: FrameAttributes,
  asked: AskedWindow | undefined,
): Uint8Array<ArrayBuffer> {
  const shade = shadeOf(windowOf(format, statistics, attributes, asked), asked, attributes)
  const pixels = new Uint8Array(samples.length)
  if (format.kind === 'float' || samples.BYTES_PER_ELEMENT > 2) {
    for (let index = 0; index < pixels.length; index += 1) pixels[index] = shade(samples[index]!)
    return pixels
  }
  // Every value that the array can hold: padding may lie far from all others.
  const count = 2 ** (8 * samples.BYTES_PER_ELEMENT)
  const first = samples instanceof Int8Array || samples instanceof Int16Array ? -count / 2 : 0
  const table = Uint8Array.from({ length: count }, (_, index) => shade(first + index))
  for (let index = 0; index < pixels.length; index += 1) pixels[index] = table[samples[index]! - first]!
  return pixels
}

/** In stored values. */
function windowOf(
  format: Values['format'],
  statistics: FrameStatistics,
  { fileWindows, rescale }: FrameAttributes,
  asked: AskedWindow | undefined,
): Window {
  if (asked) {
    const { centre, width, shape } = asked
    return toStoredRange(fromCentreAndWidth(centre, width, shape !== 'linear'), rescale)
  }
  const preset = firstPreset(fileWindows, statistics, rescale)
  return toStoredRange(presetWindow(preset, format, statistics, fileWindows, rescale), rescale)
}

function shadeOf(
  { lower, upper }: Window,
  asked: AskedWindow | undefined,
  { isInverse }: FrameAttributes,
): (value: number) => number {
  const share =
    asked?.shape === 'sigmoid'
      ? // PS3.3 C.11.2.1.3.1; centre and width are those of the stored range.
        (value: number) => 1 / (1 + Math.exp((-4 * (value - (lower + upper) / 2)) / (upper - lower)))
      : lower === upper
        ? (value: number) => (value > lower ? 1 : 0)
        : (value: number) => Math.min(1, Math.max(0, (value - lower) / (upper - lower)))
  return (value) => {
    const grey = share(value)
    // What is no number is shown as the lowest value.
    const shown = Number.isNaN(grey) ? 0 : grey
    return Math.round(255 * (isInverse ? 1 - shown : shown))
  }
}
