import type { DisplayPixels } from '@instandt/pixels'
import { canvasToImage, type ImageSize, type Size, type ViewState } from './view-transform.ts'

/** Samples of an image at one size, in one piece or in tiles. Its pixel p stands at image pixel `first` + p · `step`. */
export interface RasterLevel {
  step: number
  first: number
  columns: number
  rows: number
  /** Of a tile, in pixels of the level. */
  edge: number
  across: number
  tiles: readonly (Pick<DisplayPixels, 'pixels' | 'columns'> | undefined)[]
  /** Between its pixels the nearest one, or what lies between. */
  isSmooth: boolean
}

/** Which image pixel stands where along one edge of the canvas: `origin` + n · `per`, n counting from its border. */
export interface RasterAxis {
  origin: number
  per: number
  /** Image columns or rows. */
  size: number
  /** Device pixels. */
  length: number
}

export interface RasterPlan {
  /** Along the canvas's width and height. */
  x: RasterAxis
  y: RasterAxis
  /** A quarter turn: image rows run along the width. */
  isTurned: boolean
  /** The finest first. The last has all its tiles. */
  levels: readonly RasterLevel[]
  components: 1 | 3
  /** Looks along each edge of a screen pixel. */
  looks: number
}

/** The part of the canvas that shows the image; far edges are outside. */
export interface Rectangle {
  left: number
  top: number
  right: number
  bottom: number
}

/** Where a level's samples for each device pixel are, and where that changes to other tiles. */
interface Samples {
  low: Int32Array
  high: Int32Array
  part: Float32Array
  /** Device pixels at which the pair of tiles changes; the last one is behind the end. */
  cuts: number[]
  lowTile: Int32Array
  highTile: Int32Array
}

/** Views turn by quarters only: each edge of the canvas runs along image columns or along rows. */
export function axesOf(view: ViewState, image: ImageSize, canvas: Size): Pick<RasterPlan, 'x' | 'y' | 'isTurned'> {
  const at = (x: number, y: number) => canvasToImage({ x, y }, view, image, canvas)
  const [origin, right, down] = [at(0, 0), at(1, 0), at(0, 1)]
  const column = (length: number, next: { x: number }): RasterAxis => {
    return { origin: origin.x, per: next.x - origin.x, size: image.columns, length }
  }
  const row = (length: number, next: { y: number }): RasterAxis => {
    return { origin: origin.y, per: next.y - origin.y, size: image.rows, length }
  }
  const isTurned = view.rotation === 90 || view.rotation === 270
  return {
    x: isTurned ? row(canvas.width, right) : column(canvas.width, right),
    y: isTurned ? column(canvas.height, down) : row(canvas.height, down),
    isTurned,
  }
}

/** The device pixels along an axis whose middle lies in the image. */
function insideOf({ origin, per, size, length }: RasterAxis): [number, number] {
  const isInside = (at: number): boolean => {
    const point = origin + per * (at + 0.5)
    return point >= -0.5 && point < size - 0.5
  }
  let [from, to] = [0, length]
  while (from < to && !isInside(from)) from += 1
  while (to > from && !isInside(to - 1)) to -= 1
  return [from, to]
}

export function insideCanvas({ x, y }: Pick<RasterPlan, 'x' | 'y'>): Rectangle {
  const [left, right] = insideOf(x)
  const [top, bottom] = insideOf(y)
  return { left, top, right, bottom }
}

/** @param within where in a device pixel to look, -0.5 to 0.5 from its middle */
function samplesOf(level: RasterLevel, axis: RasterAxis, isRows: boolean, within: number): Samples {
  const { length } = axis
  const last = (isRows ? level.rows : level.columns) - 1
  const [low, high, lowTile, highTile] = [1, 2, 3, 4].map(() => new Int32Array(length)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  const part = new Float32Array(length)
  const cuts: number[] = []
  const clamp = (value: number): number => Math.min(last, Math.max(0, value))
  for (let n = 0; n < length; n += 1) {
    const at = (axis.origin + axis.per * (n + 0.5 + within) - level.first) / level.step
    const corner = level.isSmooth ? Math.floor(at) : Math.floor(at + 0.5)
    const [one, other] = [clamp(corner), clamp(level.isSmooth ? corner + 1 : corner)]
    lowTile[n] = Math.floor(one / level.edge)
    highTile[n] = Math.floor(other / level.edge)
    low[n] = one - lowTile[n]! * level.edge
    high[n] = other - highTile[n]! * level.edge
    part[n] = level.isSmooth ? at - corner : 0
    if (n === 0 || lowTile[n] !== lowTile[n - 1] || highTile[n] !== highTile[n - 1]) cuts.push(n)
  }
  cuts.push(length)
  return { low, high, part, cuts, lowTile, highTile }
}

/**
 * The values that an image has at the pixels of a canvas, between samples in a straight line; where a tile is missing, those of
 * the next coarser level. Added to `into`, `looks`² times, one plane a component; beside the image it stays as it is.
 */
export function addSamples(plan: RasterPlan, into: Float32Array, inside: Rectangle): void {
  const { x, y, isTurned, levels, looks, components } = plan
  const plane = x.length * y.length
  for (let lookY = 0; lookY < looks; lookY += 1)
    for (let lookX = 0; lookX < looks; lookX += 1) {
      const [withinX, withinY] = [(lookX + 0.5) / looks - 0.5, (lookY + 0.5) / looks - 0.5]
      const found = new Map<RasterLevel, [Samples, Samples]>()
      const samples = (level: RasterLevel): [Samples, Samples] => {
        const pair = found.get(level) ?? [
          samplesOf(level, x, isTurned, withinX),
          samplesOf(level, y, !isTurned, withinY),
        ]
        found.set(level, pair)
        return pair
      }
      const paint = (at: number, area: Rectangle): void => {
        const level = levels[at]
        if (!level) return
        const [across, down] = samples(level)
        for (const [top, bottom] of pieces(down.cuts, area.top, area.bottom))
          for (const [left, right] of pieces(across.cuts, area.left, area.right)) {
            const tile = (column: number, row: number) => level.tiles[row * level.across + column]
            const of = (tileX: number, tileY: number) => (isTurned ? tile(tileY, tileX) : tile(tileX, tileY))
            const [lowX, highX] = [across.lowTile[left]!, across.highTile[left]!]
            const [lowY, highY] = [down.lowTile[top]!, down.highTile[top]!]
            const corners = [of(lowX, lowY), of(highX, lowY), of(lowX, highY), of(highX, highY)]
            const piece = { left, top, right, bottom }
            if (!isWhole(corners)) paint(at + 1, piece)
            else
              for (let component = 0; component < components; component += 1)
                addPiece(plan, corners, across, down, piece, component, into.subarray(component * plane))
          }
      }
      paint(0, inside)
    }
}

type Tile = NonNullable<RasterLevel['tiles'][number]>
const isWhole = (tiles: (Tile | undefined)[]): tiles is [Tile, Tile, Tile, Tile] =>
  tiles.every((tile) => tile !== undefined)

function* pieces(cuts: readonly number[], from: number, to: number): Generator<[number, number]> {
  for (let at = 0; at + 1 < cuts.length; at += 1) {
    const [low, high] = [Math.max(from, cuts[at]!), Math.min(to, cuts[at + 1]!)]
    if (low < high) yield [low, high]
  }
}

/** All its samples lie in the same four tiles, which mostly are one. */
function addPiece(
  { isTurned, components, x: { length: width } }: RasterPlan,
  [a, b, c, d]: [Tile, Tile, Tile, Tile],
  across: Samples,
  down: Samples,
  { left, top, right, bottom }: Rectangle,
  component: number,
  into: Float32Array,
): void {
  // Tiles of one row have one height, those of one column one width: two pitches along each axis are enough.
  const pitchX = ({ columns }: Tile): number => (isTurned ? columns * components : components)
  const pitchY = ({ columns }: Tile): number => (isTurned ? components : columns * components)
  const [aX, bX, cX, dX] = [pitchX(a), pitchX(b), pitchX(c), pitchX(d)]
  const [aPixels, bPixels, cPixels, dPixels] = [a.pixels, b.pixels, c.pixels, d.pixels]
  const { low, high, part } = across
  for (let y = top; y < bottom; y += 1) {
    const [lowY, highY, partY] = [down.low[y]!, down.high[y]!, down.part[y]!]
    const aY = lowY * pitchY(a) + component
    const bY = lowY * pitchY(b) + component
    const cY = highY * pitchY(c) + component
    const dY = highY * pitchY(d) + component
    const row = y * width
    for (let x = left; x < right; x += 1) {
      const [lowX, highX, partX] = [low[x]!, high[x]!, part[x]!]
      const upperLow = aPixels[lowX * aX + aY]!
      const upper = upperLow + (bPixels[highX * bX + bY]! - upperLow) * partX
      const lowerLow = cPixels[lowX * cX + cY]!
      const lower = lowerLow + (dPixels[highX * dX + dY]! - lowerLow) * partX
      into[row + x]! += upper + (lower - upper) * partY
    }
  }
}

export interface Tone {
  /** Values shown black, and how far it is to white. */
  lower: number
  extent: number
  isInverted: boolean
  looks: number
}

/** Values to opaque colours, as a graphics card rounds them. */
export function toColours(
  values: Float32Array,
  { lower, extent, isInverted, looks }: Tone,
  components: 1 | 3,
  canvas: { width: number; height: number },
  { left, top, right, bottom }: Rectangle,
  into: Uint32Array,
): void {
  const plane = canvas.width * canvas.height
  const count = looks ** 2
  const scale = 255 / extent
  const byte = (value: number): number => {
    // The difference first: of a window without width it is exactly 0 at the threshold, however small the extent.
    const bright = (value / count - lower) * scale
    const tone = isInverted ? 255 - bright : bright
    return tone <= 0 ? 0 : tone >= 255 ? 255 : Math.trunc(tone + 0.5)
  }
  for (let y = top; y < bottom; y += 1) {
    const end = y * canvas.width + right
    for (let at = y * canvas.width + left; at < end; at += 1) {
      const red = byte(values[at]!)
      if (components === 1) into[at] = opaque | (red * 0x01_01_01)
      else into[at] = opaque | (byte(values[at + 2 * plane]!) << 16) | (byte(values[at + plane]!) << 8) | red
    }
  }
}

/** Black; bytes of a pixel are red, green, blue, opacity in order on all machines with a browser. */
export const opaque = 0xff_00_00_00
