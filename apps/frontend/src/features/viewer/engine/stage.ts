import { createProcessorLayer, processorMaxEdge, type ProcessorLayer } from './processor-layer.ts'
import type { ShownFrame } from './frame-values.ts'
import { NoGraphics, type Presentation, type StageEvents } from './stage-frame.ts'
import type { TilePlace } from './tile-grid.ts'
import { createTileLayer, type TileLayer } from './tile-layer.ts'
import type { Size } from './view-transform.ts'
import type { WholeStage } from './whole-stage.ts'

export { imageSizeOf } from './stage-frame.ts'

/** The place where images are drawn. */
export interface Stage {
  /** Largest edge of a texture, in pixels. */
  maxTexture: number
  /** Device pixels. */
  size: () => Size
  /** What draws whole frames is large and fetched when there are any: a frame is shown once it can be drawn. */
  canDraw: (frame: ShownFrame) => boolean
  /** Fetches what draws whole frames. @throws when it cannot be had */
  prepare: () => Promise<void>
  draw(frame: ShownFrame, presentation: Presentation): void
  /** Tiles in sight that the last drawing would have liked to have. */
  missing: () => TilePlace[]
  clear(): void
  /** Takes over a new size of its element. */
  resize(): void
  /** What draws now. */
  drawnBy: () => 'graphics' | 'processor'
  close(): void
}

/** What draws: the graphics card where there is one that is real, or always this. */
export type Drawing = 'automatic' | 'graphics' | 'processor'

/** What draws with the graphics card: tiles by a layer of our own, whole frames by a renderer that is fetched. */
interface Card {
  tiles: TileLayer
  tileElement: HTMLElement
  wholeElement: HTMLDivElement
  whole?: WholeStage
  fetching?: Promise<void> | undefined
}

/**
 * Draws into `element`, which must have a size: with the graphics card, frames in tiles by the layer of our own, whole ones by
 * Cornerstone; with the processor where there is no card, only an imitation of one, or one that is lost again and again.
 */
export function createStage(element: HTMLDivElement, drawing: Drawing, events: StageEvents): Stage {
  const size = (): Size => ({
    width: Math.max(1, Math.round(element.clientWidth * devicePixelRatio)),
    height: Math.max(1, Math.round(element.clientHeight * devicePixelRatio)),
  })
  let card: Card | undefined
  let processor: ProcessorLayer | undefined
  let isTiled = true
  let isClosed = false

  const ofCard: StageEvents = {
    onRestored: events.onRestored,
    onLost(error) {
      if (!(error instanceof NoGraphics)) return events.onLost(error)
      closeCard()
      drawWithProcessor()
      events.onRestored()
    },
  }

  function drawWithProcessor(): void {
    processor = createProcessorLayer(element, size)
    element.dataset['drawnBy'] = 'processor'
  }

  function openCard(): Card {
    const [tileElement, wholeElement] = [createLayer(element), createLayer(element)]
    try {
      return { tiles: createTileLayer(tileElement, size, drawing === 'graphics', ofCard), tileElement, wholeElement }
    } catch (error) {
      for (const layer of [tileElement, wholeElement]) layer.remove()
      throw error
    }
  }

  function closeCard(): void {
    card?.tiles.close()
    card?.whole?.close()
    card?.tileElement.remove()
    card?.wholeElement.remove()
    card = undefined
  }

  try {
    if (drawing !== 'processor') card = openCard()
  } catch (error) {
    if (!(error instanceof NoGraphics)) throw error
  }
  if (card) element.dataset['drawnBy'] = 'graphics'
  else drawWithProcessor()

  async function fetchWhole(on: Card): Promise<void> {
    const { createWholeStage } = await import('./whole-stage.ts')
    if (!isClosed && card === on) on.whole = createWholeStage(on.wholeElement, ofCard)
  }
  async function prepare(): Promise<void> {
    const on = card
    if (!on) return
    try {
      await (on.fetching ??= fetchWhole(on))
    } catch (error) {
      on.fetching = undefined
      // Without a card the processor draws from here on.
      if (!(error instanceof NoGraphics)) throw error
      if (card === on) ofCard.onLost(error)
    }
  }

  function drawWithCard({ tiles, tileElement, wholeElement, whole }: Card, frame: ShownFrame, as: Presentation): void {
    isTiled = frame.kind === 'tiles'
    if (frame.kind === 'tiles') {
      tiles.draw(frame, as)
      show(tileElement, wholeElement)
      return
    }
    whole?.draw(frame, as)
    show(wholeElement, tileElement)
  }

  return {
    maxTexture: card?.tiles.maxTexture ?? processorMaxEdge,
    size,
    canDraw: (frame) => !card || frame.kind === 'tiles' || card.whole !== undefined,
    prepare,
    draw(frame, presentation) {
      if (card) drawWithCard(card, frame, presentation)
      else processor?.draw(frame, presentation)
    },
    missing: () => (card ? (isTiled ? card.tiles.missing() : []) : (processor?.missing() ?? [])),
    clear() {
      card?.tiles.clear()
      card?.whole?.clear()
      processor?.clear()
    },
    resize: () => card?.whole?.resize(),
    drawnBy: () => (card ? 'graphics' : 'processor'),
    close() {
      isClosed = true
      closeCard()
      processor?.close()
    },
  }
}

const show = (shown: HTMLElement, hidden: HTMLElement): void => {
  shown.style.visibility = 'visible'
  hidden.style.visibility = 'hidden'
}

function createLayer(parent: HTMLElement): HTMLDivElement {
  const layer = document.createElement('div')
  layer.style.cssText = 'position: absolute; inset: 0'
  return parent.appendChild(layer)
}
