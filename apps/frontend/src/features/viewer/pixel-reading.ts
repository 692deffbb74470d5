import { type LoadedFrame, type Point, rescaled, storedValuesAt } from './engine/index.ts'

/** What is under the cursor. */
export interface PixelReading {
  x: number
  y: number
  stored: number[]
  /** Of the first sample, when the file has a rescale or a Modality LUT. */
  rescaled: number | undefined
}

/** What a frame says at a pixel; undefined outside of it. */
export function readPixel(frame: LoadedFrame, pixel: Point): PixelReading | undefined {
  const stored = storedValuesAt(frame.image.stored, frame.format, pixel.x, pixel.y)
  return stored && { x: pixel.x, y: pixel.y, stored, rescaled: meaningOf(frame, pixel, stored[0]) }
}

/** The value after rescale or Modality LUT; undefined when the file has neither. */
function meaningOf(
  { image, format, attributes }: LoadedFrame,
  { x, y }: Point,
  stored: number | undefined,
): number | undefined {
  const { values } = image
  if (values.samples !== image.stored) return storedValuesAt(values.samples, format, x, y)?.[0]
  return attributes.rescale && stored !== undefined ? rescaled(stored, attributes.rescale) : undefined
}
