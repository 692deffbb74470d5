import type { Vr } from '../types.ts'
import { packedDicondeNames, packedElements } from './elements.generated.ts'
import { moduleOfCreator, publicTagOfPrivate } from './private-diconde.ts'

export { tags } from './tags.ts'
export { sopClassName, sopClassNames } from './sop-classes.ts'
export { transferSyntax, transferSyntaxes, type TransferSyntax } from './transfer-syntaxes.ts'
export { publicTagOfPrivate } from './private-diconde.ts'

/** One row of PS3.6 or of group 0014. */
export interface DictionaryEntry {
  /** Eight upper-case hexadecimal digits; the tag asked for, when a repeating group matched. */
  tag: string
  keyword: string
  /** The first one where the standard allows several. */
  vr: Vr
  /** All VRs the standard allows. */
  vrs: Vr[]
  vm: string
  name: string
  /** Name in DICONDE (ASTM E2339), when it differs. */
  diconde?: string
  retired: boolean
}

type Words = 'diconde' | 'dicom'

let byTag: Map<string, string> | undefined
let byKeyword: Map<string, string> | undefined
let dicondeNames: Map<string, string> | undefined

/** Parsed on first use: 5,300 rows cost about 2 ms and nothing at start-up. */
function rowsByTag(): Map<string, string> {
  byTag ??= new Map(packedElements.split('\n').map((row) => [row.slice(0, 8), row]))
  return byTag
}

function rowsByKeyword(): Map<string, string> {
  byKeyword ??= new Map(packedElements.split('\n').map((row) => [(row.split('|', 4)[3] ?? '').replace('*', '').toLowerCase(), row]))
  return byKeyword
}

function dicondeName(tag: string): string | undefined {
  dicondeNames ??= new Map(packedDicondeNames.split('\n').map((row) => [row.slice(0, 8), row.slice(9)]))
  return dicondeNames.get(tag)
}

/** Repeating groups (curves 50xx, overlays 60xx, 7Fxx) are kept once, with x in place of the digits that vary. */
function findRow(tag: string): string | undefined {
  const rows = rowsByTag()
  const row = rows.get(tag)
  if (row !== undefined) return row
  const group = tag.slice(0, 2)
  if (group === '50' || group === '60' || group === '7F') return rows.get(`${group}xx${tag.slice(4)}`)
  if (tag.startsWith('002031')) return rows.get('002031xx')
  return undefined
}

function nameFromKeyword(keyword: string): string {
  return keyword.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
}

function unpack(row: string, tag: string): DictionaryEntry {
  const [, vrs = '', vm = '1', markedKeyword = '', name] = row.split('|')
  const keyword = markedKeyword.replace('*', '')
  const allowed = vrs.split('/') as Vr[]
  const diconde = dicondeName(tag)
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
    return row === undefined ? undefined : unpack(row, tag)
  }
  const keyword = tagOrKeyword.toLowerCase()
  const row = rowsByKeyword().get(keyword)
  if (row !== undefined) return row.includes('x', 0) && /x/.test(row.slice(0, 8)) ? undefined : unpack(row, row.slice(0, 8))
  for (const [dicondeTag, label] of (dicondeName(''), dicondeNames ?? new Map<string, string>())) {
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
  if (Number.parseInt(tag.charAt(3), 16) % 2 === 0) return undefined
  if (tag.startsWith('00', 4) && tag >= `${tag.slice(0, 4)}0010`) return 'LO'
  if (privateCreator === undefined) return undefined
  const publicTag = publicTagOfPrivate(tag, privateCreator)
  return publicTag === undefined ? undefined : vrOf(publicTag)
}

/** What the screen calls an element: its DICONDE or DICOM name, for private ones creator and offset. */
export function labelOf(tag: string, words: Words, privateCreator?: string): string {
  const row = findRow(tag)
  if (row !== undefined) {
    const entry = unpack(row, tag)
    if (words === 'dicom') return entry.name
    // DICONDE renames the ones that matter; in the rest the part takes the place of the person.
    return entry.diconde ?? entry.name.replace(/Patient's|Patient/g, 'Component').replace(/Physician's|Physician\(s\)|Physician/g, 'Inspector')
  }
  if (Number.parseInt(tag.charAt(3), 16) % 2 === 1) {
    if (tag.startsWith('00', 4)) return 'Private Creator'
    const publicTag = privateCreator === undefined ? undefined : publicTagOfPrivate(tag, privateCreator)
    if (publicTag !== undefined) return labelOf(publicTag, words)
    return privateCreator === undefined ? 'Private element' : `${moduleOfCreator(privateCreator) ?? privateCreator} ${tag.slice(6)}`
  }
  return tag.endsWith('0000') ? 'Group Length' : 'Unknown element'
}
