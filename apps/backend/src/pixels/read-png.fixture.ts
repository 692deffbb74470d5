// For tests: reads the PNGs that write-png.ts makes.
import assert from 'node:assert/strict'
import { inflateSync } from 'node:zlib'

export interface Png {
  columns: number
  rows: number
  components: number
  pixels: Uint8Array
}

/** Our own PNGs only: 8 bits, every line the difference to the one above. */
export function readPng(bytes: Uint8Array): Png {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  assert.equal(view.getUint32(0), 0x89504e47)
  const [width, height] = [view.getUint32(16), view.getUint32(20)]
  assert.equal(bytes[24], 8)
  const components = bytes[25] === 2 ? 3 : 1
  const data: Uint8Array[] = []
  for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) {
    const name = Buffer.from(bytes.subarray(at + 4, at + 8)).toString()
    if (name === 'IDAT') data.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)))
  }
  const lines = inflateSync(Buffer.concat(data))
  const stride = width * components
  const pixels = new Uint8Array(stride * height)
  for (let row = 0; row < height; row += 1) {
    assert.equal(lines[row * (stride + 1)], 2)
    for (let at = 0; at < stride; at += 1)
      pixels[row * stride + at] = lines[row * (stride + 1) + 1 + at]! + (row > 0 ? pixels[(row - 1) * stride + at]! : 0)
  }
  return { columns: width, rows: height, components, pixels }
}
