import { lookup, vrOf } from './dictionary/index.ts'
import type { Vr } from './types.ts'

/** What the reader needs to know of a tag, found by its number. */
export interface TagEntry {
  /** Eight upper-case hexadecimal digits. */
  tag: string
  group: number
  isPrivate: boolean
  isInDictionary: boolean
  /** VR of the dictionary, without regard to a private creator. */
  vr: Vr | undefined
  /** All VRs the standard allows, where there are several. */
  choices: readonly Vr[] | undefined
}

const hexBytes = Array.from({ length: 256 }, (_, value) => value.toString(16).toUpperCase().padStart(2, '0'))

/** Four upper-case hexadecimal digits. */
export const hex4 = (value: number): string => (hexBytes[value >> 8] as string) + (hexBytes[value & 0xff] as string)

const entries = new Map<number, TagEntry>()

/** Made once for every tag of the dictionary: its text is then the same object in all data sets. */
export function tagEntry(group: number, element: number): TagEntry {
  const code = group * 0x10000 + element
  const found = entries.get(code)
  if (found) return found
  const tag = hex4(group) + hex4(element)
  const isPrivate = group % 2 === 1
  // The dictionary holds even groups only; looking in vain is what costs in files full of private elements.
  const row = isPrivate ? undefined : lookup(tag)
  const entry: TagEntry = {
    tag,
    group,
    isPrivate,
    isInDictionary: row !== undefined,
    vr: row?.vr ?? vrOf(tag),
    choices: row && row.vrs.length > 1 ? row.vrs : undefined,
  }
  // Tags that no dictionary knows are not kept: a hostile file could bring any number of them.
  if (row) entries.set(code, entry)
  return entry
}
