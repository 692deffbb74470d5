import type { Region } from '@instandt/pixels'

/**
 * Where a pixel stands on the screen. Image coordinates: column and row, 0 is the first, whole numbers are pixel
 * centres. Canvas coordinates: device pixels from the top left corner of the canvas.
 */
export interface ViewState {
  /** Image point in the middle of the canvas. */
  centre: Point
  /** Device pixels per image column. */
  zoom: number
  /** Clockwise, degrees. */
  rotation: 0 | 90 | 180 | 270
  /** Mirrored left to right on the screen, after the rotation. */
  flipHorizontal: boolean
  flipVertical: boolean
}

export interface Point {
  x: number
  y: number
}

export interface Size {
  width: number
  height: number
}

/** Image as it is shown: `aspect` is the height of a pixel in pixel widths. */
export interface ImageSize {
  columns: number
  rows: number
  aspect: number
}

/** Image axes on the screen, in device pixels a column and a row: x' = a·x + c·y, y' = b·x + d·y. */
interface Axes {
  a: number
  b: number
  c: number
  d: number
}

const quarterTurns = { 0: [1, 0], 90: [0, 1], 180: [-1, 0], 270: [0, -1] } as const

function axesOf(view: ViewState, aspect: number): Axes {
  const [cos, sin] = quarterTurns[view.rotation]
  const horizontal = view.flipHorizontal ? -view.zoom : view.zoom
  const vertical = view.flipVertical ? -view.zoom : view.zoom
  return { a: horizontal * cos, b: vertical * sin, c: -horizontal * sin * aspect, d: vertical * cos * aspect }
}

export function imageToCanvas(point: Point, view: ViewState, image: ImageSize, canvas: Size): Point {
  const { a, b, c, d } = axesOf(view, image.aspect)
  const dx = point.x - view.centre.x
  const dy = point.y - view.centre.y
  return { x: canvas.width / 2 + a * dx + c * dy, y: canvas.height / 2 + b * dx + d * dy }
}

export function canvasToImage(point: Point, view: ViewState, image: ImageSize, canvas: Size): Point {
  const { a, b, c, d } = axesOf(view, image.aspect)
  const determinant = a * d - b * c
  const x = point.x - canvas.width / 2
  const y = point.y - canvas.height / 2
  return { x: view.centre.x + (d * x - c * y) / determinant, y: view.centre.y + (a * y - b * x) / determinant }
}

/** The pixel under a canvas point, or undefined beside the image. */
export function pixelAt(point: Point, view: ViewState, image: ImageSize, canvas: Size): Point | undefined {
  const at = canvasToImage(point, view, image, canvas)
  const x = Math.floor(at.x + 0.5)
  const y = Math.floor(at.y + 0.5)
  return x >= 0 && y >= 0 && x < image.columns && y < image.rows ? { x, y } : undefined
}

/** The pixels a rectangle on the canvas touches, as far as they are in the image; its far edges are outside. */
export function pixelsBetween(
  from: Point,
  to: Point,
  view: ViewState,
  image: ImageSize,
  canvas: Size,
): Region | undefined {
  const [a, b] = [from, to].map((point) => {
    const at = canvasToImage(point, view, image, canvas)
    return { x: Math.floor(at.x + 0.5), y: Math.floor(at.y + 0.5) }
  }) as [Point, Point]
  const within = (value: number, limit: number): number => Math.min(limit, Math.max(0, value))
  const region = {
    left: within(Math.min(a.x, b.x), image.columns),
    top: within(Math.min(a.y, b.y), image.rows),
    right: within(Math.max(a.x, b.x) + 1, image.columns),
    bottom: within(Math.max(a.y, b.y) + 1, image.rows),
  }
  return region.right > region.left && region.bottom > region.top ? region : undefined
}

/** The middle of the image; half a pixel less than half its size, since pixel 0 has its centre at 0. */
const middleOf = (image: ImageSize): Point => ({ x: (image.columns - 1) / 2, y: (image.rows - 1) / 2 })

/** Zoom at which the whole image just fits. */
export function fitZoom(image: ImageSize, canvas: Size, rotation: ViewState['rotation'] = 0): number {
  const isTurned = rotation === 90 || rotation === 270
  const width = isTurned ? image.rows * image.aspect : image.columns
  const height = isTurned ? image.columns : image.rows * image.aspect
  return Math.min(canvas.width / width, canvas.height / height)
}

/** The first view of an image: whole, upright. */
export function initialView(image: ImageSize, canvas: Size): ViewState {
  const zoom = fitZoom(image, canvas)
  return { centre: middleOf(image), zoom, rotation: 0, flipHorizontal: false, flipVertical: false }
}

export function fitView(view: ViewState, image: ImageSize, canvas: Size): ViewState {
  return { ...view, centre: middleOf(image), zoom: fitZoom(image, canvas, view.rotation) }
}

/** Zoom never leaves a range in which one sees something: from a quarter of "fit" to 64 device pixels a column. */
export function clampZoom(zoom: number, image: ImageSize, canvas: Size): number {
  const smallest = Math.min(1, fitZoom(image, canvas)) / 4
  const largest = Math.max(64, fitZoom(image, canvas) * 4)
  return Math.min(largest, Math.max(smallest, zoom))
}

/** Zooms so that the image point under `anchor` stays where it is. */
export function zoomAt(view: ViewState, zoom: number, anchor: Point, image: ImageSize, canvas: Size): ViewState {
  const clamped = clampZoom(zoom, image, canvas)
  const fixed = canvasToImage(anchor, view, image, canvas)
  const moved = canvasToImage(anchor, { ...view, zoom: clamped }, image, canvas)
  const centre = { x: view.centre.x + fixed.x - moved.x, y: view.centre.y + fixed.y - moved.y }
  return keepInSight({ ...view, zoom: clamped, centre }, image)
}

/** Moves the image by device pixels. */
export function panBy(view: ViewState, delta: Point, image: ImageSize, canvas: Size): ViewState {
  const from = canvasToImage({ x: 0, y: 0 }, view, image, canvas)
  const to = canvasToImage(delta, view, image, canvas)
  const centre = { x: view.centre.x - (to.x - from.x), y: view.centre.y - (to.y - from.y) }
  return keepInSight({ ...view, centre }, image)
}

/** Turns about the middle of the canvas. On the screen it is always clockwise, mirrored or not. */
export function rotateView(view: ViewState): ViewState {
  const isMirrored = view.flipHorizontal !== view.flipVertical
  return { ...view, rotation: ((view.rotation + (isMirrored ? 270 : 90)) % 360) as ViewState['rotation'] }
}

/** The middle of the canvas always shows a bit of the image, so that it cannot be lost. */
function keepInSight(view: ViewState, image: ImageSize): ViewState {
  const x = Math.min(image.columns - 0.5, Math.max(-0.5, view.centre.x))
  const y = Math.min(image.rows - 0.5, Math.max(-0.5, view.centre.y))
  return { ...view, centre: { x, y } }
}

export interface Camera {
  focalPoint: [number, number, number]
  viewPlaneNormal: [number, number, number]
  viewUp: [number, number, number]
  /** Half the height of the canvas, in world units. */
  parallelScale: number
}

/** The same view for the renderer, whose world is (column, row · aspect, 0) with the eye at negative z. */
export function cameraOf(view: ViewState, image: ImageSize, canvas: Size): Camera {
  const [cos, sin] = quarterTurns[view.rotation]
  const horizontal = view.flipHorizontal ? -1 : 1
  const vertical = view.flipVertical ? -1 : 1
  // World directions that point right and up on the screen: rows of the inverse (transposed) rotation.
  const right = [horizontal * cos, -horizontal * sin] as const
  const up = [-vertical * sin, -vertical * cos] as const
  // Screen right × screen up points towards the viewer.
  const normal = right[0] * up[1] - right[1] * up[0]
  return {
    focalPoint: [view.centre.x, view.centre.y * image.aspect, 0],
    viewPlaneNormal: [0, 0, Math.sign(normal)],
    viewUp: [noNegativeZero(up[0]), noNegativeZero(up[1]), 0],
    parallelScale: canvas.height / 2 / view.zoom,
  }
}

const noNegativeZero = (value: number): number => (value === 0 ? 0 : value)
