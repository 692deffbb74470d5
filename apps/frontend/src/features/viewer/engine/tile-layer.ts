import type { DecodedImage } from '@instandt/pixels'
import {
  drawnTone,
  imageSizeOf,
  looksOf,
  NoGraphics,
  type Presentation,
  smoothBelow,
  type StageEvents,
} from './stage-frame.ts'
import { createAtlas, createTexture, type TileAtlas, writePixels } from './tile-atlas.ts'
import type { TilePlace } from './tile-grid.ts'
import {
  beginProgram,
  finishProgram,
  type SampleKind,
  sampleKindOf,
  type TileProgram,
  type Uniforms,
  usualKind,
} from './tile-shader.ts'
import { neededTiles, type TiledFrame } from './tiled-frame.ts'
import { canvasToImage, type Size } from './view-transform.ts'

/** Draws frames whose tiles come one by one; the overview stands wherever a tile is not here yet. */
export interface TileLayer {
  maxTexture: number
  draw(frame: TiledFrame, presentation: Presentation): void
  /** Tiles in sight that the last drawing would have liked to have, the nearest to the middle first. */
  missing: () => TilePlace[]
  /** Bytes of textures. */
  textureBytes: () => number
  clear(): void
  close(): void
}

/** What the card holds of the frame on stage. */
interface Held {
  frame: TiledFrame
  kind: SampleKind
  program: TileProgram
  overview: WebGLTexture
  fine: TileAtlas | undefined
  /** The level drawn before: it stays beneath until the wanted one is there. */
  before: TileAtlas | undefined
}

// A card that fails this often in one visit will go on failing.
const maxLosses = 5

/** Processors that act as graphics cards, as they name themselves. */
const imitations = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|software/i

/** @param isAnyTaken also an imitated one */
function openContext(isAnyTaken: boolean): WebGL2RenderingContext {
  const context = document.createElement('canvas').getContext('webgl2', {
    alpha: false,
    antialias: false,
    depth: false,
    failIfMajorPerformanceCaveat: !isAnyTaken,
  })
  if (!context) throw new NoGraphics()
  if (isAnyTaken) return context
  const names = context.getExtension('WEBGL_debug_renderer_info')
  const name: unknown = context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER)
  if (!imitations.test(String(name))) return context
  context.getExtension('WEBGL_lose_context')?.loseContext()
  throw new NoGraphics()
}

/**
 * Draws with a context of its own and copies into a canvas in `element`, so that a lost card leaves the picture standing.
 * @param isAnyTaken also a card that the processor only imitates
 * @throws {NoGraphics} without WebGL 2 or such a card
 */
export function createTileLayer(
  element: HTMLElement,
  size: () => Size,
  isAnyTaken: boolean,
  events: StageEvents,
): TileLayer {
  let gl = openContext(isAnyTaken)
  const canvas = element.appendChild(document.createElement('canvas'))
  canvas.style.cssText = 'width: 100%; height: 100%; display: block'
  const picture = canvas.getContext('2d', { alpha: false })
  const programs = new Map<string, TileProgram>()
  const begun = new Map<string, WebGLProgram>()
  let held: Held | undefined
  let missing: TilePlace[] = []
  let losses = 0
  let isClosed = false

  // Drivers restart and laptops change cards: the picture must not stay black.
  const rebuild = (): void => {
    if (isClosed) return
    losses += 1
    held = undefined
    programs.clear()
    begun.clear()
    try {
      if (losses > maxLosses) throw new NoGraphics()
      gl = openContext(isAnyTaken)
      gl.canvas.addEventListener('webglcontextlost', rebuild)
      events.onRestored()
    } catch (error) {
      events.onLost(error)
    }
  }
  gl.canvas.addEventListener('webglcontextlost', rebuild)

  const maxTexture = Number(gl.getParameter(gl.MAX_TEXTURE_SIZE))

  function programFor(kind: SampleKind): TileProgram {
    const key = kind.sampler + kind.components
    const found = programs.get(key) ?? finishProgram(gl, begun.get(key) ?? beginProgram(gl, kind))
    programs.set(key, found)
    return found
  }

  /** While the first image is on its way: drivers compile a program only when something is drawn with it. */
  function warm(): void {
    const program = beginProgram(gl, usualKind)
    begun.set(usualKind.sampler + usualKind.components, program)
    gl.useProgram(program)
    gl.bindTexture(gl.TEXTURE_2D, emptyPresence())
    gl.viewport(0, 0, 1, 1)
    gl.drawArrays(gl.TRIANGLES, 0, 3)
    gl.flush()
  }

  function drop(): void {
    if (!held) return
    gl.deleteTexture(held.overview)
    held.fine?.delete()
    held.before?.delete()
    held = undefined
  }

  function hold(frame: TiledFrame): Held {
    if (held?.frame === frame) return held
    drop()
    const { display } = frame.overview.image
    const kind = sampleKindOf(display.pixels, display.components)
    const overview = createTexture(gl, kind.internal(gl), display.columns, display.rows)
    writePixels(gl, overview, kind, { x: 0, y: 0 }, display)
    held = { frame, kind, program: programFor(kind), overview, fine: undefined, before: undefined }
    return held
  }

  /** The texture of the level that this view needs, with every tile in sight that is in memory. */
  function fill(on: Held, { view }: Presentation): void {
    const { frame, kind } = on
    missing = []
    const needed = neededTiles(frame, view, size(), maxTexture)
    if (!needed) {
      on.fine?.delete()
      on.before?.delete()
      on.fine = on.before = undefined
      return
    }
    const { level, cells } = needed
    const { fine } = on
    const isSame = fine?.level === level && fine.cells.across >= cells.across && fine.cells.down >= cells.down
    if (!fine || !isSame) {
      if (fine?.level === level) fine.delete()
      else if (fine) {
        on.before?.delete()
        on.before = fine
      }
      on.fine = createAtlas(gl, kind, frame.grid, level, cells)
    }
    const atlas = on.fine!
    for (const place of needed.places) {
      if (atlas.has(place.tile)) continue
      const tile: DecodedImage | undefined = frame.source.peek(place)
      if (tile) atlas.put(place.tile, tile.display)
      else missing.push(place)
    }
  }

  function bind(unit: number, texture: WebGLTexture, location: WebGLUniformLocation | null): void {
    gl.activeTexture(gl.TEXTURE0 + unit)
    gl.bindTexture(gl.TEXTURE_2D, texture)
    gl.uniform1i(location, unit)
  }

  function bindLevel(on: Held, name: 'fine' | 'before', unit: number, uniforms: Uniforms): void {
    const atlas = on[name]
    bind(unit, atlas?.texture ?? on.overview, uniforms[name])
    // A sampler must have a texture of its type, also where it is never read.
    bind(unit + 1, atlas?.presence ?? emptyPresence(), uniforms[`${name}Here`])
    const { edge = 1, cells, columns = 1, rows = 1, level = 0 } = atlas ?? {}
    gl.uniform4i(uniforms[`${name}Layout`], edge, cells?.across ?? 0, cells?.down ?? 0, level)
    gl.uniform2i(uniforms[`${name}Size`], columns, rows)
  }

  let empty: { of: WebGL2RenderingContext; texture: WebGLTexture } | undefined
  function emptyPresence(): WebGLTexture {
    if (empty?.of !== gl) empty = { of: gl, texture: createTexture(gl, gl.R8UI, 1, 1) }
    return empty.texture
  }

  function paint(on: Held, presentation: Presentation): void {
    const { frame, program } = on
    const { view } = presentation
    const { width, height } = size()
    if (gl.canvas.width !== width || gl.canvas.height !== height) Object.assign(gl.canvas, { width, height })
    gl.viewport(0, 0, width, height)
    gl.useProgram(program.program)
    const { uniforms } = program
    const image = imageSizeOf(frame)
    const at = (x: number, y: number) => canvasToImage({ x, y }, view, image, { width, height })
    const [origin, right, down] = [at(0, 0), at(1, 0), at(0, 1)]
    gl.uniform2f(uniforms.origin, origin.x, origin.y)
    gl.uniform2f(uniforms.right, right.x - origin.x, right.y - origin.y)
    gl.uniform2f(uniforms.down, down.x - origin.x, down.y - origin.y)
    gl.uniform1f(uniforms.canvasHeight, height)
    gl.uniform2f(uniforms.imageSize, image.columns, image.rows)
    const { overview } = frame
    gl.uniform2i(uniforms.overviewSize, overview.columns, overview.rows)
    gl.uniform2f(uniforms.overviewPlace, overview.first, overview.step)
    bind(0, on.overview, uniforms.overview)
    bindLevel(on, 'fine', 1, uniforms)
    bindLevel(on, 'before', 3, uniforms)
    const tone = drawnTone(frame, presentation)
    gl.uniform2f(uniforms.range, tone.lower, tone.extent)
    gl.uniform1i(uniforms.isInverted, Number(tone.isInverted))
    gl.uniform1i(uniforms.isSmooth, Number(view.zoom < smoothBelow))
    gl.uniform1i(uniforms.looks, looksOf(view, on.fine ? 2 ** on.fine.level : overview.step))
    gl.drawArrays(gl.TRIANGLES, 0, 3)
    if (gl.isContextLost()) return
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    picture?.drawImage(gl.canvas, 0, 0)
  }

  warm()
  return {
    maxTexture,
    draw(frame, presentation) {
      const on = hold(frame)
      fill(on, presentation)
      paint(on, presentation)
    },
    missing: () => missing,
    textureBytes: () => (held?.fine?.byteSize ?? 0) + (held?.before?.byteSize ?? 0),
    clear() {
      drop()
      missing = []
      picture?.clearRect(0, 0, canvas.width, canvas.height)
    },
    close() {
      isClosed = true
      drop()
      gl.getExtension('WEBGL_lose_context')?.loseContext()
      canvas.remove()
    },
  }
}
