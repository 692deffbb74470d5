/** One byte plane, packed: literal runs of n+1 bytes after n, repeats of 1-n times after a negative n (PS3.5 G.3.1). */
function packRow(row: Uint8Array, out: number[]): void {
  let at = 0
  while (at < row.length) {
    let same = 1
    while (same < 128 && at + same < row.length && row[at + same] === row[at]) same += 1
    if (same >= 3 || (same === 2 && at + same === row.length)) {
      out.push(257 - same, row[at] as number)
      at += same
      continue
    }
    const start = at
    // A literal run ends where a repeat of at least three begins.
    while (at < row.length && at - start < 128) {
      if (at + 2 < row.length && row[at] === row[at + 1] && row[at] === row[at + 2]) break
      at += 1
    }
    out.push(at - start - 1)
    for (let index = start; index < at; index += 1) out.push(row[index] as number)
  }
}

/**
 * One frame as RLE Lossless (PS3.5 G): a segment for every byte of a sample, the highest first, colour after colour.
 * `frame` holds little-endian samples, interleaved by pixel; rows are packed one by one, as the standard demands.
 */
export function encodeRle(
  frame: Uint8Array,
  columns: number,
  samplesPerPixel: number,
  bytesPerSample: number,
): Uint8Array {
  const stride = samplesPerPixel * bytesPerSample
  const rows = frame.length / (columns * stride)
  if (!Number.isInteger(rows)) throw new RangeError(`${frame.length} bytes are no whole rows of ${columns} pixels`)
  if (stride > 15) throw new RangeError('RLE has room for 15 segments')
  const segments: number[][] = []
  const row = new Uint8Array(columns)
  for (let sample = 0; sample < samplesPerPixel; sample += 1) {
    for (let byte = bytesPerSample - 1; byte >= 0; byte -= 1) {
      const segment: number[] = []
      for (let line = 0; line < rows; line += 1) {
        for (let column = 0; column < columns; column += 1) {
          row[column] = frame[(line * columns + column) * stride + sample * bytesPerSample + byte] as number
        }
        packRow(row, segment)
      }
      if (segment.length % 2 === 1) segment.push(0)
      segments.push(segment)
    }
  }
  const encoded = new Uint8Array(64 + segments.reduce((sum, segment) => sum + segment.length, 0))
  const header = new DataView(encoded.buffer)
  header.setUint32(0, segments.length, true)
  let offset = 64
  for (const [index, segment] of segments.entries()) {
    header.setUint32(4 + index * 4, offset, true)
    encoded.set(segment, offset)
    offset += segment.length
  }
  return encoded
}
