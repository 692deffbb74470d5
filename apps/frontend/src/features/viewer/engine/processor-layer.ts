import { createReducer, type DisplayPixels } from '@instandt/pixels'
import {
  addSamples,
  axesOf,
  insideCanvas,
  opaque,
  type RasterLevel,
  type RasterPlan,
  type Rectangle,
  toColours,
} from './raster.ts'
import type { ShownFrame } from './frame-values.ts'
import { halved } from './halved.ts'
import { drawnTone, imageSizeOf, looksOf, type Presentation, smoothBelow } from './stage-frame.ts'
import { type TilePlace, tilesInSight, tilesOf } from './tile-grid.ts'
import { isSingle, neededTiles, type TiledFrame } from './tiled-frame.ts'
import type { Size, ViewState } from './view-transform.ts'

/** Draws any frame without a graphics card. */
export interface ProcessorLayer {
  draw(frame: ShownFrame, presentation: Presentation): void
  /** Tiles in sight that the last drawing would have liked to have, the nearest to the middle first. */
  missing: () => TilePlace[]
  clear(): void
  close(): void
}

/** What stands on the canvas: another window of it needs no look at the samples. */
interface Drawn {
  frame: ShownFrame
  view: ViewState
  plan: RasterPlan
  inside: Rectangle
  values: Float32Array
  picture: ImageData
}

/** No texture limits it. */
export const processorMaxEdge = 32_768

/**
 * Draws into a canvas in `element`, values first and colours then: dragging the window repeats only the second, which takes a few
 * milliseconds. A card that is only imitated by the processor takes a hundred times as long for the same picture.
 */
export function createProcessorLayer(element: HTMLElement, size: () => Size): ProcessorLayer {
  const canvas = element.appendChild(document.createElement('canvas'))
  canvas.style.cssText = 'width: 100%; height: 100%; display: block'
  const context = canvas.getContext('2d', { alpha: false })
  if (!context) throw new Error('This browser draws no pictures')
  let drawn: Drawn | undefined
  let missing: TilePlace[] = []
  /** Of the tiles drawn before; they stay until the wanted ones are there. */
  let [level, before]: (number | undefined)[] = []
  /** The only tile of a frame that has one. */
  let piece: DisplayPixels | undefined

  function tilesAt(frame: TiledFrame, at: number, places: TilePlace[], isSmooth: boolean): RasterLevel {
    const { grid } = frame
    const step = 2 ** at
    // What is drawn stays, as it would in a texture: the memory for tiles may be smaller than what is in sight.
    const shown = drawn?.frame === frame ? drawn.plan.levels.find((one) => one.step === step) : undefined
    const tiles: RasterLevel['tiles'][number][] = Array.from({ length: grid.across * grid.down })
    for (const place of places) tiles[place.tile] = frame.source.peek(place)?.display ?? shown?.tiles[place.tile]
    const [columns, rows] = [halved(grid.columns, at), halved(grid.rows, at)]
    return { step, first: 0, columns, rows, edge: grid.tileSize / step, across: grid.across, tiles, isSmooth }
  }

  /** The finest first. */
  function levelsOfTiled(frame: TiledFrame, view: ViewState): RasterLevel[] {
    const { grid, attributes, overview } = frame
    const { columns, rows, step, first } = overview
    const tiles = [overview.image.display]
    const whole = { step, first, columns, rows, edge: Math.max(columns, rows), across: 1, tiles, isSmooth: true }
    const needed = neededTiles(frame, view, size(), processorMaxEdge)
    missing = []
    if (!needed) {
      level = before = undefined
      return [whole]
    }
    if (isSingle(frame)) {
      const place = { level: 0, tile: 0 }
      piece = frame.source.peek(place)?.display ?? piece
      if (piece) return [levelOfPiece(piece, view)]
      missing = [place]
      return [whole]
    }
    if (level !== needed.level) [level, before] = [needed.level, level]
    const isSmooth = view.zoom < smoothBelow
    const fine = tilesAt(frame, needed.level, needed.places, isSmooth)
    missing = needed.places.filter(({ tile }) => !fine.tiles[tile])
    if (missing.length === 0 || before === undefined) return [fine, whole]
    const range = tilesInSight(grid, before, view, { ...grid, aspect: attributes.aspect }, size())
    return [fine, tilesAt(frame, before, range ? tilesOf(grid, range, view) : [], isSmooth), whole]
  }

  function levelsOf(frame: ShownFrame, view: ViewState): RasterLevel[] {
    if (drawn?.frame !== frame) level = before = piece = undefined
    if (frame.kind === 'tiles') return levelsOfTiled(frame, view)
    missing = []
    return [levelOfPiece(frame.image.display, view)]
  }

  /** Takes the values anew unless frame, view, canvas and tiles are those drawn before. */
  function hold(frame: ShownFrame, view: ViewState): Drawn {
    const { width, height } = size()
    const levels = levelsOf(frame, view)
    const { picture } = drawn ?? {}
    const isSameSize = picture?.width === width && picture.height === height
    if (drawn && isSameSize && drawn.frame === frame && drawn.view === view && isSame(drawn.plan.levels, levels))
      return drawn
    const plan = {
      levels,
      components: frame.components,
      looks: looksOf(view, levels[0]!.step),
      ...axesOf(view, imageSizeOf(frame), { width, height }),
    }
    const inside = insideCanvas(plan)
    const length = width * height * plan.components
    const values = isSameSize && drawn?.values.length === length ? drawn.values.fill(0) : new Float32Array(length)
    addSamples(plan, values, inside)
    drawn = { frame, view, plan, inside, values, picture: isSameSize ? picture : new ImageData(width, height) }
    new Uint32Array(drawn.picture.data.buffer).fill(opaque)
    return drawn
  }

  return {
    draw(frame, presentation) {
      const { plan, inside, values, picture } = hold(frame, presentation.view)
      const tone = { ...drawnTone(frame, presentation), looks: plan.looks }
      toColours(values, tone, plan.components, picture, inside, new Uint32Array(picture.data.buffer))
      const { width, height } = picture
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
      context.putImageData(picture, 0, 0)
    },
    missing: () => missing,
    clear() {
      drawn = piece = undefined
      missing = []
      context.clearRect(0, 0, canvas.width, canvas.height)
    },
    close() {
      drawn = piece = undefined
      canvas.remove()
    },
  }
}

/** Means of squares of a piece, once a frame: a look at each of its pixels for every view would take seconds. */
const reduced = new WeakMap<
  DisplayPixels,
  { edge: number; level: Pick<DisplayPixels, 'pixels' | 'columns' | 'rows'> }
>()

function reduce(display: DisplayPixels, edge: number): Pick<DisplayPixels, 'pixels' | 'columns' | 'rows'> {
  if (edge === 1) return display
  const known = reduced.get(display)
  if (known?.edge === edge) return known.level
  // Not rounded: in a narrow window steps between whole numbers would be seen.
  const reducer = createReducer(display, edge, (length) => new Float32Array(length))
  reducer.push(display.pixels)
  const level = reducer.finish()
  reduced.set(display, { edge, level })
  return level
}

/** A picture in one piece, reduced until its pixels are as large as the screen's. */
function levelOfPiece(display: DisplayPixels, view: ViewState): RasterLevel {
  const edge = 2 ** Math.max(0, Math.floor(-Math.log2(view.zoom * display.reduction) + 1e-9))
  const { pixels, columns, rows } = reduce(display, edge)
  const step = display.reduction * edge
  return {
    step,
    // Pixel 0 of a reduced image lies in the middle of the square it stands for.
    first: (step - 1) / 2,
    columns,
    rows,
    edge: Math.max(columns, rows),
    across: 1,
    tiles: [{ pixels, columns }],
    isSmooth: view.zoom < smoothBelow,
  }
}

const isSame = (some: readonly RasterLevel[], others: readonly RasterLevel[]): boolean =>
  some.length === others.length &&
  some.every(({ step, tiles }, at) => {
    const other = others[at]!
    return step === other.step && tiles.every((tile, index) => tile?.pixels === other.tiles[index]?.pixels)
  })
