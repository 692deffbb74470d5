import {
  type Dataset,
  type Element,
  formatPersonName,
  labelOf,
  lookup,
  type PersonName,
  privateCreatorOf,
  publicTagOfPrivate,
} from '@instandt/dicom'

export type Words = 'diconde' | 'dicom'

/** One line of the attribute table: an element, or an item of a sequence. */
export interface AttributeRow {
  /** Where it sits: '00142002/0/00142012'. */
  path: string
  depth: number
  tag: string
  /** Undefined for an item. */
  vr?: string
  label: string
  /** Creator of a private element that has no public name. */
  creator?: string | undefined
  kind: 'value' | 'sequence' | 'item' | 'inline-binary' | 'bulk'
  /** Text of the value; empty for an empty one. */
  value: string
  /** Items of a sequence; number of an item, from 1; bytes of inline binary data. */
  count: number
  bulkUrl?: string
}

/** The one data set of a metadata answer (PS3.18 10.4.1.1.3). */
export function readMetadata(json: string): Dataset {
  const parsed: unknown = JSON.parse(json)
  const dataset: unknown = Array.isArray(parsed) ? parsed[0] : undefined
  if (typeof dataset !== 'object' || dataset === null) throw new TypeError('The metadata holds no data set.')
  return dataset as Dataset
}

/** '00100020' → '(0010,0020)'. */
export const formatTag = (tag: string): string => `(${tag.slice(0, 4)},${tag.slice(4)})`

/**
 * The rows to show: top level and whatever is inside `expanded` sequences. With words to look for: every row that
 * holds all of them, at any depth, under the sequences and items it belongs to.
 */
export function attributeRows(
  dataset: Dataset,
  words: Words,
  expanded: ReadonlySet<string>,
  query = '',
): AttributeRow[] {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean)
  const rows: AttributeRow[] = []
  addRows(dataset, words, '', 0, rows, (path) => wanted.length > 0 || expanded.has(path))
  return wanted.length === 0 ? rows : keepMatching(rows, wanted)
}

export function countAttributes(dataset: Dataset): number {
  let count = 0
  for (const element of Object.values(dataset)) {
    count += 1
    if (element.vr === 'SQ')
      for (const item of element.Value ?? []) if (item !== null) count += countAttributes(item as Dataset)
  }
  return count
}

function addRows(
  dataset: Dataset,
  words: Words,
  parent: string,
  depth: number,
  rows: AttributeRow[],
  isOpen: (path: string) => boolean,
): void {
  for (const tag of Object.keys(dataset).sort()) {
    const element = dataset[tag]
    if (element === undefined) continue
    const path = parent + tag
    const row = makeRow(dataset, tag, element, words, path, depth)
    rows.push(row)
    if (row.kind !== 'sequence' || !isOpen(path)) continue
    for (const [index, item] of ((element.Value ?? []) as Dataset[]).entries()) {
      const itemPath = `${path}/${index}`
      rows.push({ path: itemPath, depth: depth + 1, tag: '', label: '', kind: 'item', value: '', count: index + 1 })
      addRows(item ?? {}, words, `${itemPath}/`, depth + 2, rows, isOpen)
    }
  }
}

function makeRow(
  dataset: Dataset,
  tag: string,
  element: Element,
  words: Words,
  path: string,
  depth: number,
): AttributeRow {
  const creator = isPrivate(tag) ? privateCreatorOf(dataset, tag) : undefined
  const hasPublicName = creator !== undefined && publicTagOfPrivate(tag, creator) !== undefined
  const row: AttributeRow = {
    path,
    depth,
    tag,
    vr: element.vr,
    label: labelOf(tag, words, creator),
    creator: hasPublicName ? undefined : creator,
    kind: 'value',
    value: '',
    count: 0,
  }
  if (element.vr === 'SQ') return { ...row, kind: 'sequence', count: element.Value?.length ?? 0 }
  if (element.BulkDataURI !== undefined) return { ...row, kind: 'bulk', bulkUrl: element.BulkDataURI }
  if (element.InlineBinary !== undefined)
    return { ...row, kind: 'inline-binary', count: base64Length(element.InlineBinary) }
  return { ...row, value: (element.Value ?? []).map(formatValue).join(' \\ ') }
}

// Group 0001 to 000F odd are not private (PS3.5 7.8), but files have them and nobody else uses them.
const isPrivate = (tag: string): boolean => Number.parseInt(tag.slice(0, 4), 16) % 2 === 1 && !tag.startsWith('00', 4)

function formatValue(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'object') return formatPersonName(value as PersonName)
  return typeof value === 'string' ? value : String(value as number)
}

const base64Length = (text: string): number => Math.floor((text.length * 3) / 4) - (/=*$/.exec(text)?.[0].length ?? 0)

function keepMatching(rows: readonly AttributeRow[], wanted: readonly string[]): AttributeRow[] {
  const kept: AttributeRow[] = []
  // From the end: a row is kept with the rows above it that it hangs from.
  let needed = -1
  for (const row of rows.toReversed()) {
    const isAncestor = needed > row.depth
    const matches = row.kind !== 'item' && matchesAll(row, wanted)
    if (!isAncestor && !matches) continue
    kept.push(row)
    needed = row.depth
  }
  return kept.toReversed()
}

function matchesAll(row: AttributeRow, wanted: readonly string[]): boolean {
  const { keyword = '', name = '', diconde = '' } = lookup(row.tag) ?? {}
  const text = `${row.tag} ${formatTag(row.tag)} ${row.label} ${keyword} ${name} ${diconde} ${row.creator ?? ''} ${row.value}`
  const folded = text.toLowerCase()
  return wanted.every((word) => folded.includes(word))
}
