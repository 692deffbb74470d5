import type { PixelFormat, StoredArray } from './pixel-format.ts'

/** What windows are made of, over the stored values of one frame. */
export interface FrameStatistics {
  min: number
  max: number
  /** Values that leave out the darkest and the brightest half per cent of the pixels. */
  lowPercentile: number
  highPercentile: number
}

export interface Padding {
  lower: number
  upper: number
}

/** A region in pixels; its far edges are outside. */
export interface Region {
  left: number
  top: number
  right: number
  bottom: number
}

const tail = 0.005
const bins = 65_536

export interface ValueRange {
  min: number
  max: number
}

/** Smallest and largest value of a frame or of a region of it, without padding; undefined when nothing else is there. */
export function valueRange(
  stored: StoredArray,
  format: PixelFormat,
  padding?: Padding,
  region?: Region,
): ValueRange | undefined {
  const { columns, rows, samplesPerPixel } = format
  const area = region ?? { left: 0, top: 0, right: columns, bottom: rows }
  const { lower, upper } = padding ?? noPadding
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let row = area.top; row < area.bottom; row += 1) {
    const to = (row * columns + area.right) * samplesPerPixel
    for (let index = (row * columns + area.left) * samplesPerPixel; index < to; index += 1) {
      const value = stored[index]!
      if (value >= lower && value <= upper) continue
      // Comparisons with NaN are false; infinities stand for "out of range".
      if (value < min && value !== Number.NEGATIVE_INFINITY) min = value
      if (value > max && value !== Number.POSITIVE_INFINITY) max = value
    }
  }
  return min > max ? undefined : { min, max }
}

/**
 * Statistics of a frame or of a region of it. Pixels of padding and values that are no numbers are left out, unless
 * nothing else is there.
 */
export function measureFrame(
  stored: StoredArray,
  format: PixelFormat,
  padding?: Padding,
  region?: Region,
): FrameStatistics {
  const range = valueRange(stored, format, padding, region)
  if (!range) return padding ? measureFrame(stored, format, undefined, region) : none
  const { min, max } = range
  if (min === max) return { min, max, lowPercentile: min, highPercentile: max }

  const { columns, rows, samplesPerPixel } = format
  const area = region ?? { left: 0, top: 0, right: columns, bottom: rows }
  const { lower, upper } = padding ?? noPadding
  const isWhole = format.kind === 'integer' && max - min < bins
  const scale = isWhole ? 1 : (bins - 1) / (max - min)
  const histogram = new Uint32Array(bins)
  let counted = 0
  for (let row = area.top; row < area.bottom; row += 1) {
    const to = (row * columns + area.right) * samplesPerPixel
    for (let index = (row * columns + area.left) * samplesPerPixel; index < to; index += 1) {
      const value = stored[index]!
      if (!(value >= min && value <= max) || (value >= lower && value <= upper)) continue
      // Whole and below 65,536: `| 0` is far faster here than Math.floor.
      histogram[((value - min) * scale) | 0]! += 1
      counted += 1
    }
  }
  const valueOf = (bin: number): number => min + bin / scale
  return {
    min,
    max,
    lowPercentile: valueOf(binAt(histogram, counted * tail)),
    highPercentile: valueOf(binAt(histogram, counted * (1 - tail))),
  }
}

// Nothing lies in an empty range: without padding every value counts.
const noPadding: Padding = { lower: Number.POSITIVE_INFINITY, upper: Number.NEGATIVE_INFINITY }
const none: FrameStatistics = { min: 0, max: 0, lowPercentile: 0, highPercentile: 0 }

function binAt(histogram: Uint32Array, rank: number): number {
  let seen = 0
  for (let bin = 0; bin < histogram.length; bin += 1) {
    seen += histogram[bin]!
    if (seen >= rank && seen > 0) return bin
  }
  return histogram.length - 1
}
