import { type Rendition, tileUrl } from '@instandt/api'
import type { DecodedImage, FrameAttributes, FrameStatistics, LookupTables, PixelFormat } from '@instandt/pixels'
import type { TileTask } from './decode-task.ts'
import { halved } from './halved.ts'
import { renditionAddress } from './plan-overview.ts'
import type { FrameAddress } from './requests.ts'
import type { TileRequest } from './tile-store.ts'
import {
  cellsFor,
  gridOf,
  levelFor,
  tileBox,
  type TileGrid,
  type TilePlace,
  tilesInSight,
  tilesOf,
} from './tile-grid.ts'
import type { Size, ViewState } from './view-transform.ts'

/** The whole image, small: what is drawn until its tiles are here. */
export interface Overview {
  image: DecodedImage
  columns: number
  rows: number
  /** Image pixels from one of its pixels to the next. */
  step: number
  /** Image pixel in the middle of its first one. */
  first: number
}

/** Tiles of one frame, from the memory that all frames share. */
export interface TileSource {
  request: (place: TilePlace) => TileRequest<DecodedImage>
  peek: (place: TilePlace) => DecodedImage | undefined
  /** Before all others; for tools. */
  demand: (place: TilePlace, signal: AbortSignal) => Promise<DecodedImage>
}

/** A frame of which only the overview and the tiles in sight are in memory. */
export interface TiledFrame {
  kind: 'tiles'
  address: FrameAddress
  /** Of the stored values. */
  format: PixelFormat
  attributes: FrameAttributes
  /** What windows are in. */
  valueFormat: PixelFormat
  /** Of the overview, widened by the tiles seen so far. Windows begin with them; no value is ever taken from them. */
  statistics: FrameStatistics
  /** Smallest and largest value are those of the whole frame. */
  isMeasured: boolean
  components: 1 | 3
  grid: TileGrid
  overview: Overview
  source: TileSource
}

export const tileAddress = (address: FrameAddress, { level, tile }: TilePlace): string =>
  tileUrl(renditionAddress(address), tile, level)

export const gridOfRendition = ({ columns, rows, tileSize, reductions }: Rendition): TileGrid =>
  gridOf(columns, rows, tileSize, reductions)

/** The format of a tile's samples at its level. */
export function formatOfTile({ grid, format }: Pick<TiledFrame, 'grid' | 'format'>, place: TilePlace): PixelFormat {
  const { columns, rows } = tileBox(grid, place.tile)
  return { ...format, columns: halved(columns, place.level), rows: halved(rows, place.level) }
}

export const keyOfTile = ({ instance, frame }: FrameAddress, { level, tile }: TilePlace): string =>
  `${instance}/${frame}/${level}/${tile}`

/** What the decoder is asked for. */
export function tileTask(
  bytes: Uint8Array<ArrayBuffer>,
  reduction: number,
  format: PixelFormat,
  rendition: Rendition,
  { tables, padding }: { tables: LookupTables; padding: FrameAttributes['padding'] },
): TileTask {
  return { kind: 'tile', bytes, reduction, format, isConverted: rendition.isRgb, tables, padding }
}

/** One tile is the whole image. */
export const isSingle = ({ grid }: TiledFrame): boolean => grid.across * grid.down === 1

/** What drawing this view needs beside the overview; undefined when that is fine enough. */
export function neededTiles(frame: TiledFrame, view: ViewState, canvas: Size, maxTexture: number) {
  const { grid, attributes, overview } = frame
  const level = levelFor(grid, view, attributes.aspect, canvas, Math.log2(overview.step), maxTexture)
  if (level === undefined) return undefined
  const range = tilesInSight(grid, level, view, { ...grid, aspect: attributes.aspect }, canvas)
  const places = range ? tilesOf(grid, range, view) : []
  return { level, cells: cellsFor(grid, level, view, attributes.aspect, canvas), places }
}

/** Statistics that take in a tile of full resolution; a single tile is the whole and replaces them. */
export function learnFrom(frame: TiledFrame, tile: FrameStatistics): void {
  const { statistics } = frame
  if (isSingle(frame)) Object.assign(frame, { statistics: tile, isMeasured: true })
  else if (!frame.isMeasured) {
    const [min, max] = [Math.min(statistics.min, tile.min), Math.max(statistics.max, tile.max)]
    frame.statistics = { ...statistics, min, max }
  }
}
