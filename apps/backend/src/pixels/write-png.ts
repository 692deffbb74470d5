import { crc32, deflateSync } from 'node:zlib'
import type { Picture } from '@instandt/pixels'

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
// Every line is the difference to the one above it: what deflate makes smallest of noisy greys at little cost.
const upFilter = 2

/** A picture as PNG (ISO/IEC 15948): 8 bits a channel, as PS3.18 8.7.4 wants rendered images, without loss. */
export function writePng({ pixels, columns, rows, components }: Picture): Uint8Array<ArrayBuffer> {
  const stride = columns * components
  const lines = new Uint8Array(rows * (stride + 1))
  for (let row = 0; row < rows; row += 1) {
    const to = row * (stride + 1) + 1
    const from = row * stride
    lines[to - 1] = upFilter
    for (let at = 0; at < stride; at += 1)
      lines[to + at] = pixels[from + at]! - (row > 0 ? pixels[from + at - stride]! : 0)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(columns, 0)
  header.writeUInt32BE(rows, 4)
  header[8] = 8
  header[9] = components === 3 ? 2 : 0
  const pieces = [
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines, { level: 4 })),
    chunk('IEND', new Uint8Array()),
  ]
  return new Uint8Array(Buffer.concat(pieces))
}

function chunk(name: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(data.length, 0)
  head.write(name, 4, 'latin1')
  const tail = Buffer.alloc(4)
  tail.writeUInt32BE(crc32(data, crc32(head.subarray(4))))
  return Buffer.concat([head, data, tail])
}
