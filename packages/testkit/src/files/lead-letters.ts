// Five columns by seven rows a letter, one number a row, the leftmost column in the highest bit.
const letters: Readonly<Record<string, readonly number[]>> = {
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 6, 8, 16, 31],
  '3': [31, 2, 4, 2, 1, 17, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [6, 8, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 2, 12],
  A: [14, 17, 17, 31, 17, 17, 17],
  B: [30, 17, 17, 30, 17, 17, 30],
  D: [28, 18, 17, 17, 17, 18, 28],
  E: [31, 16, 16, 30, 16, 16, 31],
  F: [31, 16, 16, 30, 16, 16, 16],
  I: [14, 4, 4, 4, 4, 4, 14],
  N: [17, 25, 21, 19, 17, 17, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
  R: [30, 17, 17, 30, 20, 18, 17],
  S: [15, 16, 16, 14, 1, 1, 30],
  W: [17, 17, 17, 21, 21, 21, 10],
  '-': [0, 0, 0, 31, 0, 0, 0],
  '/': [1, 1, 2, 4, 8, 16, 16],
  ' ': [0, 0, 0, 0, 0, 0, 0],
}

/**
 * Whether there is lead at a point of a text whose top left corner is at 0, 0 and whose letters are `height` high.
 * Signs without a pattern are left out.
 */
export function isLead(text: string, height: number, x: number, y: number): boolean {
  const dot = height / 7
  const place = Math.floor(x / (6 * dot))
  const column = Math.floor(x / dot) - place * 6
  const row = Math.floor(y / dot)
  if (x < 0 || y < 0 || column > 4 || row > 6) return false
  const rowBits = letters[text[place] ?? ' ']?.[row] ?? 0
  return ((rowBits >> (4 - column)) & 1) === 1
}

export function leadWidth(text: string, height: number): number {
  return (text.length * 6 * height) / 7
}
