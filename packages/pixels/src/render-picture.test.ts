import assert from 'node:assert/strict'
import { test } from 'node:test'
import { colourModelOf, displayPixels } from './display-pixels.ts'
import type { FrameAttributes } from './frame-attributes.ts'
import type { PixelFormat, StoredArray } from './pixel-format.ts'
import { renderPicture, type RenderOptions } from './render-picture.ts'
import { measureFrame } from './statistics.ts'
import { greyFormat } from './grey-format.fixture.ts'

const plain: FrameAttributes = { rescale: undefined, fileWindows: [], isInverse: false, aspect: 1, padding: undefined }
const format = (change: Partial<PixelFormat>): PixelFormat => greyFormat(4, 1, change)

function render(
  samples: StoredArray,
  of: PixelFormat,
  attributes: Partial<FrameAttributes> = {},
  options: RenderOptions = {},
) {
  const values = { samples, format: of }
  const statistics = measureFrame(samples, of, attributes.padding)
  const display = displayPixels(values, colourModelOf(of, false), statistics, undefined, Number.POSITIVE_INFINITY)
  return renderPicture({ values, statistics, display }, { ...plain, ...attributes }, options)
}
const shades = (...args: Parameters<typeof render>): number[] => [...render(...args).pixels]

test('the window asked for is LINEAR, LINEAR_EXACT or SIGMOID of the standard, in units after the rescale', () => {
  const samples = Uint16Array.of(0, 100, 150, 200)
  const ask = (shape: 'linear' | 'linear-exact' | 'sigmoid', centre = 150, width = 101) => ({
    window: { centre, width, shape },
  })
  // PS3.3 C.11.2.1.2.1: from centre - 0.5 - (width - 1) / 2 = 99.5 to 199.5.
  assert.deepEqual(shades(samples, format({}), {}, ask('linear')), [0, 1, 129, 255])
  assert.deepEqual(shades(samples, format({}), {}, ask('linear-exact', 150, 100)), [0, 0, 128, 255])
  // 1 / (1 + e^2) of the way at half a width below the centre.
  assert.deepEqual(shades(samples, format({}), {}, ask('sigmoid', 150, 100)), [1, 30, 128, 225])
  const rescale = { slope: -2, intercept: 1000, type: '' }
  assert.deepEqual(shades(samples, format({}), { rescale }, ask('linear-exact', 700, 200)), [255, 255, 128, 0])
  // Width 1 is a step.
  assert.deepEqual(shades(samples, format({}), {}, ask('linear', 150, 1)), [0, 0, 255, 255])
})

test("without a window the file's own is taken, one beside all values is not; MONOCHROME1 is white at the lowest", () => {
  const samples = Uint16Array.of(1000, 1100, 1200, 1300)
  const own = [{ centre: 1100, width: 200, explanation: '', isExact: true }]
  assert.deepEqual(shades(samples, format({}), { fileWindows: own }), [0, 128, 255, 255])
  const beside = [{ centre: 9000, width: 10, explanation: '', isExact: true }]
  assert.deepEqual(shades(samples, format({}), { fileWindows: beside }), [0, 85, 170, 255])
  assert.deepEqual(shades(samples, format({}), { isInverse: true }), [255, 170, 85, 0])
})

test('floats, signed values, padding and what is no number have a shade', () => {
  const floats = format({ kind: 'float', bitsAllocated: 32, bitsStored: 32 })
  assert.deepEqual(shades(Float32Array.of(-1, 0, 1, Number.NaN), floats), [0, 128, 255, 0])
  assert.deepEqual(shades(Int16Array.of(-300, -200, -100, 0), format({ isSigned: true })), [0, 85, 170, 255])
  const padded = { padding: { lower: -2000, upper: -2000 } }
  assert.deepEqual(shades(Int16Array.of(-2000, 0, 50, 100), format({ isSigned: true }), padded), [0, 0, 128, 255])
  const window = { centre: -950, width: 2100, shape: 'linear-exact' } as const
  assert.deepEqual(
    shades(Int16Array.of(-2000, 0, 50, 100), format({ isSigned: true }), padded, { window }),
    [0, 243, 249, 255],
  )
  assert.deepEqual(shades(Uint32Array.of(0, 4_000_000_000, 2_000_000_000, 0), format({ bitsAllocated: 32 }))[1], 255)
})

test('a part is cut out, a negative extent mirrors it', () => {
  const samples = Uint16Array.from({ length: 12 }, (_, index) => index)
  const of = format({ rows: 3, columns: 4 })
  const window = { centre: 127.5, width: 255, shape: 'linear-exact' } as const
  const part = (left: number, top: number, width: number, height: number) =>
    shades(samples, of, {}, { window, region: { left, top, width, height } })
  assert.deepEqual(part(1, 1, 2, 2), [5, 6, 9, 10])
  assert.deepEqual(part(1, 1, -2, 2), [6, 5, 10, 9])
  assert.deepEqual(part(0, 0, 4, -3), [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3])
})

test('it fits into the viewport and keeps its shape, that of its pixels too; smaller is the mean of what it covers', () => {
  const samples = Uint16Array.from({ length: 64 }, (_, index) => (index % 8 < 4 ? 0 : 200))
  const of = format({ rows: 8, columns: 8 })
  const window = { centre: 127.5, width: 255, shape: 'linear-exact' } as const
  const size = (viewport: { width: number; height: number; isEnlarging: boolean }, aspect = 1) => {
    const { columns, rows } = render(samples, of, { aspect }, { window, viewport })
    return [columns, rows]
  }
  assert.deepEqual(size({ width: 4, height: 100, isEnlarging: true }), [4, 4])
  assert.deepEqual(size({ width: 100, height: 32, isEnlarging: true }), [32, 32])
  assert.deepEqual(size({ width: 100, height: 32, isEnlarging: false }), [8, 8])
  assert.deepEqual(size({ width: 8, height: 8, isEnlarging: true }, 2), [4, 8])
  const three = render(samples, of, {}, { window, viewport: { width: 3, height: 3, isEnlarging: true } })
  assert.deepEqual([...three.pixels], [0, 100, 200, 0, 100, 200, 0, 100, 200])
  const sixteen = render(samples, of, {}, { window, viewport: { width: 16, height: 16, isEnlarging: true } })
  assert.deepEqual(
    [...sixteen.pixels.subarray(0, 16)],
    [0, 0, 0, 0, 0, 0, 0, 50, 150, 200, 200, 200, 200, 200, 200, 200],
  )
})

test('colours keep theirs', () => {
  const of = format({ columns: 2, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, photometric: 'RGB' })
  const picture = render(Uint8Array.of(1, 2, 3, 4, 5, 6), of, {}, { region: { left: 0, top: 0, width: -2, height: 1 } })
  assert.deepEqual([picture.components, ...picture.pixels], [3, 4, 5, 6, 1, 2, 3])
})
