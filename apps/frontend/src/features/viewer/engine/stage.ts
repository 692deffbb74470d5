import type { ShownFrame } from './frame-values.ts'
import type { Presentation, StageEvents } from './stage-frame.ts'
import type { TilePlace } from './tile-grid.ts'
import { createTileLayer } from './tile-layer.ts'
import type { Size } from './view-transform.ts'
import type { WholeStage } from './whole-stage.ts'

export { imageSizeOf, NoGraphics } from './stage-frame.ts'

/** The place where images are drawn. */
export interface Stage {
  /** Largest edge of a texture, in pixels. */
  maxTexture: number
  /** Device pixels. */
  size: () => Size
  draw(frame: ShownFrame, presentation: Presentation): void
  /** Tiles in sight that the last drawing would have liked to have. */
  missing: () => TilePlace[]
  /** Frames without tiles are on their way: their renderer is fetched meanwhile. */
  expectWhole(): void
  clear(): void
  /** Takes over a new size of its element. */
  resize(): void
  close(): void
}

/**
 * Draws into `element`, which must have a size: frames in tiles with the layer of our own, whole ones with Cornerstone, which
 * is large and therefore only fetched when there are any.
 * @throws {NoGraphics} without WebGL 2
 */
export function createStage(element: HTMLDivElement, events: StageEvents): Stage {
  const size = (): Size => ({
    width: Math.max(1, Math.round(element.clientWidth * devicePixelRatio)),
    height: Math.max(1, Math.round(element.clientHeight * devicePixelRatio)),
  })
  const [tileElement, wholeElement] = [createLayer(element), createLayer(element)]
  const tiles = createTileLayer(tileElement, size, events)
  let whole: WholeStage | undefined
  let fetching: Promise<void> | undefined
  let isTiled = true
  let isClosed = false

  const show = (shown: HTMLElement, hidden: HTMLElement): void => {
    shown.style.visibility = 'visible'
    hidden.style.visibility = 'hidden'
  }

  async function fetchWhole(): Promise<void> {
    const { createWholeStage } = await import('./whole-stage.ts')
    if (isClosed) return
    whole = createWholeStage(wholeElement, events)
    events.onRestored()
  }
  const expectWhole = (): void => {
    fetching ??= fetchWhole().catch((error: unknown) => {
      fetching = undefined
      events.onLost(error)
    })
  }

  return {
    maxTexture: tiles.maxTexture,
    size,
    draw(frame, presentation) {
      isTiled = frame.kind === 'tiles'
      if (frame.kind === 'tiles') {
        tiles.draw(frame, presentation)
        show(tileElement, wholeElement)
        return
      }
      expectWhole()
      if (!whole) return
      whole.draw(frame, presentation)
      show(wholeElement, tileElement)
    },
    missing: () => (isTiled ? tiles.missing() : []),
    expectWhole,
    clear() {
      tiles.clear()
      whole?.clear()
    },
    resize: () => whole?.resize(),
    close() {
      isClosed = true
      tiles.close()
      whole?.close()
      tileElement.remove()
      wholeElement.remove()
    },
  }
}

function createLayer(parent: HTMLElement): HTMLDivElement {
  const layer = document.createElement('div')
  layer.style.cssText = 'position: absolute; inset: 0'
  return parent.appendChild(layer)
}
