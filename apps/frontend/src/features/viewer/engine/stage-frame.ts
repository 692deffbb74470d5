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
  /** The graphics card is lost for good. */
  onLost: (error: unknown) => void
}

/** This browser cannot draw: no WebGL. */
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
