// For tests: codestreams of JPEG 2000 without a picture, as somebody would write them who means harm.

class Writer {
  readonly bytes: number[] = []
  u8(...values: number[]): this {
    this.bytes.push(...values)
    return this
  }
  u16(...values: number[]): this {
    for (const value of values) this.u8(value >> 8, value & 255)
    return this
  }
  u32(...values: number[]): this {
    for (const value of values) this.u16(value >>> 16, value & 0xffff)
    return this
  }
  text(value: string): this {
    return this.u8(...new TextEncoder().encode(value))
  }
}

export interface HostileOptions {
  size: number
  layers?: number
  /** Exponent of the edge of precincts. */
  precinct?: number
  tile?: number
  levels?: number
  /** Exponent of the edge of code-blocks. */
  block?: number
}

const siz = (to: Writer, size: number, tile = size): Writer =>
  to.u16(0xff4f, 0xff51, 41, 0).u32(size, size, 0, 0, tile, tile, 0, 0).u16(1).u8(7, 1, 1)

/** Eight bits, one component, tiles with two bytes of data. */
export function writeHostile({
  size,
  layers = 1,
  precinct,
  tile = size,
  levels = 1,
  block = 6,
}: HostileOptions): Uint8Array<ArrayBuffer> {
  const to = siz(new Writer(), size, tile)
  const sizes = precinct === undefined ? [] : Array.from({ length: levels + 1 }, () => precinct * 17)
  to.u16(0xff52, 12 + sizes.length).u8(sizes.length > 0 ? 1 : 0, 0)
  to.u16(layers).u8(0, levels, block - 2, block - 2, 0, 1, ...sizes)
  to.u16(0xff5c, 4 + 3 * levels).u8(0x40, ...Array.from({ length: 1 + 3 * levels }, () => 64))
  for (let index = 0; index < Math.ceil(size / tile) ** 2; index += 1)
    to.u16(0xff90, 10, index).u32(16).u8(0, 1).u16(0xff93).u8(0, 0)
  return Uint8Array.from(to.u16(0xffd9).bytes)
}

/** A JP2 file with a codestream of one size, and before it a box that nobody reads with the beginning of another. */
export function writeDecoy(real: number, said: number): Uint8Array<ArrayBuffer> {
  const to = new Writer().u32(12).text('jP  ').u32(0x0d0a870a).u32(20).text('ftypjp2 ').u32(0).text('jp2 ')
  siz(to.u32(8 + 47).text('free'), said).u16(0)
  to.u32(8 + 22 + 15)
    .text('jp2h')
    .u32(22)
    .text('ihdr')
    .u32(real, real)
    .u16(1)
    .u8(7, 7, 0, 0)
  to.u32(15).text('colr').u8(1, 0, 0).u32(17).u32(0).text('jp2c')
  return Uint8Array.from([...to.bytes, ...writeHostile({ size: real })])
}

/** The beginning of a JPEG XL codestream of so many rows and columns (ISO/IEC 18181-1 D.2), and nothing behind it. */
export function writeJxlHead(rows: number, columns: number): Uint8Array<ArrayBuffer> {
  const bits: number[] = []
  const put = (value: number, count: number): void => {
    for (let bit = 0; bit < count; bit += 1) bits.push(Math.floor(value / 2 ** bit) % 2)
  }
  put(0, 1)
  put(3, 2)
  put(rows - 1, 30)
  put(0, 3)
  put(3, 2)
  put(columns - 1, 30)
  put(1, 1)
  const bytes = new Uint8Array(2 + Math.ceil(bits.length / 8) + 8)
  bytes.set([0xff, 0x0a])
  bits.forEach((bit, at) => {
    bytes[2 + (at >> 3)]! |= bit << (at & 7)
  })
  return bytes
}

/** A file in boxes around pieces of a JPEG XL codestream. */
export function writeJxlBoxes(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const to = new Writer().u32(12).text('JXL ').u32(0x0d0a870a).u32(20).text('ftypjxl ').u32(0).text('jxl ')
  pieces.forEach((piece, index) => {
    const isLast = index === pieces.length - 1
    to.u32(12 + piece.length)
      .text('jxlp')
      .u32(isLast ? index + 0x8000_0000 : index)
      .u8(...piece)
  })
  return Uint8Array.from(to.bytes)
}
