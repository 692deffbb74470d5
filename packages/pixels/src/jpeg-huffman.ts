/** A Huffman table ready for use (ISO/IEC 10918-1 C.2, F.2.2.3): short codes by look-up, long ones by comparing. */
export interface HuffmanTable {
  /** By the next `quickBits` bits: length · 256 + symbol, or 0. */
  quick: Uint16Array
  /** Largest code of each length, -1 when there is none. */
  maxCode: Int32Array
  /** What to add to a code of this length to get its place in `symbols`. */
  valueOffset: Int32Array
  symbols: Uint8Array
}

const quickBits = 9

export function buildHuffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const quick = new Uint16Array(1 << quickBits)
  const maxCode = new Int32Array(18).fill(-1)
  const valueOffset = new Int32Array(18)
  let code = 0
  let at = 0
  for (let length = 1; length <= 16; length += 1) {
    const count = counts[length - 1]!
    valueOffset[length] = at - code
    for (let index = 0; index < count; index += 1, code += 1, at += 1) {
      if (length > quickBits) continue
      const first = code << (quickBits - length)
      quick.fill((length << 8) | symbols[at]!, first, first + (1 << (quickBits - length)))
    }
    if (count > 0) maxCode[length] = code - 1
    code <<= 1
  }
  return { quick, maxCode, valueOffset, symbols }
}

/** Bits of entropy-coded data: stuffed zeros left out, ends at the next marker and gives zeros from there on. */
export class BitReader {
  readonly bytes: Uint8Array
  at: number
  private held = 0
  private heldBits = 0
  /** Bits asked for beyond the data. */
  missing = 0

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }

  private fill(): void {
    while (this.heldBits <= 16) {
      let byte = 0
      if (this.at < this.bytes.length) {
        byte = this.bytes[this.at]!
        if (byte !== 0xff) this.at += 1
        else if (this.bytes[this.at + 1] === 0) this.at += 2
        else byte = -1
      } else byte = -1
      if (byte < 0) {
        byte = 0
        this.missing += 8
      }
      this.held = ((this.held << 8) | byte) & 0xffffff
      this.heldBits += 8
    }
  }

  bits(count: number): number {
    if (count === 0) return 0
    if (this.heldBits < count) this.fill()
    this.heldBits -= count
    return (this.held >>> this.heldBits) & ((1 << count) - 1)
  }

  bit(): number {
    return this.bits(1)
  }

  symbol(table: HuffmanTable): number {
    if (this.heldBits < 16) this.fill()
    const found = table.quick[(this.held >>> (this.heldBits - quickBits)) & ((1 << quickBits) - 1)]!
    if (found !== 0) {
      this.heldBits -= found >> 8
      return found & 255
    }
    let code = 0
    for (let length = 1; length <= 16; length += 1) {
      code = (this.held >>> (this.heldBits - length)) & ((1 << length) - 1)
      if (code <= table.maxCode[length]!) {
        this.heldBits -= length
        return table.symbols[code + table.valueOffset[length]!] ?? 0
      }
    }
    throw new Error('a code that is in no Huffman table')
  }

  /** A difference of `size` bits (F.2.2.1, EXTEND). */
  signed(size: number): number {
    if (size === 0) return 0
    const value = this.bits(size)
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value
  }

  /** To the marker that ends this stretch; unread bits are dropped. */
  align(): void {
    this.held = 0
    this.heldBits = 0
    while (
      this.at + 1 < this.bytes.length &&
      !(this.bytes[this.at] === 0xff && this.bytes[this.at + 1]! > 0 && this.bytes[this.at + 1] !== 0xff)
    ) {
      this.at += 1
    }
  }
}
