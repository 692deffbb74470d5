import type { StoredArray } from './pixel-format.ts'

/**
 * Whether a JPEG 2000 codestream transforms its colours (COD marker, ISO/IEC 15444-1 A.6.1); undefined for what is no bare
 * codestream.
 */
export function hasColourTransform(bytes: Uint8Array): boolean | undefined {
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
  if (word(0) !== 0xff4f) return undefined
  for (let at = 2; at + 9 < bytes.length && word(at) !== 0xff90; at += 2 + word(at + 2))
    if (word(at) === 0xff52) return bytes[at + 8] === 1
  return undefined
}

/** Colours without a transform, as the package's HTJ2K encoder has to be given them: see `moveLines`. */
export const linesForEncoder = (samples: StoredArray, columns: number, rows: number): StoredArray =>
  moveLines(samples, columns, rows, false)

/** Samples of an HTJ2K codestream from what the package's decoder gives: see `moveLines`. */
export function linesFromDecoder(
  samples: StoredArray,
  codestream: Uint8Array,
  { columns, rows, components }: { columns: number; rows: number; components: number },
): StoredArray {
  const isMoved = components === 3 && hasColourTransform(codestream) === false
  return isMoved ? moveLines(samples, columns, rows, true) : samples
}

/**
 * Without a transform of colours OpenJPH takes and gives lines component by component, while the loop of the package around
 * it (codec-openjph 2.4) goes row by row in both directions: what it holds for row `y` of component `c` is line 3y + c.
 */
function moveLines(samples: StoredArray, columns: number, rows: number, isBack: boolean): StoredArray {
  const components = 3
  const moved = samples.slice()
  for (let line = 0; line < rows * components; line += 1) {
    const shown = Math.floor(line / components) * columns * components + (line % components)
    const real = (line % rows) * columns * components + Math.floor(line / rows)
    const [from, to] = isBack ? [shown, real] : [real, shown]
    for (let at = 0; at < columns * components; at += components) moved[to + at] = samples[from + at]!
  }
  return moved
}
