import { ConvertFault } from './fault.ts'

const blockBytes = 1024 * 1024

/**
 * Gathers chunks of any size into blocks of whole rows, in fresh memory, and ends after `total` bytes.
 * @throws ConvertFault 'truncated' when fewer come
 * @throws RangeError for lengths that are no whole numbers: it would never come to its end
 */
export async function* wholeRows(
  chunks: AsyncIterable<Uint8Array>,
  rowBytes: number,
  total: number,
  name: string,
): AsyncGenerator<Uint8Array> {
  if (![rowBytes, total].every((length) => Number.isSafeInteger(length) && length > 0))
    throw new RangeError(`${name} has rows of ${rowBytes} bytes, ${total} in all.`)
  const most = Math.max(1, Math.floor(blockBytes / rowBytes)) * rowBytes
  let given = 0
  let block = new Uint8Array(Math.min(most, total))
  let filled = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length && given < total;) {
      const part = chunk.subarray(at, at + block.length - filled)
      block.set(part, filled)
      filled += part.length
      at += part.length
      if (filled < block.length) continue
      given += filled
      yield block
      block = new Uint8Array(Math.min(most, total - given))
      filled = 0
    }
    if (given === total) return
  }
  throw new ConvertFault('truncated', `${name} holds ${given + filled} bytes of pixels instead of ${total}.`)
}

/** Passes on `total` bytes as they come. @throws ConvertFault 'truncated' when fewer come */
export async function* exactly(
  chunks: AsyncIterable<Uint8Array>,
  total: number,
  name: string,
): AsyncGenerator<Uint8Array> {
  let given = 0
  for await (const chunk of chunks) {
    const part = chunk.subarray(0, total - given)
    given += part.length
    if (part.length > 0) yield part
    if (given === total) return
  }
  if (given < total) throw new ConvertFault('truncated', `${name} holds ${given} bytes of pixels instead of ${total}.`)
}

/** Turns 16-bit words, in place. */
export function swapInPlace(bytes: Uint8Array): void {
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).swap16()
}

/**
 * Samples of 1 to 15 bits, most significant bit first and each row beginning with a new byte, one by one into bytes or, beyond
 * 8 bits, little-endian words. Values stay what they are.
 */
export function unpackBits(bytes: Uint8Array, rowBytes: number, columns: number, bits: number): Uint8Array {
  const rows = bytes.length / rowBytes
  const mask = (1 << bits) - 1
  const out = bits > 8 ? new Uint16Array(rows * columns) : new Uint8Array(rows * columns)
  let to = 0
  for (let row = 0; row < rows; row += 1) {
    let held = 0
    let heldBits = 0
    let at = row * rowBytes
    for (let column = 0; column < columns; column += 1) {
      while (heldBits < bits) {
        held = ((held << 8) | (bytes[at] as number)) & 0x7f_ffff
        at += 1
        heldBits += 8
      }
      heldBits -= bits
      out[to] = (held >>> heldBits) & mask
      to += 1
    }
  }
  return new Uint8Array(out.buffer)
}

/** Keeps the first `kept` samples of every pixel: an alpha channel is no measured value. */
export function dropSamples(bytes: Uint8Array, samples: number, kept: number, sampleBytes: number): Uint8Array {
  const pixelBytes = samples * sampleBytes
  const keptBytes = kept * sampleBytes
  const out = new Uint8Array((bytes.length / pixelBytes) * keptBytes)
  for (let from = 0, to = 0; from < bytes.length; from += pixelBytes, to += keptBytes)
    for (let index = 0; index < keptBytes; index += 1) out[to + index] = bytes[from + index] as number
  return out
}
