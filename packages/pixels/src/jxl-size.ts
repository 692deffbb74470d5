import type { PictureSize } from './codestream.ts'

// Width to height for each value of the field (ISO/IEC 18181-1 D.2); of 0 both are written.
const ratios: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
]
const lengthBits = [9, 13, 18, 30]

/** Size of a JPEG XL picture as it is shown, from the headers at the beginning of its codestream. */
export function readJxlSize(codestream: Uint8Array): PictureSize | undefined {
  // Behind FF0A; the lowest bit of each byte comes first.
  let at = 16
  const read = (count: number): number => {
    let value = 0
    for (let bit = 0; bit < count; bit += 1, at += 1) value += (((codestream[at >> 3] ?? 0) >> (at & 7)) & 1) * 2 ** bit
    return value
  }
  const isEights = read(1) === 1
  const readEdge = (): number => (isEights ? 8 * (1 + read(5)) : 1 + read(lengthBits[read(2)]!))
  const rows = readEdge()
  const [width, height] = ratios[read(3)]!
  const columns = width === 0 ? readEdge() : Math.floor((rows * width) / height)
  const isDefault = read(1) === 1
  const hasExtra = !isDefault && read(1) === 1
  const isTurned = hasExtra && read(3) >= 4
  if (at > codestream.length * 8) return undefined
  return { columns: isTurned ? rows : columns, rows: isTurned ? columns : rows, components: undefined }
}
