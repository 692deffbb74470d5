import { toStoredRange, type Window } from '@instandt/pixels'
import type { ShownFrame } from './frame-values.ts'
import type { ImageSize, ViewState } from './view-transform.ts'

/** How a frame is to be drawn. */
export interface Presentation {
  view: ViewState
  /** In units after the rescale. Colour images have none. */
  window: Window
  isInverted: boolean
}

export interface StageEvents {
  /** The graphics card was lost and is back, or what draws is ready only now: the frame has to be drawn again. */
  onRestored: () => void
  /** It cannot be drawn any more. */
  onLost: (error: unknown) => void
}

/** There is no graphics card to draw with. */
export class NoGraphics extends Error {
  override readonly name = 'NoGraphics'
}

/** Size of the frame in its own pixels; what is drawn may be reduced. */
export const imageSizeOf = ({ format, attributes }: ShownFrame): ImageSize => ({
  columns: format.columns,
  rows: format.rows,
  aspect: attributes.aspect,
})

/** Values shown black and white, in the numbers the graphics card has. */
export function drawnRange(frame: ShownFrame, window: Window): Window {
  if (frame.components === 3) return { lower: 0, upper: 255 }
  const range = toStoredRange(window, frame.attributes.rescale)
  const offset = frame.kind === 'whole' ? frame.image.display.offset : 0
  return { lower: range.lower - offset, upper: range.upper - offset }
}

/** How values become tones: a window of no width would divide by zero; one that falls is drawn as one that rises, inverted. */
export function drawnTone(frame: ShownFrame, { window, isInverted }: Presentation) {
  const { lower, upper } = drawnRange(frame, window)
  const extent = Math.abs(upper - lower) || Number.EPSILON * Math.max(1, Math.abs(lower))
  const isGrey = frame.components === 1
  const isDark = isGrey && frame.attributes.isInverse
  return {
    lower: Math.min(lower, upper),
    extent,
    isInverted: (isInverted !== isDark) !== (isGrey && lower > upper),
  }
}

/** Large pixels are shown as what they are, small ones smoothly. */
export const smoothBelow = 3

/** Looks along each edge of a screen pixel, where it covers many of the samples that are `step` image pixels apart. */
export const looksOf = ({ zoom }: ViewState, step: number): number =>
  Math.min(4, Math.max(1, Math.ceil(0.5 / (zoom * step) - 1e-9)))
