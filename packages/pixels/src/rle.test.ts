import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRle } from './encode-rle.ts'
import { PixelFault } from './pixel-fault.ts'
import type { PixelFormat } from './pixel-format.ts'
import { decodeRle } from './rle.ts'

const format = (bitsAllocated: number, samplesPerPixel: number, isSigned = false): PixelFormat => ({
  rows: 5,
  columns: 7,
  samplesPerPixel,
  bitsAllocated,
  bitsStored: bitsAllocated,
  highBit: bitsAllocated - 1,
  isSigned,
  isPlanar: false,
  photometric: samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
  kind: 'integer',
  frameCount: 1,
})

test('a frame of every width comes back as it was, grey and colour', () => {
  for (const bytes of [1, 2, 4]) {
    for (const samples of [1, 3]) {
      const frame = Uint8Array.from(
        { length: 35 * samples * bytes },
        (_, index) => (index % 11 < 6 ? 7 : index * 37) & 255,
      )
      const decoded = decodeRle(encodeRle(frame, 7, samples, bytes), format(bytes * 8, samples))
      assert.deepEqual(new Uint8Array(decoded.buffer), frame, `${bytes} bytes, ${samples} samples`)
    }
  }
})

test('signed values of 12 bits are extended', () => {
  const words = Int16Array.from({ length: 35 }, (_, index) => (index - 17) & 0xfff)
  const decoded = decodeRle(encodeRle(new Uint8Array(words.buffer), 7, 1, 2), {
    ...format(16, 1, true),
    bitsStored: 12,
    highBit: 11,
  })
  assert.deepEqual(
    [...decoded],
    Array.from({ length: 35 }, (_, index) => index - 17),
  )
})

test('a hostile frame is refused with the reason', () => {
  const good = encodeRle(new Uint8Array(70), 7, 1, 2)
  const changed = (at: number, value: number): Uint8Array => {
    const frame = good.slice()
    new DataView(frame.buffer).setUint32(at, value, true)
    return frame
  }
  const cases: [Uint8Array, RegExp][] = [
    [good.subarray(0, 10), /header is cut off/],
    [changed(0, 15), /15 segments where 2/],
    [changed(4, 1_000_000), /segment 1 lies outside/],
    [changed(8, 0), /segment 1 lies outside/],
    [good.subarray(0, good.length - 2), /ends after/],
  ]
  for (const [frame, reason] of cases) {
    assert.throws(
      () => decodeRle(frame, format(16, 1)),
      (error) =>
        error instanceof PixelFault && error.code === 'decode-failed' && reason.test(String(error.detail['reason'])),
      String(reason),
    )
  }
})
