import { ConvertFault } from '../fault.ts'

const clearCode = 256
const endCode = 257
const firstCode = 258
const mostCodes = 4096
const outputBytes = 256 * 1024

/** Takes the compressed bytes chunk by chunk and gives what they mean, in fresh memory. */
export type Expander = (chunk: Uint8Array) => Generator<Uint8Array>

/**
 * LZW of TIFF 6.0 section 13: codes of 9 to 12 bits, most significant bit first, each width ending one code early.
 * @throws ConvertFault 'damaged' at a code that cannot be; 'unsupported' for the reversed LZW of TIFF before 5.0
 */
export function createLzw(name: string): Expander {
  const prefix = new Uint16Array(mostCodes)
  const suffix = new Uint8Array(mostCodes)
  const first = new Uint8Array(mostCodes)
  const lengths = new Uint16Array(mostCodes)
  for (let code = 0; code < 256; code += 1) {
    suffix[code] = code
    first[code] = code
    lengths[code] = 1
  }
  let held = 0
  let heldBits = 0
  let width = 9
  let next = firstCode
  let previous = -1
  let isBegun = false
  let isEnded = false

  function add(lastByte: number): void {
    if (next === mostCodes) return
    prefix[next] = previous
    suffix[next] = lastByte
    first[next] = first[previous] as number
    lengths[next] = (lengths[previous] as number) + 1
    next += 1
    if (next === (1 << width) - 1 && width < 12) width += 1
  }

  return function* expand(chunk) {
    let out = new Uint8Array(outputBytes)
    let filled = 0
    for (const byte of chunk) {
      if (isEnded) break
      held = ((held << 8) | byte) & 0x7f_ffff
      heldBits += 8
      if (heldBits < width) continue
      heldBits -= width
      const code = (held >>> heldBits) & ((1 << width) - 1)
      if (!isBegun && code !== clearCode) {
        throw code <= 1
          ? new ConvertFault('unsupported', `${name} has the reversed LZW of the time before TIFF 5.0.`)
          : new ConvertFault('damaged', `${name} does not begin as LZW does.`)
      }
      isBegun = true
      if (code === clearCode) {
        width = 9
        next = firstCode
        previous = -1
        continue
      }
      if (code === endCode) {
        isEnded = true
        break
      }
      if (code > next || (previous < 0 && code >= firstCode) || (code === next && next === mostCodes))
        throw new ConvertFault('damaged', `${name} holds an LZW code that cannot be.`)
      // A code that is being made right now is the one before with its own first byte behind it.
      if (previous >= 0) add(code === next ? (first[previous] as number) : (first[code] as number))
      const length = lengths[code] as number
      if (filled + length > out.length) {
        yield out.subarray(0, filled)
        out = new Uint8Array(outputBytes)
        filled = 0
      }
      let at = filled + length
      filled = at
      for (let link = code, left = length; left > 0; left -= 1) {
        at -= 1
        out[at] = suffix[link] as number
        link = prefix[link] as number
      }
      previous = code
    }
    if (filled > 0) yield out.subarray(0, filled)
  }
}
