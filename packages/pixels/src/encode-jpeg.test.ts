import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEncoders } from './create-encoders.ts'
import { decodeFrame } from './decode-frame.ts'
import { encodeJpeg } from './encode-jpeg.ts'
import { createNodeCodecs } from './node.ts'
import type { PixelFormat } from './pixel-format.ts'

const codecs = createNodeCodecs()
const encoders = createEncoders()
const baseline = '1.2.840.10008.1.2.4.50'

const sizes = [
  [1, 1],
  [8, 8],
  [3, 40],
  [40, 3],
  [31, 33],
  [63, 65],
  [128, 128],
  [129, 145],
  [512, 520],
  [1, 16384],
  [300, 200],
] as const

// Black and white by chance: no content needs more bytes.
let state = 7
const noise = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 31 === 0 ? 0 : 255
  })

test('the smallest and the noisiest pictures are whole at every quality', async () => {
  for (const components of [1, 3] as const)
    for (const [columns, rows] of sizes)
      for (const quality of [1, 60, 85, 86, 90, 100]) {
        const pixels = noise(columns * rows * components)
        const jpeg = await encodeJpeg({ pixels, columns, rows, components }, quality, encoders)
        // Components of the scan, whatever encoder wrote them.
        const count = jpeg[jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xc0) + 9] ?? 0
        const format: PixelFormat = {
          rows,
          columns,
          samplesPerPixel: count,
          bitsAllocated: 8,
          bitsStored: 8,
          highBit: 7,
          isSigned: false,
          isPlanar: false,
          photometric: count === 3 ? 'YBR_FULL' : 'MONOCHROME2',
          kind: 'integer',
          frameCount: 1,
        }
        const { stored } = await decodeFrame(jpeg, baseline, format, codecs)
        assert.equal(stored.length, columns * rows * count)
        if (quality < 90 || components === 3) continue
        let worst = 0
        for (let at = 0; at < pixels.length; at += 1)
          worst = Math.max(worst, Math.abs((stored[at * count] ?? 0) - (pixels[at] ?? 0)))
        assert.ok(worst <= (quality === 100 ? 4 : 60), `${columns} × ${rows} at ${quality}: off by ${worst}`)
      }
})
