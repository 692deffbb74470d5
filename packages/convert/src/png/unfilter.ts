import { ConvertFault } from '../fault.ts'

/**
 * Undoes the filters of whole rows (PNG section 9), each behind its filter byte.
 * @param above the last row of the block before, zeros for the first one
 */
export function unfilter(rows: Uint8Array, rowBytes: number, pixelBytes: number, above: Uint8Array): Uint8Array {
  const count = rows.length / (rowBytes + 1)
  const out = new Uint8Array(count * rowBytes)
  let up = above
  for (let row = 0; row < count; row += 1) {
    const from = row * (rowBytes + 1)
    const line = out.subarray(row * rowBytes, (row + 1) * rowBytes)
    line.set(rows.subarray(from + 1, from + 1 + rowBytes))
    undo(rows[from] as number, line, up, pixelBytes)
    up = line
  }
  return out
}

function undo(filter: number, line: Uint8Array, up: Uint8Array, pixelBytes: number): void {
  const length = line.length
  switch (filter) {
    case 0:
      return
    case 1:
      for (let at = pixelBytes; at < length; at += 1)
        line[at] = (line[at] as number) + (line[at - pixelBytes] as number)
      return
    case 2:
      for (let at = 0; at < length; at += 1) line[at] = (line[at] as number) + (up[at] as number)
      return
    case 3:
      for (let at = 0; at < length; at += 1) {
        const left = at < pixelBytes ? 0 : (line[at - pixelBytes] as number)
        line[at] = (line[at] as number) + ((left + (up[at] as number)) >> 1)
      }
      return
    case 4:
      for (let at = 0; at < length; at += 1) {
        const left = at < pixelBytes ? 0 : (line[at - pixelBytes] as number)
        const corner = at < pixelBytes ? 0 : (up[at - pixelBytes] as number)
        line[at] = (line[at] as number) + paeth(left, up[at] as number, corner)
      }
      return
    default:
      throw new ConvertFault('damaged', `The PNG file has a row with filter ${filter}, which there is not.`)
  }
}

/** Whichever of the three is nearest to left + up − corner. */
function paeth(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner)
  const toUp = Math.abs(left - corner)
  const toCorner = Math.abs(left + up - 2 * corner)
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}
