import {
  Enums,
  eventTarget,
  getRenderingEngine,
  init,
  metaData,
  RenderingEngine,
  type StackViewport,
  type Types,
  utilities,
} from '@cornerstonejs/core'
import type { LoadedFrame } from './frame-store.ts'
import { drawnRange, imageSizeOf, NoGraphics, type Presentation, type StageEvents } from './stage-frame.ts'
import { cameraOf, type Size } from './view-transform.ts'

/** Draws frames that are whole in memory, with Cornerstone. */
export interface WholeStage {
  draw(frame: LoadedFrame, presentation: Presentation): void
  clear(): void
  resize(): void
  close(): void
}

const viewportId = 'viewer'
/** Modules that the renderer asks for, of the image on stage. */
const modules = new Map<string, Record<string, unknown>>()
let isReady = false

function prepare(): void {
  if (isReady) return
  init({ rendering: { webGlContextCount: 1 }, debug: { statsOverlay: false } })
  metaData.addProvider((type: string, imageId: string) => modules.get(imageId)?.[type])
  isReady = true
}

/** @throws {NoGraphics} when the card does not come back */
function checkGraphics(): void {
  const context = document.createElement('canvas').getContext('webgl2')
  if (!context) throw new NoGraphics()
  context.getExtension('WEBGL_lose_context')?.loseContext()
}

let stageCount = 0
// A card that fails this often in one visit will go on failing.
const maxLosses = 5

function openEngine(element: HTMLDivElement): { engine: RenderingEngine; viewport: StackViewport } {
  stageCount += 1
  const engine = new RenderingEngine(`viewer-${stageCount}`)
  engine.enableElement({
    viewportId,
    type: Enums.ViewportType.STACK,
    element,
    defaultOptions: { background: [0, 0, 0] },
  })
  return { engine, viewport: engine.getViewport(viewportId) as StackViewport }
}

/** Draws into `element`, which must have a size. */
export function createWholeStage(element: HTMLDivElement, { onRestored, onLost }: StageEvents): WholeStage {
  prepare()
  let { engine, viewport } = openEngine(element)
  let drawn: { frame: LoadedFrame; isInverted: boolean } | undefined
  let losses = 0

  // Drivers restart and laptops change cards: the picture must not stay black.
  const rebuild = (event: Event): void => {
    const { renderingEngineId } = (event as CustomEvent<{ renderingEngineId: string }>).detail
    if (renderingEngineId !== engine.id) return
    losses += 1
    try {
      if (losses > maxLosses) throw new NoGraphics()
      engine.destroy()
      checkGraphics()
      ;({ engine, viewport } = openEngine(element))
      drawn = undefined
      onRestored()
    } catch (error) {
      onLost(error)
    }
  }
  eventTarget.addEventListener(Enums.Events.WEBGL_CONTEXT_LOST, rebuild)

  // What the next drawing has; the canvas itself learns of it only then.
  const size = (): Size => ({ width: viewport.sWidth, height: viewport.sHeight })

  function place(frame: LoadedFrame, isInverted: boolean): void {
    const isColour = frame.image.display.components === 3
    // Colour is inverted in its samples: a window has no meaning there.
    if (drawn?.frame === frame && (!isColour || drawn.isInverted === isInverted)) return
    const image = toImage(frame, isInverted)
    modules.clear()
    modules.set(image.imageId, modulesOf(frame))
    viewport.renderImageObject(image)
    drawn = { frame, isInverted }
  }

  return {
    draw(frame, { view, window, isInverted }) {
      place(frame, isInverted)
      const range = drawnRange(frame, window)
      const isFalling = range.lower > range.upper
      const [lower, upper] = isFalling ? [range.upper, range.lower] : [range.lower, range.upper]
      const isColour = frame.image.display.components === 3
      const isDark = isInverted !== frame.attributes.isInverse
      viewport.setProperties({
        // A window of no width would divide by zero.
        voiRange: { lower, upper: upper > lower ? upper : lower + Number.EPSILON * Math.max(1, Math.abs(lower)) },
        invert: !isColour && isDark !== isFalling,
        // Large pixels are shown as what they are, small ones smoothly.
        interpolationType: view.zoom >= 3 ? Enums.InterpolationType.NEAREST : Enums.InterpolationType.LINEAR,
      })
      const camera = cameraOf(view, imageSizeOf(frame), size())
      const { focalPoint, viewPlaneNormal } = camera
      const distance = Math.max(1, camera.parallelScale) * 2
      const position = focalPoint.map((value, axis) => value + viewPlaneNormal[axis]! * distance) as Types.Point3
      viewport.setCamera({ ...camera, position })
      viewport.getRenderer().resetCameraClippingRange()
      viewport.render()
    },
    clear() {
      drawn = undefined
      const context = viewport.canvas.getContext('2d')
      context?.clearRect(0, 0, viewport.canvas.width, viewport.canvas.height)
    },
    resize() {
      engine.resize(false, true)
    },
    close() {
      eventTarget.removeEventListener(Enums.Events.WEBGL_CONTEXT_LOST, rebuild)
      modules.clear()
      if (getRenderingEngine(engine.id)) engine.destroy()
    },
  }
}

/** The renderer's own notion of an image. Its world is columns wide and rows times aspect high. */
function toImage(frame: LoadedFrame, isInverted: boolean): Types.IImage {
  const { address, attributes, image } = frame
  const { pixels, columns, rows, components, reduction } = image.display
  const isColour = components === 3
  const scalarData = isColour && isInverted ? pixels.map((value) => 255 - value) : pixels
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    scalarData,
    width: columns,
    height: rows,
    numberOfComponents: components,
  })
  return {
    imageId: `instandt:${address.instance}/${address.frame}${isColour && isInverted ? '/inverted' : ''}`,
    minPixelValue: image.statistics.min,
    maxPixelValue: image.statistics.max,
    slope: 1,
    intercept: 0,
    windowCenter: 128,
    windowWidth: 256,
    voiLUTFunction: Enums.VOILUTFunctionType.LINEAR_EXACT,
    getPixelData: () => scalarData,
    getCanvas: () => document.createElement('canvas'),
    rows,
    columns,
    height: rows,
    width: columns,
    color: isColour,
    rgba: false,
    numberOfComponents: components,
    columnPixelSpacing: reduction,
    rowPixelSpacing: reduction * attributes.aspect,
    invert: false,
    photometricInterpretation: isColour ? 'RGB' : 'MONOCHROME2',
    sizeInBytes: scalarData.byteLength,
    dataType: scalarData.constructor.name as Types.PixelDataTypedArrayString,
    voxelManager: voxelManager as Types.IVoxelManager<number>,
  }
}

function modulesOf({ address, format, attributes, image }: LoadedFrame): Record<string, unknown> {
  const { columns, rows, components, reduction } = image.display
  const isColour = components === 3
  // Pixel 0 of a reduced image lies in the middle of the square it stands for.
  const first = (reduction - 1) / 2
  return {
    [Enums.MetadataModules.IMAGE_PLANE]: {
      imagePositionPatient: [first, first * attributes.aspect, 0],
      imageOrientationPatient: [1, 0, 0, 0, 1, 0],
      rowCosines: [1, 0, 0],
      columnCosines: [0, 1, 0],
      columnPixelSpacing: reduction,
      rowPixelSpacing: reduction * attributes.aspect,
      columns,
      rows,
      frameOfReferenceUID: address.instance,
      usingDefaultValues: false,
    },
    [Enums.MetadataModules.IMAGE_PIXEL]: {
      pixelRepresentation: format.isSigned ? 1 : 0,
      bitsAllocated: format.bitsAllocated,
      bitsStored: format.bitsStored,
      highBit: format.highBit,
      // Its own idea of MONOCHROME1 would invert a second time.
      photometricInterpretation: isColour ? 'RGB' : 'MONOCHROME2',
      samplesPerPixel: components,
    },
    [Enums.MetadataModules.GENERAL_SERIES]: { modality: 'OT' },
  }
}
