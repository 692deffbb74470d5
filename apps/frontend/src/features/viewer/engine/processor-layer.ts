import { addSamples, axesOf, insideCanvas, opaque, type RasterLevel, type RasterPlan, toColours } from './raster.ts'
import type { LoadedFrame } from './frame-store.ts'
import type { ShownFrame } from './frame-values.ts'
import { halved } from './halved.ts'
import { drawnTone, imageSizeOf, looksOf, type Presentation, smoothBelow } from './stage-frame.ts'
import { type TilePlace, tilesInSight, tilesOf } from './tile-grid.ts'
import { neededTiles, type TiledFrame } from './tiled-frame.ts'
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
  levels: RasterLevel[]
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
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true })
  let drawn: Drawn | undefined
  let missing: TilePlace[] = []
  /** Of the tiles drawn before; they stay until the wanted ones are there. */
  let [level, before]: (number | undefined)[] = []

  function tilesAt(frame: TiledFrame, at: number, places: TilePlace[], isSmooth: boolean): RasterLevel {
    const { grid } = frame
    const tiles: RasterLevel['tiles'][number][] = Array.from({ length: grid.across * grid.down })
    for (const place of places) tiles[place.tile] = frame.source.peek(place)?.display
    const [columns, rows] = [halved(grid.columns, at), halved(grid.rows, at)]
    return {
      step: 2 ** at,
      first: 0,
      columns,
      rows,
      edge: grid.tileSize / 2 ** at,
      across: grid.across,
      tiles,
      isSmooth,
    }
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
    if (level !== needed.level) [level, before] = [needed.level, level]
    const isSmooth = view.zoom < smoothBelow
    const fine = tilesAt(frame, needed.level, needed.places, isSmooth)
    missing = needed.places.filter(({ tile }) => !fine.tiles[tile])
    if (missing.length === 0 || before === undefined) return [fine, whole]
    const range = tilesInSight(grid, before, view, { ...grid, aspect: attributes.aspect }, size())
    return [fine, tilesAt(frame, before, range ? tilesOf(grid, range, view) : [], isSmooth), whole]
  }

  function levelsOf(frame: ShownFrame, view: ViewState): RasterLevel[] {
    if (drawn?.frame !== frame) level = before = undefined
    if (frame.kind === 'tiles') return levelsOfTiled(frame, view)
    missing = []
    return [levelOfWhole(frame, view)]
  }

  /** Takes the values anew unless frame, view, canvas and tiles are those drawn before. */
  function hold(frame: ShownFrame, view: ViewState): { on: Drawn; plan: RasterPlan } {
    const { width, height } = size()
    const levels = levelsOf(frame, view)
    const plan = {
      levels,
      components: frame.components,
      looks: looksOf(view, levels[0]!.step),
      ...axesOf(view, imageSizeOf(frame), { width, height }),
    }
    const { picture } = drawn ?? {}
    const isSameSize = picture?.width === width && picture.height === height
    if (drawn && isSameSize && drawn.frame === frame && drawn.view === view && isSame(drawn.levels, levels))
      return { on: drawn, plan }
    const length = width * height * plan.components
    const values = isSameSize && drawn?.values.length === length ? drawn.values.fill(0) : new Float32Array(length)
    const on = { frame, view, levels, values, picture: isSameSize ? picture : new ImageData(width, height) }
    addSamples(plan, values, insideCanvas(plan))
    new Uint32Array(on.picture.data.buffer).fill(opaque)
    drawn = on
    return { on, plan }
  }

  return {
    draw(frame, presentation) {
      const { on, plan } = hold(frame, presentation.view)
      const { picture, values } = on
      const tone = { ...drawnTone(frame, presentation), looks: plan.looks }
      toColours(values, tone, plan.components, picture, insideCanvas(plan), new Uint32Array(picture.data.buffer))
      const { width, height } = picture
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
      context?.putImageData(picture, 0, 0)
    },
    missing: () => missing,
    clear() {
      drawn = undefined
      missing = []
      context?.clearRect(0, 0, canvas.width, canvas.height)
    },
    close() {
      drawn = undefined
      canvas.remove()
    },
  }
}

function levelOfWhole({ image }: LoadedFrame, view: ViewState): RasterLevel {
  const { columns, rows, reduction } = image.display
  return {
    step: reduction,
    // Pixel 0 of a reduced image lies in the middle of the square it stands for.
    first: (reduction - 1) / 2,
    columns,
    rows,
    edge: Math.max(columns, rows),
    across: 1,
    tiles: [image.display],
    isSmooth: view.zoom < smoothBelow,
  }
}

const isSame = (some: readonly RasterLevel[], others: readonly RasterLevel[]): boolean =>
  some.length === others.length &&
  some.every(({ step, tiles }, at) => {
    const other = others[at]!
    return step === other.step && tiles.every((tile, index) => tile === other.tiles[index])
  })
