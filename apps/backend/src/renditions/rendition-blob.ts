import type { StoredRendition } from '../data/renditions.ts'

const wholeOf = (prefixes: readonly number[] | undefined): number => prefixes?.at(-1) ?? 0

/**
 * Where a codestream begins in the rendition's object; `at` as in `prefixes`. Tiles lie one after the other, the overview,
 * which is known only once all rows have been seen, behind them.
 */
export function blobOffset({ layout, prefixes }: StoredRendition, at: number): number {
  const before = !layout.overview ? prefixes.slice(0, at) : at === 0 ? prefixes.slice(1) : prefixes.slice(1, at)
  return before.reduce((sum, lengths) => sum + wholeOf(lengths), 0)
}
