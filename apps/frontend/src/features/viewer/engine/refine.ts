import type { DecodedImage } from '@instandt/pixels'
import type { ShownFrame } from './frame-values.ts'
import type { Stage } from './stage.ts'
import { allTiles, type TilePlace } from './tile-grid.ts'
import type { TileRequest, TileStore } from './tile-store.ts'
import { neededTiles, type TiledFrame } from './tiled-frame.ts'
import type { ViewState } from './view-transform.ts'

/** Up to this size all of a frame is fetched in full resolution, so that tools need not wait. */
const wholeBytes = 64 * 1024 * 1024
/** Tiles of frames to come: no more than two screens of them. */
const maxAhead = 24

/**
 * Asks for what the last drawing could not show, then for the rest of the frame where it is small enough, then for what the
 * frames to come will need.
 * @returns whether anything in sight is still on its way
 */
export function refine(
  tiles: TileStore<DecodedImage>,
  stage: Pick<Stage, 'missing' | 'size' | 'maxTexture'>,
  frame: ShownFrame,
  view: ViewState,
  next: readonly (ShownFrame | undefined)[],
): boolean {
  const ask = (from: TiledFrame) => (place: TilePlace) => from.source.request(place)
  const inSight = frame.kind === 'tiles' ? stage.missing().map(ask(frame)) : []
  const rest = frame.kind === 'tiles' && bytesOf(frame) <= wholeBytes ? allTiles(frame.grid, view).map(ask(frame)) : []
  const ahead: TileRequest<DecodedImage>[] = []
  for (const other of next) {
    if (other?.kind !== 'tiles' || ahead.length >= maxAhead) continue
    const sameShape = other.grid.columns === frame.format.columns && other.grid.rows === frame.format.rows
    const needed = sameShape ? neededTiles(other, view, stage.size(), stage.maxTexture) : undefined
    ahead.push(...(needed?.places ?? []).map(ask(other)))
  }
  tiles.want([...inSight, ...rest, ...ahead.slice(0, maxAhead)], inSight.length)
  return tiles.isBusy()
}

const bytesOf = ({ format }: TiledFrame): number =>
  (format.columns * format.rows * format.samplesPerPixel * format.bitsAllocated) / 8
