import { canvasToImage, type ImageSize, type Size, type ViewState } from './view-transform.ts'

/** How an image is cut. Level r is the image halved r times: its pixel p stands at image pixel p · 2^r. */
export interface TileGrid {
  columns: number
  rows: number
  /** Edge of a tile in image pixels; a multiple of 2^levels. */
  tileSize: number
  across: number
  down: number
  /** The coarsest level of tiles. */
  levels: number
}

/** A tile at one level; tiles count row by row from 0. */
export interface TilePlace {
  level: number
  tile: number
}

/** Tiles of one level, from first to last column and row. */
export interface TileRange {
  level: number
  left: number
  top: number
  right: number
  bottom: number
}

export function gridOf(columns: number, rows: number, tileSize: number, levels: number): TileGrid {
  const across = Math.ceil(columns / tileSize)
  return { columns, rows, tileSize, across, down: Math.ceil(rows / tileSize), levels }
}

/** Where a tile lies in the image, in image pixels; those at the far edges are smaller. */
export function tileBox({ columns, rows, tileSize, across }: TileGrid, tile: number) {
  const left = (tile % across) * tileSize
  const top = Math.floor(tile / across) * tileSize
  return { left, top, columns: Math.min(tileSize, columns - left), rows: Math.min(tileSize, rows - top) }
}

/** The tile a pixel lies in. */
export const tileAt = ({ tileSize, across }: TileGrid, x: number, y: number): number =>
  Math.floor(y / tileSize) * across + Math.floor(x / tileSize)

/** The level whose pixels are just as fine as the screen's or finer. */
const levelOfZoom = (view: ViewState, aspect: number): number =>
  Math.max(0, Math.floor(-Math.log2(view.zoom * Math.max(1, aspect)) + 1e-9))

export interface Cells {
  across: number
  down: number
}

/** How many tiles of a level are in sight at most, wherever the view moves at about this zoom: what its texture has to hold. */
export function cellsFor(grid: TileGrid, level: number, view: ViewState, aspect: number, canvas: Size): Cells {
  const isTurned = view.rotation === 90 || view.rotation === 270
  const [width, height] = isTurned ? [canvas.height, canvas.width] : [canvas.width, canvas.height]
  // Just before the next coarser level would be taken two pixels share one of the screen.
  const reach = 2 * 2 ** (levelOfZoom(view, aspect) - level) * Math.max(1, aspect)
  const edge = grid.tileSize / 2 ** level
  return {
    across: Math.min(grid.across, Math.ceil((reach * width + 2) / edge) + 1),
    down: Math.min(grid.down, Math.ceil(((reach / aspect) * height + 2) / edge) + 1),
  }
}

/**
 * The level to draw; undefined when the overview is fine enough, or when no level finer than it has room in a texture.
 * @param overview how often the overview's pixels are halved
 */
export function levelFor(
  grid: TileGrid,
  view: ViewState,
  aspect: number,
  canvas: Size,
  overview: number,
  maxTexture: number,
): number | undefined {
  // One tile is the whole image: its values are wanted anyway.
  if (grid.across * grid.down === 1) return 0
  const wanted = levelOfZoom(view, aspect)
  if (wanted >= overview) return undefined
  for (let level = Math.min(wanted, grid.levels); level <= grid.levels && level < overview; level += 1) {
    const cells = cellsFor(grid, level, view, aspect, canvas)
    if ((Math.max(cells.across, cells.down) * grid.tileSize) / 2 ** level <= maxTexture) return level
  }
  return undefined
}

/** Tiles of a level that are in sight. */
export function tilesInSight(
  grid: TileGrid,
  level: number,
  view: ViewState,
  image: ImageSize,
  canvas: Size,
): TileRange | undefined {
  const corners = [
    { x: 0, y: 0 },
    { x: canvas.width, y: 0 },
    { x: 0, y: canvas.height },
    { x: canvas.width, y: canvas.height },
  ].map((corner) => canvasToImage(corner, view, image, canvas))
  // Smooth drawing looks at the pixel beside.
  const margin = 2 ** level
  const low = (values: number[]): number => Math.floor((Math.min(...values) - margin) / grid.tileSize)
  const high = (values: number[]): number => Math.floor((Math.max(...values) + margin) / grid.tileSize)
  const xs = corners.map(({ x }) => x)
  const ys = corners.map(({ y }) => y)
  const range = {
    level,
    left: Math.max(0, low(xs)),
    top: Math.max(0, low(ys)),
    right: Math.min(grid.across - 1, high(xs)),
    bottom: Math.min(grid.down - 1, high(ys)),
  }
  return range.left > range.right || range.top > range.bottom ? undefined : range
}

/** The tiles of a range, those nearest to the middle of the view first. */
export function tilesOf(grid: TileGrid, range: TileRange, view: ViewState): TilePlace[] {
  const found: { tile: number; distance: number }[] = []
  for (let y = range.top; y <= range.bottom; y += 1) {
    for (let x = range.left; x <= range.right; x += 1) {
      const dx = (x + 0.5) * grid.tileSize - view.centre.x
      const dy = (y + 0.5) * grid.tileSize - view.centre.y
      found.push({ tile: y * grid.across + x, distance: dx * dx + dy * dy })
    }
  }
  return found.sort((a, b) => a.distance - b.distance).map(({ tile }) => ({ level: range.level, tile }))
}

/** Every tile in full resolution, those nearest to the middle of the view first. */
export const allTiles = (grid: TileGrid, view: ViewState): TilePlace[] =>
  tilesOf(grid, { level: 0, left: 0, top: 0, right: grid.across - 1, bottom: grid.down - 1 }, view)
