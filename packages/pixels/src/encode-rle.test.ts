import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRle } from './encode-rle.ts'

/** RLE as the standard tells a reader to unpack it (PS3.5 G.3.2). */
function decodeRle(encoded: Uint8Array, pixels: number, samples: number, bytes: number): Uint8Array {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  const count = view.getUint32(0, true)
  assert.equal(count, samples * bytes)
  const frame = new Uint8Array(pixels * samples * bytes)
  for (let segment = 0; segment < count; segment += 1) {
    let at = view.getUint32(4 + 4 * segment, true)
    const sample = Math.floor(segment / bytes)
    const byte = bytes - 1 - (segment % bytes)
    for (let pixel = 0; pixel < pixels;) {
      const control = view.getInt8(at)
      const length = control >= 0 ? control + 1 : 1 - control
      for (let step = 0; step < length; step += 1) {
        frame[(pixel * samples + sample) * bytes + byte] = encoded[at + 1 + (control >= 0 ? step : 0)] as number
        pixel += 1
      }
      at += control >= 0 ? length + 1 : 2
    }
  }
  return frame
}

test('packs RLE so that it unpacks to the same, in runs as the standard wants them', () => {
  const noise = Uint8Array.from({ length: 6 * 300 }, (_, at) => (at * 2_654_435_761) >>> 13)
  const flat = new Uint8Array(6 * 300).fill(9)
  const mixed = noise.map((value, at) => (at % 50 < 30 ? 5 : value))
  for (const frame of [noise, flat, mixed]) {
    for (const [samples, bytes] of [
      [1, 1],
      [1, 2],
      [3, 1],
      [3, 2],
    ] as const) {
      const width = frame.length / samples / bytes / 3
      const encoded = encodeRle(frame, width, samples, bytes)
      assert.equal(encoded.length % 2, 0)
      assert.deepEqual(decodeRle(encoded, width * 3, samples, bytes), frame)
    }
  }
  assert.ok(encodeRle(flat, 300, 1, 1).length < 64 + 6 * 8)
  assert.throws(() => encodeRle(flat, 7, 1, 1), RangeError)
})
