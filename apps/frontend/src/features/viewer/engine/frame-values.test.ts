import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStored, type PixelFormat } from '@instandt/pixels'
import type { LoadedFrame } from './frame-store.ts'
import { rangeWithin } from './frame-values.ts'

const format = {
  columns: 4,
  rows: 1,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  isSigned: false,
  kind: 'integer',
  photometric: 'MONOCHROME2',
  isPlanar: false,
  frameCount: 1,
} as unknown as PixelFormat
const padding = { lower: 3, upper: 3 }

test('padding is a stored value: what a Modality LUT makes of another one is none', async () => {
  const stored = Uint16Array.of(0, 1, 2, 3)
  const whole = { left: 0, top: 0, right: 4, bottom: 1 }
  const rangeOf = (modality: Parameters<typeof openStored>[1]['tables']['modality']) => {
    const tables = { palette: undefined, modality }
    const image = openStored({ stored: stored.slice(), isConverted: false }, { format, tables, padding }, 100)
    const frame = { kind: 'whole', image, attributes: { padding } } as unknown as LoadedFrame
    return rangeWithin(frame, whole, new AbortController().signal)
  }
  assert.deepEqual(await rangeOf(undefined), { min: 0, max: 2 })
  const table = { first: 0, bits: 16, values: Uint16Array.of(3, 5, 7, 9), explanation: '' }
  assert.deepEqual(await rangeOf(table), { min: 3, max: 9 })
})
