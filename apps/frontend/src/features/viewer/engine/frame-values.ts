import { type Padding, rescaled, storedValuesAt, type Region, type ValueRange, valueRange } from '@instandt/pixels'
import type { LoadedFrame } from './frame-store.ts'
import { tileAt, tileBox } from './tile-grid.ts'
import { formatOfTile, type TiledFrame } from './tiled-frame.ts'

/** A frame that is shown: whole in memory, or in tiles that come when they are needed. */
export type ShownFrame = LoadedFrame | TiledFrame

/** What stands at a pixel. Never taken from a reduced picture. */
export interface PixelValues {
  stored: number[]
  /** Of the first sample, when the file has a rescale or a Modality LUT. */
  rescaled: number | undefined
}

/** The values of a pixel of the frame; undefined when its tile is not here yet. */
export function valuesAt(frame: ShownFrame, x: number, y: number): PixelValues | undefined {
  if (frame.kind === 'whole') return read(frame, frame.image, frame.format, x, y)
  const tile = tileAt(frame.grid, x, y)
  const image = frame.source.peek({ level: 0, tile })
  if (!image) return undefined
  const { left, top } = tileBox(frame.grid, tile)
  return read(frame, image, formatOfTile(frame, { level: 0, tile }), x - left, y - top)
}

function read(
  { attributes }: ShownFrame,
  { stored, values }: LoadedFrame['image'],
  format: LoadedFrame['format'],
  x: number,
  y: number,
): PixelValues | undefined {
  const found = storedValuesAt(stored, format, x, y)
  const first = found?.[0]
  if (!found || first === undefined) return undefined
  if (values.samples !== stored) return { stored: found, rescaled: storedValuesAt(values.samples, format, x, y)?.[0] }
  return { stored: found, rescaled: attributes.rescale && rescaled(first, attributes.rescale) }
}

/** Fetches what `valuesAt` needs. */
export async function fetchValuesAt(frame: ShownFrame, x: number, y: number, signal: AbortSignal): Promise<void> {
  if (frame.kind === 'tiles') await frame.source.demand({ level: 0, tile: tileAt(frame.grid, x, y) }, signal)
}

/**
 * Smallest and largest value within a region, of the values that windows are in. Tiles are read one after another, so that
 * a region may be larger than the memory for them.
 */
export async function rangeWithin(frame: ShownFrame, region: Region, signal: AbortSignal): Promise<ValueRange> {
  const paddingOf = ({ stored, values }: LoadedFrame['image']): Padding | undefined =>
    // It is a stored value: what a Modality LUT made of it is not known by it.
    values.samples === stored ? frame.attributes.padding : undefined
  if (frame.kind === 'whole') {
    const { samples, format } = frame.image.values
    const padding = paddingOf(frame.image)
    const range = valueRange(samples, format, padding, region) ?? valueRange(samples, format, undefined, region)
    return range ?? { min: 0, max: 0 }
  }
  const { grid, source } = frame
  const range = nothing()
  const padded = nothing()
  const last = tileAt(grid, region.right - 1, region.bottom - 1)
  for (let tile = tileAt(grid, region.left, region.top); tile <= last; tile += 1) {
    const box = tileBox(grid, tile)
    const part = {
      left: Math.max(0, region.left - box.left),
      top: Math.max(0, region.top - box.top),
      right: Math.min(box.columns, region.right - box.left),
      bottom: Math.min(box.rows, region.bottom - box.top),
    }
    if (part.left >= part.right || part.top >= part.bottom) continue
    const image = await source.demand({ level: 0, tile }, signal)
    const { values } = image
    const padding = paddingOf(image)
    widen(range, valueRange(values.samples, values.format, padding, part))
    if (padding) widen(padded, valueRange(values.samples, values.format, undefined, part))
  }
  // Padding only counts where nothing else is.
  return [range, padded].find(({ min, max }) => min <= max) ?? { min: 0, max: 0 }
}

const nothing = (): ValueRange => ({ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY })

function widen(range: ValueRange, by: ValueRange | undefined): void {
  if (!by) return
  range.min = Math.min(range.min, by.min)
  range.max = Math.max(range.max, by.max)
}
