import type { Expander } from './lzw.ts'

const outputBytes = 256 * 1024

/** PackBits, byte runs (TIFF 6.0 section 9). */
export function createPackBits(): Expander {
  let literals = 0
  let repeats = 0
  return function* expand(chunk) {
    let out = new Uint8Array(outputBytes)
    let filled = 0
    for (let at = 0; at < chunk.length;) {
      if (filled + 128 > out.length) {
        yield out.subarray(0, filled)
        out = new Uint8Array(outputBytes)
        filled = 0
      }
      if (literals > 0) {
        const part = chunk.subarray(at, at + literals)
        out.set(part, filled)
        filled += part.length
        literals -= part.length
        at += part.length
        continue
      }
      const byte = chunk[at] as number
      at += 1
      if (repeats > 0) {
        out.fill(byte, filled, filled + repeats)
        filled += repeats
        repeats = 0
      } else if (byte < 128) literals = byte + 1
      else if (byte > 128) repeats = 257 - byte
    }
    if (filled > 0) yield out.subarray(0, filled)
  }
}
