import type { PixelFormat } from './pixel-format.ts'
import type { FrameStatistics } from './statistics.ts'

/** Values shown as black and as white, in units after the rescale; straight in between. */
export interface Window {
  lower: number
  upper: number
}

/** Output = stored · slope + intercept (PS3.3 C.11.1). */
export interface Rescale {
  slope: number
  intercept: number
  /** Rescale Type, e.g. 'HU', or empty. */
  type: string
}

/** Window Center and Width as written in the file, with the words beside them. */
export interface FileWindow {
  centre: number
  width: number
  explanation: string
  isExact: boolean
}

export const rescaled = (stored: number, rescale: Rescale | undefined): number =>
  rescale ? stored * rescale.slope + rescale.intercept : stored

/** Back to stored values; a falling rescale turns the ends around. */
export function toStoredRange(window: Window, rescale: Rescale | undefined): Window {
  if (!rescale) return window
  return {
    lower: (window.lower - rescale.intercept) / rescale.slope,
    upper: (window.upper - rescale.intercept) / rescale.slope,
  }
}

function ordered(a: number, b: number): Window {
  return a <= b ? { lower: a, upper: b } : { lower: b, upper: a }
}

/** Window of the file in its VOI LUT Function: LINEAR (PS3.3 C.11.2.1.2.1) or LINEAR_EXACT (C.11.2.1.3.2). */
export function windowOfFile({ centre, width, isExact }: FileWindow): Window {
  if (isExact) return { lower: centre - width / 2, upper: centre + width / 2 }
  // LINEAR counts whole values: width 1 is a step at centre - 0.5.
  const half = (width - 1) / 2
  return { lower: centre - 0.5 - half, upper: centre - 0.5 + half }
}

/** Centre and width as people read them, for LINEAR with whole numbers and for LINEAR_EXACT. */
export function centreAndWidth({ lower, upper }: Window, isExact: boolean): { centre: number; width: number } {
  if (isExact) return { centre: (lower + upper) / 2, width: upper - lower }
  return { centre: (lower + upper + 1) / 2, width: upper - lower + 1 }
}

/** The window with this centre and width; the inverse of `centreAndWidth`. */
export function fromCentreAndWidth(centre: number, width: number, isExact: boolean): Window {
  return windowOfFile({ centre, width: Math.max(isExact ? Number.MIN_VALUE : 1, width), explanation: '', isExact })
}

export type WindowPreset = 'auto' | 'minmax' | 'full' | `file-${number}`

/** From the darkest to the brightest pixel. */
export function minMaxWindow(statistics: FrameStatistics, rescale: Rescale | undefined): Window {
  return ordered(rescaled(statistics.min, rescale), rescaled(statistics.max, rescale))
}

/** All but the darkest and brightest half per cent. */
export function autoWindow(statistics: FrameStatistics, rescale: Rescale | undefined): Window {
  const { lowPercentile, highPercentile } = statistics
  // Nearly all pixels alike, a few defects: the percentiles would hide them.
  if (lowPercentile === highPercentile) return minMaxWindow(statistics, rescale)
  return ordered(rescaled(lowPercentile, rescale), rescaled(highPercentile, rescale))
}

/** Everything Bits Stored can say; floats have no such range, so theirs is what is there. */
export function fullWindow(format: PixelFormat, statistics: FrameStatistics, rescale: Rescale | undefined): Window {
  if (format.kind === 'float') return minMaxWindow(statistics, rescale)
  const count = 2 ** format.bitsStored
  const [min, max] = format.isSigned ? [-count / 2, count / 2 - 1] : [0, count - 1]
  return ordered(rescaled(min, rescale), rescaled(max, rescale))
}

/** Does the window say something about these values at all? One that lies beside them shows black or white only. */
function isUseful(window: Window, statistics: FrameStatistics, rescale: Rescale | undefined): boolean {
  const { lower, upper } = minMaxWindow(statistics, rescale)
  if (lower === upper) return window.upper > window.lower
  return window.upper > window.lower && window.lower < upper && window.upper > lower
}

/** The window to begin with: the file's own if one is of use, otherwise from the pixels. */
export function firstPreset(
  fileWindows: readonly FileWindow[],
  statistics: FrameStatistics,
  rescale: Rescale | undefined,
): WindowPreset {
  const useful = fileWindows.findIndex((window) => isUseful(windowOfFile(window), statistics, rescale))
  return useful === -1 ? 'auto' : `file-${useful}`
}

export function presetWindow(
  preset: WindowPreset,
  format: PixelFormat,
  statistics: FrameStatistics,
  fileWindows: readonly FileWindow[],
  rescale: Rescale | undefined,
): Window {
  if (preset === 'full') return fullWindow(format, statistics, rescale)
  if (preset === 'minmax') return minMaxWindow(statistics, rescale)
  const fromFile = preset === 'auto' ? undefined : fileWindows[Number(preset.slice('file-'.length))]
  return fromFile ? windowOfFile(fromFile) : autoWindow(statistics, rescale)
}

/** Window after a drag: to the right wider, downwards brighter-from, by parts of `range` a pixel of the screen. */
export function dragWindow(window: Window, dx: number, dy: number, range: number): Window {
  const step = Math.max(range, Number.MIN_VALUE) / 512
  // A wide window is dragged coarser than a narrow one, so that both ends of a 16-bit range are reached.
  const width = Math.max(window.upper - window.lower, Number.MIN_VALUE)
  const gain = Math.max(step, width / 256)
  const wider = Math.max(width + dx * gain, step / 128)
  const centre = (window.lower + window.upper) / 2 + dy * gain
  return { lower: centre - wider / 2, upper: centre + wider / 2 }
}
