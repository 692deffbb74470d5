import { ByteWriter } from './byte-writer.ts'

const headerBytes = 64

/** One byte plane, packed: literal runs of n+1 bytes after n, repeats of 1-n times after a negative n (PS3.5 G.3.1). */
function packRow(row: Uint8Array, out: ByteWriter): void {
  // At worst a control byte for every 128.
  out.reserve(row.length + Math.ceil(row.length / 128))
  const { bytes } = out
  let at = 0
  while (at < row.length) {
    let same = 1
    while (same < 128 && at + same < row.length && row[at + same] === row[at]) same += 1
    if (same >= 3 || (same === 2 && at + same === row.length)) {
      bytes[out.length++] = 257 - same
      bytes[out.length++] = row[at] as number
      at += same
      continue
    }
    const start = at
    // A literal run ends where a repeat of at least three begins.
    while (at < row.length && at - start < 128) {
      if (at + 2 < row.length && row[at] === row[at + 1] && row[at] === row[at + 2]) break
      at += 1
    }
    bytes[out.length++] = at - start - 1
    for (let index = start; index < at; index += 1) bytes[out.length++] = row[index] as number
  }
}

/**
 * One frame as RLE Lossless (PS3.5 G): a segment for every byte of a sample, the highest first, colour after colour.
 * `frame` holds little-endian samples, interleaved by pixel; rows are packed one by one, as the standard demands.
 * @throws {RangeError} when the bytes are no whole rows, or more than 15 segments are needed
 */
export function encodeRle(
  frame: Uint8Array,
  columns: number,
  samplesPerPixel: number,
  bytesPerSample: number,
): Uint8Array<ArrayBuffer> {
  const stride = samplesPerPixel * bytesPerSample
  const rows = frame.length / (columns * stride)
  if (!Number.isInteger(rows)) throw new RangeError(`${frame.length} bytes are no whole rows of ${columns} pixels`)
  if (stride > 15) throw new RangeError('RLE has room for 15 segments')
  const out = new ByteWriter(headerBytes + frame.length)
  out.length = headerBytes
  const starts: number[] = []
  const row = new Uint8Array(columns)
  for (let sample = 0; sample < samplesPerPixel; sample += 1) {
    for (let byte = bytesPerSample - 1; byte >= 0; byte -= 1) {
      starts.push(out.length)
      let at = sample * bytesPerSample + byte
      for (let line = 0; line < rows; line += 1) {
        for (let column = 0; column < columns; column += 1, at += stride) row[column] = frame[at] as number
        packRow(row, out)
      }
      if (out.length % 2 === 1) out.push(0)
    }
  }
  const encoded = out.finish()
  const header = new DataView(encoded.buffer)
  header.setUint32(0, starts.length, true)
  for (const [index, start] of starts.entries()) header.setUint32(4 + index * 4, start, true)
  return encoded
}
