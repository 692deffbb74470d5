import { formatPersonName } from './charset.ts'
import { exactNumber } from './decimal.ts'
import { publicTagOfPrivate, tags, vrOf } from './dictionary/index.ts'
import type { Dataset, Element, PersonName } from './types.ts'

const isText = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number'

/** All values as text, names whole; absent and empty ones are left out. */
export function getStrings(dataset: Dataset, tag: string): string[] {
  const found: string[] = []
  for (const value of dataset[tag]?.Value ?? []) {
    if (isText(value)) found.push(String(value))
    else if (value !== null && dataset[tag]?.vr === 'PN') found.push(formatPersonName(value as PersonName))
  }
  return found
}

/** First value as text. */
export function getString(dataset: Dataset, tag: string): string | undefined {
  const first = dataset[tag]?.Value?.[0]
  return typeof first === 'string' ? first : getStrings(dataset, tag)[0]
}

/** All values as one text: names and texts with a backslash in them are shown whole. */
export function getWholeText(dataset: Dataset, tag: string): string | undefined {
  const values = getStrings(dataset, tag)
  return values.length === 0 ? undefined : values.join('\\')
}

/** Values that are numbers or say one. */
export function getNumbers(dataset: Dataset, tag: string): number[] {
  const values = getStrings(dataset, tag).map((value) => (value.trim() === '' ? Number.NaN : Number(value)))
  return values.filter((value) => Number.isFinite(value))
}

/** First value, when it is a number or says one. */
export function getNumber(dataset: Dataset, tag: string): number | undefined {
  const value = getString(dataset, tag)
  if (value === undefined || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** Items of a sequence. */
export function getItems(dataset: Dataset, tag: string): Dataset[] {
  const element = dataset[tag]
  return element?.vr === 'SQ' ? ((element.Value ?? []) as Dataset[]) : []
}

/** First value of a person-name element, in its groups. */
export function getPersonName(dataset: Dataset, tag: string): PersonName | undefined {
  const value = dataset[tag]?.Value?.[0]
  return dataset[tag]?.vr === 'PN' && value !== null && typeof value === 'object' ? (value as PersonName) : undefined
}

/** The creator of a private element's block, e.g. '00091001' → the value of '00090010'. */
export function privateCreatorOf(dataset: Dataset, tag: string): string | undefined {
  const creator = dataset[`${tag.slice(0, 4)}00${tag.slice(4, 6)}`]?.Value?.[0]
  return typeof creator === 'string' ? creator : undefined
}

const dicondeCreator = /^astm\.org\/diconde/i

/** Does the file come from NDT by its own word: edition, group 0014, old private blocks, SOP class. */
export function isDiconde(dataset: Dataset): boolean {
  if (getStrings(dataset, tags.softwareVersions).some((version) => /^DICONDE/i.test(version.trim()))) return true
  if (getString(dataset, tags.sopClassUid)?.startsWith('1.2.840.10008.5.1.4.1.1.601.')) return true
  for (const tag of Object.keys(dataset)) {
    if (tag.startsWith('0014') && tag !== '00140000') return true
    if (/^(0009|0011|0021)00[1-9A-F]/.test(tag) && dicondeCreator.test(getString(dataset, tag) ?? '')) return true
  }
  return false
}

/** Elements of old private astm.org/diconde blocks under the public tags they later became; nested items too. */
export function publicDiconde(dataset: Dataset): Dataset {
  const found: Dataset = {}
  for (const [tag, element] of Object.entries(dataset)) {
    if (!/^(0009|0011|0021)(?!00)/.test(tag)) continue
    const creator = privateCreatorOf(dataset, tag)
    const publicTag = creator === undefined ? undefined : publicTagOfPrivate(tag, creator)
    if (publicTag === undefined || dataset[publicTag] !== undefined) continue
    found[publicTag] = publicElement(element, publicTag)
  }
  return found
}

function publicElement(element: Element, publicTag: string): Element {
  if (element.vr === 'SQ') {
    const items = (element.Value ?? []) as Dataset[]
    return { vr: 'SQ', Value: items.map((item) => ({ ...item, ...publicDiconde(item) })) }
  }
  const vr = vrOf(publicTag)
  if (vr === undefined || element.Value === undefined) return element
  // A text became a code sequence: it is the meaning of a code that was never given.
  if (vr === 'SQ') return { vr, Value: [{ [tags.codeMeaning]: { vr: 'LO', Value: element.Value } }] }
  const isDecimal = vr === 'DS' || vr === 'IS'
  return {
    vr,
    Value: isDecimal
      ? element.Value.map((value) => (typeof value === 'string' ? exactNumber(value) : value))
      : element.Value,
  }
}
