import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PixelFault } from './pixel-fault.ts'
import type { PixelFormat } from './pixel-format.ts'
import { readNativeFrame, storedValuesAt } from './stored-values.ts'
import { greyFormat } from './grey-format.fixture.ts'

const format = (change: Partial<PixelFormat> = {}): PixelFormat => greyFormat(4, 1, change)
const words = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(Uint16Array.from(values).buffer)
const read = (bytes: Uint8Array<ArrayBuffer>, change: Partial<PixelFormat>): number[] => [
  ...readNativeFrame(bytes, format(change)),
]

test('16-bit values are read as they stand, signed and unsigned', () => {
  assert.deepEqual(read(words(0, 1, 0x8000, 0xffff), {}), [0, 1, 32768, 65535])
  assert.deepEqual(read(words(0, 1, 0x8000, 0xffff), { isSigned: true }), [0, 1, -32768, -1])
})

test('12 bits in 16: whatever stands above High Bit is no part of the value', () => {
  assert.deepEqual(read(words(0xf123, 0x0fff, 0xafff, 0x1000), { bitsStored: 12, highBit: 11 }), [0x123, 4095, 4095, 0])
})

test('a signed value of fewer bits takes its sign from its own top bit', () => {
  const change = { bitsStored: 12, highBit: 11, isSigned: true }
  assert.deepEqual(read(words(0x0800, 0x07ff, 0x0fff, 0xf7ff), change), [-2048, 2047, -1, 2047])
})

test('a value that ends at bit 15 is shifted down', () => {
  assert.deepEqual(read(words(0xfff0, 0x1230, 0x123f, 0x8000), { bitsStored: 12 }), [0xfff, 0x123, 0x123, 0x800])
  assert.deepEqual(read(words(0xfff0, 0x7ff0, 0, 0), { bitsStored: 12, isSigned: true }), [-1, 2047, 0, 0])
})

test('8 bits, signed and seven stored', () => {
  const bytes = (): Uint8Array<ArrayBuffer> => Uint8Array.of(0xff, 0x80, 0x7f, 0x40)
  assert.deepEqual(read(bytes(), { bitsAllocated: 8, bitsStored: 8, highBit: 7, isSigned: true }), [-1, -128, 127, 64])
  assert.deepEqual(read(bytes(), { bitsAllocated: 8, bitsStored: 7, highBit: 6 }), [127, 0, 127, 64])
})

test('32-bit values keep every digit, floats their fractions', () => {
  const big = new Uint8Array(Uint32Array.of(4_000_000_001, 2 ** 32 - 1, 1, 0).buffer)
  assert.deepEqual(read(big.slice(), { bitsAllocated: 32, bitsStored: 32, highBit: 31 }), [
    4_000_000_001,
    2 ** 32 - 1,
    1,
    0,
  ])
  assert.deepEqual(read(big.slice(), { bitsAllocated: 32, bitsStored: 32, highBit: 31, isSigned: true })[1], -1)
  const doubles = new Uint8Array(Float64Array.of(0.1, -1e300, 0, Number.NaN).buffer)
  assert.deepEqual(read(doubles, { bitsAllocated: 64, bitsStored: 64, highBit: 63, kind: 'float' }), [
    0.1,
    -1e300,
    0,
    Number.NaN,
  ])
})

test('single bits are read from the lowest up and rows do not begin at bytes', () => {
  const change = { rows: 2, columns: 5, bitsAllocated: 1, bitsStored: 1, highBit: 0 }
  assert.deepEqual(read(Uint8Array.of(0b1010_0101, 0b10), change), [1, 0, 1, 0, 0, 1, 0, 1, 0, 1])
})

test('colour planes are put pixel by pixel', () => {
  const change = {
    columns: 2,
    samplesPerPixel: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    isPlanar: true,
    photometric: 'RGB',
  }
  assert.deepEqual(read(Uint8Array.of(1, 2, 11, 12, 21, 22), change), [1, 11, 21, 2, 12, 22])
})

test('YBR_FULL_422 gives both pixels of a pair their colour, and full colour under that name is read too', () => {
  const change = {
    columns: 4,
    samplesPerPixel: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    photometric: 'YBR_FULL_422',
  }
  const halved = Uint8Array.of(1, 2, 100, 200, 3, 4, 101, 201)
  assert.deepEqual(read(halved, change), [1, 100, 200, 2, 100, 200, 3, 101, 201, 4, 101, 201])
  const full = Uint8Array.from({ length: 12 }, (_, index) => index)
  assert.deepEqual(read(full.slice(), change), [...full])
})

test('bytes that do not begin at a word are read all the same', () => {
  const buffer = new Uint8Array(9)
  buffer.set(words(1, 2, 3, 4), 1)
  assert.deepEqual(read(buffer.subarray(1), {}), [1, 2, 3, 4])
})

test('a frame that ends too early is named with both lengths', () => {
  assert.throws(
    () => readNativeFrame(new Uint8Array(6), format()),
    (error) =>
      error instanceof PixelFault &&
      error.code === 'frame-short' &&
      error.detail['expected'] === 8 &&
      error.detail['found'] === 6,
  )
})

test('a pixel outside the image has no value', () => {
  const stored = readNativeFrame(words(1, 2, 3, 4), format())
  assert.deepEqual(storedValuesAt(stored, format(), 3, 0), [4])
  for (const [x, y] of [
    [-1, 0],
    [4, 0],
    [0, 1],
    [0, -1],
  ] as const) {
    assert.equal(storedValuesAt(stored, format(), x, y), undefined)
  }
})
