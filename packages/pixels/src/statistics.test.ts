import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PixelFormat } from './pixel-format.ts'
import { measureFrame } from './statistics.ts'
import { greyFormat } from './grey-format.fixture.ts'

const format = (columns: number, rows: number, kind: PixelFormat['kind'] = 'integer'): PixelFormat =>
  greyFormat(columns, rows, { kind })

test('half a per cent at either end is left out of the percentiles', () => {
  const stored = Uint16Array.from({ length: 1000 }, (_, index) => (index < 4 ? 0 : index > 995 ? 65_535 : 1000 + index))
  const { min, max, lowPercentile, highPercentile } = measureFrame(stored, format(100, 10))
  assert.deepEqual([min, max], [0, 65_535])
  assert.ok(lowPercentile >= 1000 && lowPercentile < 1010, String(lowPercentile))
  assert.ok(highPercentile > 1980 && highPercentile < 2000, String(highPercentile))
})

test('padding does not count, unless there is nothing else', () => {
  const stored = Uint16Array.of(0, 0, 5, 9)
  assert.deepEqual(measureFrame(stored, format(4, 1), { lower: 0, upper: 0 }).min, 5)
  assert.deepEqual(measureFrame(stored, format(4, 1), { lower: 0, upper: 65_535 }).max, 9)
})

test('a region is measured alone', () => {
  const stored = Uint16Array.from({ length: 20 }, (_, index) => index)
  const { min, max } = measureFrame(stored, format(5, 4), undefined, { left: 1, top: 1, right: 3, bottom: 3 })
  assert.deepEqual([min, max], [6, 12])
})

test('values that are no numbers are passed over', () => {
  const stored = Float32Array.of(Number.NaN, -0.5, 2, Number.POSITIVE_INFINITY)
  const { min, max } = measureFrame(stored, format(4, 1, 'float'))
  assert.deepEqual([min, max], [-0.5, 2])
  const nothing = measureFrame(Float32Array.of(Number.NaN), format(1, 1, 'float'))
  assert.deepEqual([nothing.min, nothing.max], [0, 0])
})
