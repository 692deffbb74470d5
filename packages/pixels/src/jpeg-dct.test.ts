import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJpegDct, readJpegHeader } from './jpeg-dct.ts'
import { type JpegOptions, writeFlatJpeg } from './jpeg-writer.fixture.ts'

const grey = (block: (column: number, row: number) => number): JpegOptions['planes'] => [{ h: 1, v: 1, block }]
const limit = 1_000_000

test('a flat block decodes to its value, 8 and 12 bits, also where blocks reach beyond the edge', () => {
  for (const [precision, step] of [
    [8, 30],
    [12, 400],
  ] as const) {
    const value = (column: number, row: number): number => 7 + column * step + row
    const image = decodeJpegDct(writeFlatJpeg({ columns: 21, rows: 13, precision, planes: grey(value) }), limit)
    assert.deepEqual([image.columns, image.rows, image.precision, image.components], [21, 13, precision, 1])
    for (const [x, y] of [
      [0, 0],
      [20, 0],
      [20, 12],
      [7, 8],
    ] as const) {
      assert.equal(image.samples[y * 21 + x], value(x >> 3, y >> 3), `${precision} bits at ${x}, ${y}`)
    }
  }
})

test('restart markers begin the prediction anew, more often than the decoder reads ahead', () => {
  const planes = grey((column, row) => (column * 5 + row * 11) & 255)
  const jpeg = writeFlatJpeg({ columns: 8 * 40, rows: 8 * 40, precision: 8, planes, restartInterval: 1 })
  const { samples } = decodeJpegDct(jpeg, limit)
  assert.equal(samples[8 * 320 * 39 + 8 * 39], (39 * 5 + 39 * 11) & 255)
})

test('subsampled colour is repeated and not converted', () => {
  const planes = [
    { h: 2, v: 2, block: (column: number, row: number) => 100 + column + 2 * row },
    { h: 1, v: 1, block: () => 90 },
    { h: 1, v: 1, block: () => 200 },
  ]
  const image = decodeJpegDct(writeFlatJpeg({ columns: 16, rows: 16, precision: 8, planes }), limit)
  assert.deepEqual([...image.samples.subarray(0, 3)], [100, 90, 200])
  assert.deepEqual([...image.samples.subarray(-3)], [103, 90, 200])
  assert.equal(image.adobeTransform, undefined)
})

test('the transform of an Adobe marker is told', () => {
  const planes = [0, 1, 2].map((plane) => ({ h: 1, v: 1, block: () => 40 * plane }))
  const jpeg = writeFlatJpeg({ columns: 8, rows: 8, precision: 8, planes, adobeTransform: 0 })
  assert.equal(decodeJpegDct(jpeg, limit).adobeTransform, 0)
})

test('a progressive picture of one scan decodes', () => {
  const jpeg = writeFlatJpeg({
    columns: 16,
    rows: 8,
    precision: 8,
    planes: grey((column) => 20 + column),
    isProgressive: true,
  })
  assert.deepEqual([decodeJpegDct(jpeg, limit).samples[0], decodeJpegDct(jpeg, limit).samples[8]], [20, 21])
})

test('the header alone tells process and size', () => {
  const jpeg = writeFlatJpeg({ columns: 300, rows: 20, precision: 12, planes: grey(() => 1) })
  assert.deepEqual(readJpegHeader(jpeg), {
    process: 1,
    columns: 300,
    rows: 20,
    components: 1,
    adobeTransform: undefined,
  })
  assert.equal(readJpegHeader(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)), undefined)
})

test('damage is named: cut off, larger than allowed, no picture, arithmetic coding', () => {
  const jpeg = writeFlatJpeg({ columns: 800, rows: 800, precision: 8, planes: grey((column) => column) })
  assert.throws(() => decodeJpegDct(jpeg.subarray(0, jpeg.length / 2), limit), /the data end after/)
  assert.throws(() => decodeJpegDct(jpeg, 1000), /a size of 800 × 800/)
  assert.throws(() => decodeJpegDct(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), limit), /no picture/)
  assert.throws(() => decodeJpegDct(Uint8Array.of(1, 2, 3, 4), limit), /SOI/)
  const arithmetic = jpeg.slice()
  arithmetic[arithmetic.indexOf(0xc0)] = 0xc9
  assert.throws(() => decodeJpegDct(arithmetic, limit), /SOF9/)
})

test('no byte of a stream, changed, makes the decoder hang or fail in other ways than an error', () => {
  const jpeg = writeFlatJpeg({
    columns: 40,
    rows: 24,
    precision: 8,
    planes: grey((column, row) => column * 9 + row),
    restartInterval: 3,
  })
  for (let at = 2; at < jpeg.length; at += 1) {
    const damaged = jpeg.slice()
    damaged[at] = damaged[at]! ^ (1 << (at % 8))
    try {
      decodeJpegDct(damaged, limit)
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof TypeError), `byte ${at}: ${String(error)}`)
    }
  }
})
