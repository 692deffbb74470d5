import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addSamples, axesOf, insideCanvas, opaque, type RasterLevel, type RasterPlan, toColours } from './raster.ts'
import { canvasToImage, type ViewState } from './view-transform.ts'

type Draw = (column: number, row: number, component: number) => number
const noise: Draw = (column, row, component) => (Math.imul(column * 3 + component + 1, 40_503) ^ (row * 977)) & 0xfff

/** A level in tiles of `edge`, without those whose number is `absent`. */
function levelOf(
  draw: Draw,
  { columns, rows, edge, step = 1, first = 0, components = 1, isSmooth = true }: Shape,
  absent: readonly number[] = [],
): RasterLevel {
  const across = Math.ceil(columns / edge)
  const tiles = Array.from({ length: across * Math.ceil(rows / edge) }, (_, tile) => {
    if (absent.includes(tile)) return undefined
    const [left, top] = [(tile % across) * edge, Math.floor(tile / across) * edge]
    const [width, height] = [Math.min(edge, columns - left), Math.min(edge, rows - top)]
    const pixels = Uint16Array.from({ length: width * height * components }, (_value, at) => {
      const pixel = Math.floor(at / components)
      return draw(left + (pixel % width), top + Math.floor(pixel / width), at % components)
    })
    return { pixels, columns: width }
  })
  return { step, first, columns, rows, edge, across, tiles, isSmooth }
}
interface Shape {
  columns: number
  rows: number
  edge: number
  step?: number
  first?: number
  components?: 1 | 3
  isSmooth?: boolean
}

const canvas = { width: 37, height: 29 }
const image = { columns: 40, rows: 33, aspect: 1 }

function planOf(view: ViewState, levels: RasterLevel[], components: 1 | 3 = 1, looks = 1, aspect = 1): RasterPlan {
  return { levels, components, looks, ...axesOf(view, { ...image, aspect }, canvas) }
}

const clamp = (value: number, size: number): number => Math.min(size - 1, Math.max(0, value))
/** Between four samples of the whole level, one by one. */
function between(draw: Draw, level: RasterLevel, x: number, y: number, component: number): number {
  const [atX, atY] = [(x - level.first) / level.step, (y - level.first) / level.step]
  const [left, top] = [Math.floor(atX), Math.floor(atY)]
  const at = (column: number, row: number): number =>
    draw(clamp(column, level.columns), clamp(row, level.rows), component)
  const [partX, partY] = [atX - left, atY - top]
  const upper = at(left, top) * (1 - partX) + at(left + 1, top) * partX
  const lower = at(left, top + 1) * (1 - partX) + at(left + 1, top + 1) * partX
  return upper * (1 - partY) + lower * partY
}

function check(
  plan: RasterPlan,
  view: ViewState,
  aspect: number,
  expected: (x: number, y: number, c: number) => number,
) {
  const plane = canvas.width * canvas.height
  const values = new Float32Array(plane * plan.components)
  addSamples(plan, values, insideCanvas(plan))
  let inside = 0
  for (let y = 0; y < canvas.height; y += 1)
    for (let x = 0; x < canvas.width; x += 1) {
      const middle = canvasToImage({ x: x + 0.5, y: y + 0.5 }, view, { ...image, aspect }, canvas)
      const isInside =
        middle.x >= -0.5 && middle.y >= -0.5 && middle.x < image.columns - 0.5 && middle.y < image.rows - 0.5
      inside += Number(isInside)
      for (let component = 0; component < plan.components; component += 1) {
        let wanted = 0
        for (let look = 0; isInside && look < plan.looks ** 2; look += 1) {
          const within = [(look % plan.looks) + 0.5, Math.floor(look / plan.looks) + 0.5].map(
            (part) => part / plan.looks - 0.5,
          )
          const point = { x: x + 0.5 + within[0]!, y: y + 0.5 + within[1]! }
          const { x: column, y: row } = canvasToImage(point, view, { ...image, aspect }, canvas)
          wanted += expected(column, row, component)
        }
        const found = values[component * plane + y * canvas.width + x]!
        assert.ok(Math.abs(found - wanted) < 0.02, `${found} at ${x}, ${y}: expected ${wanted}`)
      }
    }
  assert.ok(inside > 100)
}

const views: ViewState[] = []
for (const rotation of [0, 90, 180, 270] as const)
  for (const [flipHorizontal, flipVertical] of [
    [false, false],
    [true, false],
    [false, true],
  ] as const)
    for (const zoom of [0.7, 1.37])
      views.push({ centre: { x: 17.2, y: 14.9 }, zoom, rotation, flipHorizontal, flipVertical })

test('across the borders of tiles every place has the value between its four samples, turned and mirrored', () => {
  for (const view of views)
    for (const aspect of [1, 1.8]) {
      const level = levelOf(noise, { ...image, edge: 16 })
      check(planOf(view, [level], 1, 1, aspect), view, aspect, (x, y) => between(noise, level, x, y, 0))
    }
})

test('colours have a plane each, and several looks add up', () => {
  for (const view of views) {
    const level = levelOf(noise, { ...image, edge: 16, components: 3 })
    check(planOf(view, [level], 3, 2), view, 1, (x, y, component) => between(noise, level, x, y, component))
  }
})

test('large pixels are shown as what they are', () => {
  const view: ViewState = { ...views[0]!, zoom: 4.3, rotation: 90 }
  const level = levelOf(noise, { ...image, edge: 16, isSmooth: false })
  check(planOf(view, [level]), view, 1, (x, y) => noise(Math.floor(x + 0.5), Math.floor(y + 0.5), 0))
})

test('where a tile is missing the next level stands, also beside its border', () => {
  const small: Draw = (column, row) => 5000 + column * 10 + row
  const overview = { columns: 10, rows: 9, edge: 10, step: 4, first: 1.5 }
  // Of three by three tiles the one in the middle: a sample on its border needs it, too.
  for (const view of views) {
    const fine = levelOf(noise, { ...image, edge: 16 }, [4])
    const coarse = levelOf(small, overview)
    const tileOf = (at: number, size: number): number => Math.floor(clamp(at, size) / 16)
    check(planOf(view, [fine, coarse]), view, 1, (x, y) => {
      const [columns, rows] = [
        [Math.floor(x), Math.floor(x) + 1].map((at) => tileOf(at, image.columns)),
        [Math.floor(y), Math.floor(y) + 1].map((at) => tileOf(at, image.rows)),
      ]
      const isMissing = columns.includes(1) && rows.includes(1)
      return isMissing ? between(small, coarse, x, y, 0) : between(noise, fine, x, y, 0)
    })
  }
})

test('colours are rounded, kept within black and white, inverted, and only inside the image', () => {
  const values = Float32Array.of(-50, 100, 149.9, 200, 355, 900, 0, 0)
  const into = new Uint32Array(8).fill(opaque)
  const tone = { lower: 100, extent: 255, isInverted: false, looks: 1 }
  const inside = { left: 0, top: 0, right: 3, bottom: 2 }
  const greys = () => [...into].map((colour) => colour & 0xff)
  toColours(values, tone, 1, { width: 4, height: 2 }, inside, into)
  assert.deepEqual(greys(), [0, 0, 50, 0, 255, 255, 0, 0])
  toColours(values, { ...tone, isInverted: true }, 1, { width: 4, height: 2 }, inside, into)
  assert.deepEqual(greys(), [255, 255, 205, 0, 0, 0, 255, 0])
  toColours(values, { ...tone, lower: 25, extent: 255 / 4, looks: 2 }, 1, { width: 4, height: 2 }, inside, into)
  assert.deepEqual(greys(), [0, 0, 50, 0, 255, 255, 0, 0], 'four looks added up')
  toColours(
    Float32Array.of(10, 20, 30),
    { ...tone, lower: 0 },
    3,
    { width: 1, height: 1 },
    { ...inside, right: 1, bottom: 1 },
    into,
  )
  assert.equal(into[0]!.toString(16), 'ff1e140a')
})

test('a window of no width shows its own value black, or white when inverted, whatever the value', () => {
  const into = new Uint32Array(1)
  const inside = { left: 0, top: 0, right: 1, bottom: 1 }
  for (const lower of [0, 11, 23, 1000, 40_001, -7])
    for (const looks of [1, 2, 3])
      for (const isInverted of [false, true]) {
        const tone = { lower, extent: Number.EPSILON * Math.max(1, Math.abs(lower)), isInverted, looks }
        toColours(Float32Array.of(lower * looks ** 2), tone, 1, { width: 1, height: 1 }, inside, into)
        assert.equal(into[0]! & 0xff, isInverted ? 255 : 0, `${lower}, ${looks} looks`)
      }
})
