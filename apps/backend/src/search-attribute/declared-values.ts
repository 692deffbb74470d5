import type { SearchMatching } from '@instandt/api'
import { type Dataset, type Element, formatPersonName, type JsonValue, type PersonName, type Vr } from '@instandt/dicom'
import { clean, date, folded, time } from '../dicomweb/indexed-text.ts'
import { elementsAt, type PathStep } from './attribute-path.ts'
import { readUnknown } from './read-unknown.ts'

/** What is needed to find an attribute's values in a data set. */
export interface DeclaredPath {
  id: number
  steps: readonly PathStep[]
  vr: Vr
  matching: SearchMatching
}

/** One value of one attribute as the index keeps it. */
export interface AttributeValue {
  attributeId: number
  text: string
  number: number | undefined
}

/** What VRs are compared as; those missing here cannot be searched: sequences and bytes. */
export const matchingOf: Partial<Record<Vr, SearchMatching>> = {
  ...textVrs('AE', 'AS', 'AT', 'CS', 'LO', 'LT', 'SH', 'ST', 'UC', 'UR', 'UT'),
  PN: 'name',
  UI: 'uid',
  DA: 'date',
  TM: 'stamp',
  DT: 'stamp',
  ...Object.fromEntries(
    (['DS', 'FD', 'FL', 'IS', 'SL', 'SS', 'SV', 'UL', 'US', 'UV'] as const).map((vr) => [vr, 'number']),
  ),
}

function textVrs(...vrs: Vr[]): Partial<Record<Vr, SearchMatching>> {
  return Object.fromEntries(vrs.map((vr) => [vr, 'text']))
}

// What one instance may add under one attribute; whoever needs more searches something else.
const maxValues = 100

/** Values of the attributes in one data set, each once. */
export function declaredValues(dataset: Dataset, attributes: readonly DeclaredPath[]): AttributeValue[] {
  return attributes.flatMap((attribute) => {
    const found = new Map<string, AttributeValue>()
    for (const element of elementsAt(dataset, attribute.steps)) {
      for (const value of valuesOf(element, attribute)) {
        if (found.size >= maxValues) break
        const kept = indexedValue(value, attribute)
        if (kept) found.set(kept.text, kept)
      }
    }
    return [...found.values()]
  })
}

/** A private element that came without its VR is bytes; the declaration says how to read them. */
function valuesOf(element: Element, { vr }: DeclaredPath): readonly JsonValue[] {
  if (element.InlineBinary !== undefined) return readUnknown(element.InlineBinary, vr)
  return element.Value ?? []
}

function indexedValue(value: JsonValue, { id, vr, matching }: DeclaredPath): AttributeValue | undefined {
  if (matching === 'number') {
    const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value)
    if (value === null || typeof value === 'object' || !Number.isFinite(number)) return undefined
    return { attributeId: id, text: String(number + 0), number }
  }
  const text = indexedText(value, vr, matching)
  return text === undefined ? undefined : { attributeId: id, text, number: undefined }
}

function indexedText(value: JsonValue, vr: Vr, matching: SearchMatching): string | undefined {
  if (value === null) return undefined
  if (matching === 'name')
    return folded(typeof value === 'object' ? formatPersonName(value as PersonName) : String(value))
  if (typeof value === 'object') return undefined
  const text = String(value).trim()
  if (matching === 'date') return date(text)
  if (matching === 'stamp')
    return vr === 'TM' ? wholeStamp(time(text), timeFloor) : wholeStamp(dateTime(text), dateFloor)
  return clean(text)
}

/** DT without its offset from UTC: compared as it was written. */
function dateTime(text: string): string | undefined {
  return /^\d{4}(\d\d){0,5}(\.\d{1,6})?(?=([+-]\d{4})?$)/.exec(text)?.[0]
}

export const timeFloor = '000000'
export const dateFloor = '00000101000000'

/** Filled up to the second with the earliest it can mean, so that text order is time order. */
export const wholeStamp = <T extends string | undefined>(stamp: T, floor: string): T =>
  (stamp === undefined ? undefined : stamp + floor.slice(stamp.length)) as T
