import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cameraOf,
  canvasToImage,
  fitView,
  imageToCanvas,
  initialView,
  panBy,
  pixelAt,
  pixelsBetween,
  rotateView,
  type ViewState,
  zoomAt,
} from './view-transform.ts'

const image = { columns: 100, rows: 50, aspect: 1 }
const canvas = { width: 400, height: 300 }
const start = initialView(image, canvas)
const turns = [0, 90, 180, 270] as const
const near = (a: { x: number; y: number }, b: { x: number; y: number }, message?: string): void =>
  assert.ok(
    Math.abs(a.x - b.x) < 1e-9 && Math.abs(a.y - b.y) < 1e-9,
    `${message}: ${JSON.stringify(a)} ${JSON.stringify(b)}`,
  )

function* allViews(): Generator<ViewState> {
  for (const rotation of turns) {
    for (const flipHorizontal of [false, true]) {
      for (const flipVertical of [false, true]) {
        yield { centre: { x: 30, y: 12.5 }, zoom: 2.5, rotation, flipHorizontal, flipVertical }
      }
    }
  }
}

test('at first the whole image fits, its corners at the edges of their pixels', () => {
  assert.equal(start.zoom, 4)
  near(imageToCanvas({ x: -0.5, y: -0.5 }, start, image, canvas), { x: 0, y: 50 })
  near(imageToCanvas({ x: 99.5, y: 49.5 }, start, image, canvas), { x: 400, y: 250 })
})

test('canvas to image undoes image to canvas in every position, square pixels or not', () => {
  for (const aspect of [1, 2, 0.4]) {
    for (const view of allViews()) {
      const point = { x: 17.25, y: 41.5 }
      const there = imageToCanvas(point, view, { ...image, aspect }, canvas)
      near(canvasToImage(there, view, { ...image, aspect }, canvas), point, JSON.stringify(view))
    }
  }
})

test('a pixel reaches from half before to half behind its centre', () => {
  assert.deepEqual(pixelAt({ x: 0, y: 50 }, start, image, canvas), { x: 0, y: 0 })
  assert.deepEqual(pixelAt({ x: 3.99, y: 53.99 }, start, image, canvas), { x: 0, y: 0 })
  assert.deepEqual(pixelAt({ x: 4, y: 50 }, start, image, canvas), { x: 1, y: 0 })
  assert.deepEqual(pixelAt({ x: 399.9, y: 249.9 }, start, image, canvas), { x: 99, y: 49 })
  assert.equal(pixelAt({ x: 10, y: 49.9 }, start, image, canvas), undefined)
  assert.equal(pixelAt({ x: 400, y: 100 }, start, image, canvas), undefined)
})

test('a rectangle takes every pixel it touches, in any direction, and none beside the image', () => {
  const between = (x1: number, y1: number, x2: number, y2: number) =>
    pixelsBetween({ x: x1, y: y1 }, { x: x2, y: y2 }, start, image, canvas)
  assert.deepEqual(between(4, 54, 12, 58), { left: 1, top: 1, right: 4, bottom: 3 })
  assert.deepEqual(between(12, 58, 4, 54), { left: 1, top: 1, right: 4, bottom: 3 })
  assert.deepEqual(between(-50, 0, 1000, 1000), { left: 0, top: 0, right: 100, bottom: 50 })
  assert.equal(between(0, 0, 400, 40), undefined)
})

test('rotating turns clockwise on the screen, mirrored or not', () => {
  for (const view of allViews()) {
    const point = { x: view.centre.x + 3, y: view.centre.y + 1 }
    const before = imageToCanvas(point, view, image, canvas)
    const after = imageToCanvas(point, rotateView(view), image, canvas)
    // Clockwise with y downwards: (x, y) → (-y, x) about the middle.
    near(after, { x: 200 - (before.y - 150), y: 150 + (before.x - 200) }, JSON.stringify(view))
  }
})

test('mirroring is left to right on the screen, also after a rotation', () => {
  for (const rotation of turns) {
    const view = { ...start, rotation }
    const point = { x: 20, y: 9 }
    const before = imageToCanvas(point, view, image, canvas)
    near(imageToCanvas(point, { ...view, flipHorizontal: true }, image, canvas), { x: 400 - before.x, y: before.y })
    near(imageToCanvas(point, { ...view, flipVertical: true }, image, canvas), { x: before.x, y: 300 - before.y })
  }
})

test('zooming keeps the point under the cursor where it is', () => {
  for (const view of allViews()) {
    const anchor = { x: 230, y: 140 }
    const fixed = canvasToImage(anchor, view, image, canvas)
    const zoomed = zoomAt(view, view.zoom * 1.7, anchor, image, canvas)
    near(imageToCanvas(fixed, zoomed, image, canvas), anchor, JSON.stringify(view))
  }
})

test('panning moves the image with the hand', () => {
  for (const view of allViews()) {
    const point = { x: 30, y: 20 }
    const before = imageToCanvas(point, view, image, canvas)
    const after = imageToCanvas(point, panBy(view, { x: 10, y: -6 }, image, canvas), image, canvas)
    near(after, { x: before.x + 10, y: before.y - 6 }, JSON.stringify(view))
  }
})

test('the image cannot be moved out of sight nor zoomed away', () => {
  const gone = panBy(start, { x: 100_000, y: 100_000 }, image, canvas)
  assert.deepEqual(gone.centre, { x: -0.5, y: -0.5 })
  assert.equal(zoomAt(start, 1e9, { x: 0, y: 0 }, image, canvas).zoom, 64)
  assert.equal(zoomAt(start, 1e-9, { x: 0, y: 0 }, image, canvas).zoom, 0.25)
})

test('pixels twice as high as wide make the image twice as high', () => {
  const tall = { columns: 100, rows: 50, aspect: 2 }
  const view = initialView(tall, canvas)
  assert.equal(view.zoom, 3)
  const top = imageToCanvas({ x: 0, y: 0 }, view, tall, canvas)
  const below = imageToCanvas({ x: 1, y: 1 }, view, tall, canvas)
  near({ x: below.x - top.x, y: below.y - top.y }, { x: 3, y: 6 })
})

test('fit takes the rotation into account', () => {
  assert.equal(fitView({ ...start, rotation: 90 }, image, canvas).zoom, 3)
})

test('the camera sees what the transform says: its axes are the screen directions of the image', () => {
  for (const view of allViews()) {
    const { viewPlaneNormal, viewUp, parallelScale } = cameraOf(view, image, canvas)
    // right = up × normal, as a renderer has it.
    const right = { x: viewUp[1] * viewPlaneNormal[2], y: -viewUp[0] * viewPlaneNormal[2] }
    const unit = canvas.height / 2 / parallelScale
    const from = imageToCanvas(view.centre, view, image, canvas)
    for (const step of [
      { x: 1, y: 0 },
      { x: 0, y: 1 },
    ]) {
      const to = imageToCanvas({ x: view.centre.x + step.x, y: view.centre.y + step.y }, view, image, canvas)
      const expected = {
        x: unit * (right.x * step.x + right.y * step.y),
        y: -unit * (viewUp[0] * step.x + viewUp[1] * step.y),
      }
      near({ x: to.x - from.x, y: to.y - from.y }, expected, JSON.stringify(view))
    }
  }
})
