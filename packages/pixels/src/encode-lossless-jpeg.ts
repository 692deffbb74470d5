import { ByteWriter } from './byte-writer.ts'

/** Samples to be compressed: unsigned, pixel by pixel. */
export interface UnsignedSamples {
  samples: Uint8Array | Uint16Array
  columns: number
  rows: number
  components: number
  /** Bits of a sample, 2 to 16. */
  precision: number
}

/** Differences have 0 to 16 bits (ISO/IEC 10918-1 H.1.2.2). */
const categories = 17

/**
 * Lossless JPEG, process 14 with first-order prediction (ISO/IEC 10918-1 H; PS3.5 A.4.1, 1.2.840.10008.1.2.4.70), with
 * Huffman codes made for this very image.
 * @throws {RangeError} when the format cannot hold the image
 */
export function encodeLosslessJpeg(image: UnsignedSamples): Uint8Array<ArrayBuffer> {
  const { columns, rows, components, precision } = image
  if (columns > 65_535 || rows > 65_535) throw new RangeError(`JPEG has no room for ${columns} × ${rows} pixels`)
  if (precision < 2 || precision > 16) throw new RangeError(`JPEG has no samples of ${precision} bits`)
  const counts = new Uint32Array(categories)
  eachDifference(image, (difference) => {
    counts[categoryOf(difference)]! += 1
  })
  const { lengths, symbols, codes, bits } = makeCodes(counts)

  const out = new ByteWriter(1024 + image.samples.byteLength / 2)
  out.push(0xff, 0xd8)
  const numbers = Array.from({ length: components }, (_, index) => index + 1)
  const shape = [precision, rows >> 8, rows & 255, columns >> 8, columns & 255, components]
  segment(out, 0xc3, [...shape, ...numbers.flatMap((number) => [number, 0x11, 0])])
  segment(out, 0xc4, [0, ...lengths, ...symbols])
  // Selection value 1, no point transform.
  segment(out, 0xda, [components, ...numbers.flatMap((number) => [number, 0]), 1, 0, 0])

  let held = 0
  let count = 0
  const put = (value: number, length: number): void => {
    held = (held << length) | value
    count += length
    while (count >= 8) {
      const byte = (held >>> (count - 8)) & 255
      out.bytes[out.length++] = byte
      if (byte === 255) out.bytes[out.length++] = 0
      count -= 8
    }
  }
  eachDifference(image, (difference) => {
    const category = categoryOf(difference)
    // A code and its bits are four bytes at most, eight with stuffed zeros.
    out.reserve(8)
    put(codes[category]!, bits[category]!)
    // 32,768 is the only difference of 16 bits and needs none of them.
    if (category > 0 && category < 16) put(difference > 0 ? difference : difference + (1 << category) - 1, category)
  })
  // Ones to the end of the byte (F.1.2.3).
  out.reserve(4)
  if (count > 0) put((1 << (8 - count)) - 1, 8 - count)
  out.push(0xff, 0xd9)
  return out.finish()
}

const categoryOf = (difference: number): number => (difference === 0 ? 0 : 32 - Math.clz32(Math.abs(difference)))

function segment(out: ByteWriter, marker: number, body: readonly number[]): void {
  const length = body.length + 2
  out.push(0xff, marker, length >> 8, length & 255, ...body)
}

/** Sample less the one before it, in the first column less the one above, modulo 65,536 (H.1.2.1, H.1.2.2). */
function eachDifference(
  { samples, columns, rows, components, precision }: UnsignedSamples,
  take: (difference: number) => void,
): void {
  const stride = columns * components
  for (let row = 0; row < rows; row += 1) {
    let at = row * stride
    for (let column = 0; column < columns; column += 1) {
      for (let component = 0; component < components; component += 1, at += 1) {
        const prediction =
          column > 0 ? samples[at - components]! : row > 0 ? samples[at - stride]! : 1 << (precision - 1)
        const difference = (samples[at]! - prediction) & 0xffff
        take(difference > 0x8000 ? difference - 0x10000 : difference)
      }
    }
  }
}

/**
 * Huffman codes of at most 16 bits, none of them all ones (K.2). Seventeen symbols with counts below 2^32 could make a
 * code of 17 bits at worst: then the rarest are counted as more frequent than they are.
 */
function makeCodes(counts: Uint32Array): { lengths: number[]; symbols: number[]; codes: number[]; bits: number[] } {
  for (let least = 0; ; least = least * 2 + 1) {
    const bits = codeLengths(Array.from(counts, (count) => (count > 0 ? Math.max(count, least) : 0)))
    if (Math.max(...bits) > 16) continue
    const symbols = bits
      .map((length, symbol) => ({ length, symbol }))
      .filter(({ length, symbol }) => length > 0 && symbol < categories)
      .sort((a, b) => a.length - b.length || a.symbol - b.symbol)
    const lengths = Array.from({ length: 16 }, (_, index) => symbols.filter((one) => one.length === index + 1).length)
    const codes = Array.from({ length: categories }, () => 0)
    let code = 0
    let length = symbols[0]?.length ?? 0
    for (const one of symbols) {
      code <<= one.length - length
      length = one.length
      codes[one.symbol] = code
      code += 1
    }
    return { lengths, symbols: symbols.map(({ symbol }) => symbol), codes, bits }
  }
}

/** Bits of each symbol's code; a last symbol that never occurs takes the code of all ones. */
function codeLengths(counts: readonly number[]): number[] {
  const bits = [...counts.map(() => 0), 0]
  let trees = [...counts, 1]
    .map((count, symbol) => ({ count: symbol === counts.length ? 0.5 : count, symbols: [symbol] }))
    .filter(({ count }) => count > 0)
  while (trees.length > 1) {
    // The one that takes the code of all ones has to stay the deepest: of equal ones it is joined first.
    trees.sort((a, b) => a.count - b.count || b.symbols.length - a.symbols.length)
    const [first, second, ...rest] = trees as [(typeof trees)[0], (typeof trees)[0], ...typeof trees]
    const symbols = [...first.symbols, ...second.symbols]
    for (const symbol of symbols) bits[symbol]! += 1
    trees = [...rest, { count: first.count + second.count, symbols }]
  }
  return bits
}
