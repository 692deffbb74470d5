import { crc32, deflateSync } from 'node:zlib'

export interface PngOptions {
  columns: number
  rows: number
  bits: 1 | 2 | 4 | 8 | 16
  /** 0 grey · 2 RGB · 3 palette · 4 grey with alpha · 6 RGB with alpha. */
  type: 0 | 2 | 3 | 4 | 6
  /** Big endian, as PNG has it, each row beginning with a new byte. */
  pixels: Uint8Array
  palette?: Uint8Array
  /** Pixels per metre. */
  perMetre?: number
  /** Bytes of a pixel chunk. */
  chunkBytes?: number
}

const samplesOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

export function pngChunk(type: string, body: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const ends = Buffer.alloc(8)
  ends.writeUInt32BE(body.length, 0)
  ends.writeUInt32BE(crc32(typed), 4)
  return Buffer.concat([ends.subarray(0, 4), typed, ends.subarray(4)])
}

/** A PNG file whose rows use all five filters in turn. */
export function buildPng(options: PngOptions): Uint8Array {
  const { columns, rows, bits, type, pixels, palette, perMetre, chunkBytes = 8192 } = options
  const rowBytes = Math.ceil((columns * samplesOf[type] * bits) / 8)
  const pixelBytes = Math.max(1, (samplesOf[type] * bits) / 8)
  const lines: Uint8Array[] = []
  for (let row = 0; row < rows; row += 1) {
    const line = pixels.subarray(row * rowBytes, (row + 1) * rowBytes)
    const above = row === 0 ? new Uint8Array(rowBytes) : pixels.subarray((row - 1) * rowBytes, row * rowBytes)
    lines.push(filtered(row % 5, line, above, pixelBytes))
  }
  const stream = deflateSync(Buffer.concat(lines))
  const head = Buffer.alloc(13)
  head.writeUInt32BE(columns, 0)
  head.writeUInt32BE(rows, 4)
  head.set([bits, type, 0, 0, 0], 8)
  const scale = Buffer.alloc(9)
  if (perMetre !== undefined) {
    scale.writeUInt32BE(perMetre, 0)
    scale.writeUInt32BE(perMetre, 4)
    scale[8] = 1
  }
  const chunks: Buffer[] = []
  for (let at = 0; at < stream.length; at += chunkBytes)
    chunks.push(pngChunk('IDAT', stream.subarray(at, at + chunkBytes)))
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', head),
    ...(palette ? [pngChunk('PLTE', palette)] : []),
    ...(perMetre === undefined ? [] : [pngChunk('pHYs', scale)]),
    ...chunks,
    pngChunk('IEND', new Uint8Array(0)),
  ])
}

function filtered(filter: number, line: Uint8Array, above: Uint8Array, pixelBytes: number): Uint8Array {
  const out = new Uint8Array(line.length + 1)
  out[0] = filter
  for (let at = 0; at < line.length; at += 1) {
    const left = at < pixelBytes ? 0 : (line[at - pixelBytes] as number)
    const up = above[at] as number
    const corner = at < pixelBytes ? 0 : (above[at - pixelBytes] as number)
    const distances = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
    const nearest = distances.indexOf(Math.min(...distances))
    const guess = [0, left, up, (left + up) >> 1, [left, up, corner][nearest] as number][filter] as number
    out[at + 1] = (line[at] as number) - guess
  }
  return out
}
