import type { Vr } from '../types.ts'
import { packedDicondeNames, packedElements } from './elements.generated.ts'
import { nameFromKeyword } from './keyword-names.ts'
import { moduleOfCreator, publicTagOfPrivate } from './private-diconde.ts'

export { tags } from './tags.ts'
export { sopClassName, sopClassNames } from './sop-classes.ts'
export { transferSyntax, transferSyntaxes, type TransferSyntax } from './transfer-syntaxes.ts'
export { publicTagOfPrivate } from './private-diconde.ts'

/** One row of PS3.6 or of group 0014. */
export interface DictionaryEntry {
  /** Eight upper-case hexadecimal digits; the tag asked for, when a repeating group matched. */
  readonly tag: string
  readonly keyword: string
  /** The first one where the standard allows several. */
  readonly vr: Vr
  /** All VRs the standard allows. */
  readonly vrs: readonly Vr[]
  readonly vm: string
  readonly name: string
  /** Name in DICONDE (ASTM E2339), when it differs. */
  readonly diconde?: string
  readonly retired: boolean
}

type Words = 'diconde' | 'dicom'

let byTag: Map<string, string> | undefined
let byKeyword: Map<string, string> | undefined
let dicondeNames: Map<string, string> | undefined
let repeating: string[] | undefined
/** At most one a row: what the same keys are asked for again and again is made once. */
const entries = new Map<string, DictionaryEntry>()

/** Parsed on first use: 5,300 rows cost about 2 ms and nothing at start-up. */
function rowsByTag(): Map<string, string> {
  byTag ??= new Map(packedElements.split('\n').map((row) => [row.slice(0, 8), row]))
  return byTag
}

function rowsByKeyword(): Map<string, string> {
  byKeyword ??= new Map(
    packedElements.split('\n').map((row) => [(row.split('|', 4)[3] ?? '').replace('*', '').toLowerCase(), row]),
  )
  return byKeyword
}

function namesOfDiconde(): Map<string, string> {
  dicondeNames ??= new Map(packedDicondeNames.split('\n').map((row) => [row.slice(0, 8), row.slice(9)]))
  return dicondeNames
}

const isPrivate = (tag: string): boolean => Number.parseInt(tag.charAt(3), 16) % 2 === 1

/** Repeating groups (curves 50xx, overlays 60xx and older ones) are kept once, with x in place of the digits that vary. */
function findRow(tag: string): string | undefined {
  const rows = rowsByTag()
  const row = rows.get(tag)
  if (row !== undefined || isPrivate(tag) || !/^(0020|0028|10[01]0|50|60|7F)/.test(tag)) return row
  repeating ??= [...rows.keys()].filter((mask) => mask.includes('x'))
  const mask = repeating.find((candidate) => {
    for (let at = 0; at < 8; at += 1) if (candidate[at] !== 'x' && candidate[at] !== tag[at]) return false
    return true
  })
  return mask === undefined ? undefined : rows.get(mask)
}

function entryOf(row: string, tag: string): DictionaryEntry {
  const known = entries.get(tag)
  if (known) return known
  const made = unpack(row, tag)
  // Of repeating elements there are many more than rows.
  if (!row.slice(0, 8).includes('x')) entries.set(tag, made)
  return made
}

function unpack(row: string, tag: string): DictionaryEntry {
  const [, vrs = '', vm = '1', markedKeyword = '', name] = row.split('|')
  const keyword = markedKeyword.replace('*', '')
  const allowed = vrs.split('/') as Vr[]
  const diconde = namesOfDiconde().get(tag)
  return {
    tag,
    keyword,
    vr: allowed[0] ?? 'UN',
    vrs: allowed,
    vm,
    name: name ?? nameFromKeyword(keyword),
    ...(diconde === undefined ? {} : { diconde }),
    retired: markedKeyword.endsWith('*'),
  }
}

/** Finds an element by tag ('00100020', '0010,0020') or keyword, standard or DICONDE ('ComponentName'), any case. */
export function lookup(tagOrKeyword: string): DictionaryEntry | undefined {
  const tag = /^[0-9a-f]{4},?[0-9a-f]{4}$/i.test(tagOrKeyword) ? tagOrKeyword.replace(',', '').toUpperCase() : undefined
  if (tag !== undefined) {
    const row = findRow(tag)
    return row === undefined ? undefined : entryOf(row, tag)
  }
  const keyword = tagOrKeyword.toLowerCase()
  const row = rowsByKeyword().get(keyword)
  // A repeating element has no one tag.
  if (row !== undefined) return row.slice(0, 8).includes('x') ? undefined : entryOf(row, row.slice(0, 8))
  for (const [dicondeTag, label] of namesOfDiconde()) {
    if (label.replaceAll(' ', '').toLowerCase() === keyword) return lookup(dicondeTag)
  }
  return undefined
}

/**
 * VR of a tag for data without one (implicit VR, UN). Of several allowed ones the first; the reader refines those that
 * depend on Pixel Representation. Private tags: creators are LO, old DICONDE blocks have their public tag's VR.
 */
export function vrOf(tag: string, privateCreator?: string): Vr | undefined {
  const row = findRow(tag)
  if (row !== undefined) return row.slice(9, 11) as Vr
  if (tag.endsWith('0000')) return 'UL'
  if (!isPrivate(tag)) return undefined
  if (tag.startsWith('00', 4) && tag >= `${tag.slice(0, 4)}0010`) return 'LO'
  if (privateCreator === undefined) return undefined
  const publicTag = publicTagOfPrivate(tag, privateCreator)
  return publicTag === undefined ? undefined : vrOf(publicTag)
}

/** What the screen calls an element: its DICONDE or DICOM name, for private ones creator and offset. */
export function labelOf(tag: string, words: Words, privateCreator?: string): string {
  const row = findRow(tag)
  if (row !== undefined) {
    const entry = entryOf(row, tag)
    if (words === 'dicom') return entry.name
    // DICONDE renames the ones that matter; in the rest the part takes the place of the person.
    return (
      entry.diconde ??
      entry.name
        .replace(/Patient's|Patients'|Patient/g, 'Component')
        .replace(/Physician's|Physician\(s\)|Physicians|Physician/g, 'Inspector')
        .replace(/Body Part/g, 'Region')
    )
  }
  if (isPrivate(tag)) {
    if (tag.startsWith('00', 4)) return 'Private Creator'
    const publicTag = privateCreator === undefined ? undefined : publicTagOfPrivate(tag, privateCreator)
    if (publicTag !== undefined) return labelOf(publicTag, words)
    return privateCreator === undefined
      ? 'Private element'
      : `${moduleOfCreator(privateCreator) ?? privateCreator} ${tag.slice(6)}`
  }
  return tag.endsWith('0000') ? 'Group Length' : 'Unknown element'
}

/** Elements whose tag, keyword, name or DICONDE name contains the text, closest names first; retired ones last. */
export function searchDictionary(text: string, limit: number): DictionaryEntry[] {
  const wanted = text.toLowerCase().replace(/[(),\s]/g, '')
  if (wanted === '') return []
  const found: { entry: DictionaryEntry; rank: number }[] = []
  for (const row of rowsByTag().values()) {
    const tag = row.slice(0, 8)
    // A repeating element has no one tag.
    if (tag.includes('x')) continue
    const label = namesOfDiconde().get(tag)?.replaceAll(' ', '').toLowerCase() ?? ''
    const keyword = (row.split('|', 4)[3] ?? '').replace('*', '').toLowerCase()
    const at = [tag.toLowerCase(), keyword, label].map((name) => name.indexOf(wanted)).filter((place) => place >= 0)
    if (at.length === 0) continue
    const isRetired = (row.split('|', 4)[3] ?? '').endsWith('*')
    found.push({
      entry: unpack(row, tag),
      rank: (isRetired ? 10_000 : 0) + Math.min(...at) * 10 + keyword.length / 100,
    })
  }
  found.sort((a, b) => a.rank - b.rank)
  return found.slice(0, limit).map(({ entry }) => entry)
}
