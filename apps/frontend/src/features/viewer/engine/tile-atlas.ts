import type { DisplayPixels } from '@instandt/pixels'
import { halved } from './halved.ts'
import type { Cells, TileGrid } from './tile-grid.ts'
import type { SampleKind } from './tile-shader.ts'

/**
 * The tiles of one level on the graphics card. A tile has its cell by its place, round and round, so that what goes out of
 * sight is overwritten by what comes into it: the texture never grows.
 */
export interface TileAtlas {
  level: number
  cells: Cells
  /** Edge of a tile at this level, in its pixels. */
  edge: number
  columns: number
  rows: number
  texture: WebGLTexture
  /** 1 for each tile that is in its cell. */
  presence: WebGLTexture
  byteSize: number
  has: (tile: number) => boolean
  put: (tile: number, display: DisplayPixels) => void
  delete: () => void
}

export function createTexture(
  gl: WebGL2RenderingContext,
  internal: number,
  columns: number,
  rows: number,
): WebGLTexture {
  const texture = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texStorage2D(gl.TEXTURE_2D, 1, internal, columns, rows)
  for (const parameter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
    gl.texParameteri(gl.TEXTURE_2D, parameter, gl.NEAREST)
  return texture
}

/** Writes pixels into a part of a texture. */
export function writePixels(
  gl: WebGL2RenderingContext,
  texture: WebGLTexture,
  kind: SampleKind,
  { x, y }: { x: number; y: number },
  { pixels, columns, rows }: DisplayPixels,
): void {
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
  gl.texSubImage2D(gl.TEXTURE_2D, 0, x, y, columns, rows, kind.format(gl), kind.type(gl), pixels)
}

export function createAtlas(
  gl: WebGL2RenderingContext,
  kind: SampleKind,
  grid: TileGrid,
  level: number,
  cells: Cells,
): TileAtlas {
  const edge = grid.tileSize / 2 ** level
  const [columns, rows] = [halved(grid.columns, level), halved(grid.rows, level)]
  const [width, height] = [Math.min(columns, cells.across * edge), Math.min(rows, cells.down * edge)]
  const texture = createTexture(gl, kind.internal(gl), width, height)
  const presence = createTexture(gl, gl.R8UI, grid.across, grid.down)
  const inCell = new Map<number, number>()
  const mark = (tile: number, isHere: 0 | 1): void => {
    gl.bindTexture(gl.TEXTURE_2D, presence)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    const [x, y] = [tile % grid.across, Math.floor(tile / grid.across)]
    gl.texSubImage2D(gl.TEXTURE_2D, 0, x, y, 1, 1, gl.RED_INTEGER, gl.UNSIGNED_BYTE, new Uint8Array([isHere]))
  }
  const placeOf = (tile: number) => ({
    x: (tile % grid.across) % cells.across,
    y: Math.floor(tile / grid.across) % cells.down,
  })
  const cellOf = (tile: number): number => {
    const { x, y } = placeOf(tile)
    return y * cells.across + x
  }
  return {
    level,
    cells,
    edge,
    columns,
    rows,
    texture,
    presence,
    byteSize: width * height * bytesOf(kind),
    has: (tile) => inCell.get(cellOf(tile)) === tile,
    put(tile, display) {
      const { x, y } = placeOf(tile)
      const out = inCell.get(cellOf(tile))
      if (out !== undefined) mark(out, 0)
      writePixels(gl, texture, kind, { x: x * edge, y: y * edge }, display)
      inCell.set(cellOf(tile), tile)
      mark(tile, 1)
    },
    delete() {
      gl.deleteTexture(texture)
      gl.deleteTexture(presence)
    },
  }
}

const bytesOf = ({ name }: SampleKind): number => ({ R8UI: 1, RGB8UI: 3, R32F: 4 })[name] ?? 2
