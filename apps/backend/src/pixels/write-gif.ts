import type { Picture } from '@instandt/pixels'

const codeBits = 12
/** Steps of red, green and blue in a palette of 216 colours. */
const steps = 6

/**
 * A picture as GIF 89a: all 256 greys, of colours the nearest of 216. PS3.18 8.7.4 requires the type, hardly anybody asks
 * for it.
 * @throws {RangeError} an edge beyond 65,535 pixels
 */
export function writeGif({ pixels, columns, rows, components }: Picture): Uint8Array<ArrayBuffer> {
  if (columns > 65_535 || rows > 65_535) throw new RangeError(`GIF has no room for ${columns} × ${rows} pixels`)
  const size = Buffer.alloc(4)
  size.writeUInt16LE(columns, 0)
  size.writeUInt16LE(rows, 2)
  const palette = Buffer.alloc(768)
  for (let index = 0; index < 256; index += 1) {
    const [red, green, blue] =
      components === 1
        ? [index, index, index]
        : [Math.floor(index / 36) % steps, Math.floor(index / 6) % steps, index % steps].map((step) => step * 51)
    palette.set([red!, green!, blue!], index * 3)
  }
  const indices = components === 1 ? pixels : toPalette(pixels)
  return new Uint8Array(
    Buffer.concat([
      Buffer.from('GIF89a'),
      size,
      // A palette of 256 colours, no background, square pixels.
      Uint8Array.of(0xf7, 0, 0),
      palette,
      Uint8Array.of(0x2c, 0, 0, 0, 0),
      size,
      Uint8Array.of(0, 8),
      ...compress(indices),
      Uint8Array.of(0, 0x3b),
    ]),
  )
}

function toPalette(pixels: Uint8Array): Uint8Array {
  const indices = new Uint8Array(pixels.length / 3)
  for (let index = 0; index < indices.length; index += 1) {
    const [red, green, blue] = [0, 1, 2].map((sample) => Math.round(pixels[index * 3 + sample]! / 51))
    indices[index] = red! * 36 + green! * 6 + blue!
  }
  return indices
}

/** LZW of GIF: codes grow from 9 bits to 12, then everything is forgotten; cut into blocks of at most 255 bytes. */
function* compress(indices: Uint8Array): Generator<Uint8Array> {
  const [clear, end] = [256, 257]
  let block = Buffer.alloc(256)
  let filled = 1
  let held = 0
  let heldBits = 0
  const blocks: Buffer[] = []
  const put = (code: number, bits: number): void => {
    held |= code << heldBits
    heldBits += bits
    while (heldBits >= 8) {
      block[filled++] = held & 255
      held >>>= 8
      heldBits -= 8
      if (filled === 256) flush()
    }
  }
  const flush = (): void => {
    if (filled === 1) return
    block[0] = filled - 1
    blocks.push(block.subarray(0, filled))
    block = Buffer.alloc(256)
    filled = 1
  }

  // Known strings: the code of what went before and the next index, to the code of both.
  let known = new Map<number, number>()
  let next = end + 1
  let bits = 9
  put(clear, bits)
  let prefix = indices[0] ?? 0
  for (let at = 1; at < indices.length; at += 1) {
    const index = indices[at]!
    const found = known.get(prefix * 256 + index)
    if (found !== undefined) {
      prefix = found
      continue
    }
    put(prefix, bits)
    known.set(prefix * 256 + index, next)
    prefix = index
    if (next === 1 << bits && bits < codeBits) bits += 1
    if (next === (1 << codeBits) - 1) {
      put(clear, bits)
      known = new Map()
      next = end
      bits = 9
    }
    next += 1
    yield* blocks.splice(0)
  }
  put(prefix, bits)
  put(end, bits)
  put(0, 7)
  flush()
  yield* blocks
}
