import assert from 'node:assert/strict'
import { test } from 'node:test'
import { colourModelOf, displayPixels } from './display-pixels.ts'
import { expandSegments } from './look-up.ts'
import type { PixelFormat, StoredArray } from './pixel-format.ts'
import { measureFrame } from './statistics.ts'
import { eightBits, greyFormat } from './grey-format.fixture.ts'

const format = (change: Partial<PixelFormat>): PixelFormat => greyFormat(2, 1, { ...eightBits, ...change })
const show = (
  samples: StoredArray,
  of: PixelFormat,
  maxTexture = 8192,
  palette?: Parameters<typeof displayPixels>[3],
) => displayPixels({ samples, format: of }, colourModelOf(of, false), measureFrame(samples, of), palette, maxTexture)

test('values the graphics card can hold are not copied', () => {
  const samples = Uint16Array.of(1, 60_000)
  assert.equal(show(samples, format({ bitsAllocated: 16, bitsStored: 16 })).pixels, samples)
})

test('32-bit values keep small differences at great heights', () => {
  const samples = Uint32Array.of(4_000_000_000, 4_000_000_001)
  const { pixels, offset } = show(samples, format({ bitsAllocated: 32, bitsStored: 32 }))
  assert.deepEqual([...pixels], [0, 1])
  assert.equal(offset, 4_000_000_000)
})

test('what is no number is drawn as the lowest value', () => {
  const { pixels } = show(Float32Array.of(5, Number.NaN), format({ kind: 'float', bitsAllocated: 32, bitsStored: 32 }))
  assert.deepEqual([...pixels], [5, 5])
})

test('YBR_FULL becomes RGB by the matrix of the standard', () => {
  const of = format({ columns: 1, samplesPerPixel: 3, photometric: 'YBR_FULL' })
  assert.deepEqual([...show(Uint8Array.of(76, 85, 255), of).pixels], [254, 0, 0])
  assert.deepEqual([...show(Uint8Array.of(128, 128, 128), of).pixels], [128, 128, 128])
})

test('colour of 16 bits is brought to 8', () => {
  const of = format({ columns: 1, samplesPerPixel: 3, photometric: 'RGB', bitsAllocated: 16, bitsStored: 16 })
  assert.deepEqual([...show(Uint16Array.of(65_535, 32_896, 0), of).pixels], [255, 128, 0])
})

test('a palette holds its ends, and 8-bit values in a 16-bit table stay what they are', () => {
  const of = format({ columns: 3, photometric: 'PALETTE COLOR' })
  const table = (values: number[]) => ({ first: 10, bits: 16, values: Uint16Array.from(values), explanation: '' })
  const narrow = [table([1, 2]), table([3, 4]), table([5, 6])]
  assert.deepEqual([...show(Uint8Array.of(0, 11, 200), of, 8192, narrow).pixels], [1, 3, 5, 2, 4, 6, 2, 4, 6])
  const wide = [table([0, 65_535]), table([0, 256]), table([0, 512])]
  assert.deepEqual([...show(Uint8Array.of(11, 11, 11), of, 8192, wide).pixels.subarray(0, 3)], [255, 1, 2])
})

test('an image larger than a texture is drawn as means of squares', () => {
  const samples = Uint16Array.of(1, 3, 10, 5, 7, 10, 100, 100, 50)
  const { pixels, columns, rows, reduction } = show(
    samples,
    format({ rows: 3, columns: 3, bitsAllocated: 16, bitsStored: 16 }),
    2,
  )
  assert.deepEqual([columns, rows, reduction, [...pixels]], [2, 2, 2, [4, 10, 100, 50]])
})

test('a segmented palette: runs, lines and earlier segments again', () => {
  // Two values, a line of three to 40, and both again.
  const bytes = Uint8Array.of(0, 2, 5, 10, 1, 3, 40, 2, 2, 0, 0, 0, 0)
  assert.deepEqual([...(expandSegments(bytes, 10, 8) ?? [])], [5, 10, 20, 30, 40, 5, 10, 20, 30, 40])
  assert.equal(expandSegments(Uint8Array.of(9, 9, 9), 4, 8), undefined)
})
