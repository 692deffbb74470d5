import type { TextDecoder } from './charset.ts'
import type { Element, JsonValue, PersonName, Vr } from './types.ts'

const splitText = new Set<Vr>(['AE', 'AS', 'CS', 'DA', 'DT', 'TM', 'LO', 'SH', 'UC', 'UI'])
const wholeText = new Set<Vr>(['LT', 'ST', 'UT', 'UR'])
const binary = new Set<Vr>(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])

/** Bytes of one value; 0 for text, 1 for bytes that stay bytes. */
const unitLength: Partial<Record<Vr, number>> = { AT: 4, US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, SV: 8, UV: 8 }
const wordLength: Partial<Record<Vr, number>> = { OD: 8, OF: 4, OL: 4, OV: 8, OW: 2 }

export const isBinary = (vr: Vr): boolean => binary.has(vr)

/** Unpadded text: trailing spaces and NULs carry no meaning in any VR. */
function unpad(text: string): string {
  let end = text.length
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0)) end -= 1
  return end === text.length ? text : text.slice(0, end)
}

/** '+1.500E+02' → sign, digits without zeros at the ends, exponent of the last digit: equal exactly when the values are. */
function decimalKey(text: string): string | undefined {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!match || (match[2] === '' && match[3] === '')) return undefined
  const digits = ((match[2] ?? '') + (match[3] ?? '')).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  const exponent = Number(match[4] ?? 0) - (match[3] ?? '').length + digits.length - significant.length
  return `${match[1] === '-' ? '-' : ''}${significant}e${exponent}`
}

/** The number a decimal string stands for, when a double says exactly the same; otherwise the string (PS3.18 F.2.2). */
export function exactNumber(text: string): number | string {
  const number = Number(text)
  if (text === '' || !Number.isFinite(number)) return text
  // Plain integers are the common case.
  if (Number.isSafeInteger(number) && String(number) === text) return number
  const key = decimalKey(text)
  return key !== undefined && key === decimalKey(String(number)) ? number : text
}

function personName(text: string): PersonName | null {
  const groups = text.split('=')
  const name: PersonName = {}
  if (groups[0]) name.Alphabetic = unpad(groups[0])
  if (groups[1]) name.Ideographic = unpad(groups[1])
  // Signs beyond the third group belong to a part number, so they stay.
  const rest = groups.slice(2).join('=')
  if (rest) name.Phonetic = unpad(rest)
  return Object.keys(name).length === 0 ? null : name
}

const base64Chunk = 0x2000

export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += base64Chunk) text += String.fromCharCode(...bytes.subarray(at, at + base64Chunk))
  return btoa(text)
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))
}

/** A copy with every word of `width` bytes reversed; a rest shorter than a word stays. */
export function reverseWords(bytes: Uint8Array, width: number): Uint8Array {
  const out = bytes.slice()
  for (let at = 0; at + width <= out.length; at += width) out.subarray(at, at + width).reverse()
  return out
}

function readNumbers(bytes: Uint8Array, vr: Vr, isBigEndian: boolean): JsonValue[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = !isBigEndian
  const unit = unitLength[vr] ?? 1
  const values: JsonValue[] = []
  for (let at = 0; at + unit <= bytes.length; at += unit) {
    if (vr === 'US') values.push(view.getUint16(at, little))
    else if (vr === 'SS') values.push(view.getInt16(at, little))
    else if (vr === 'UL') values.push(view.getUint32(at, little))
    else if (vr === 'SL') values.push(view.getInt32(at, little))
    else if (vr === 'FL') values.push(finite(view.getFloat32(at, little)))
    else if (vr === 'FD') values.push(finite(view.getFloat64(at, little)))
    else if (vr === 'AT') values.push(hex4(view.getUint16(at, little)) + hex4(view.getUint16(at + 2, little)))
    else values.push(safeInteger(vr === 'SV' ? view.getBigInt64(at, little) : view.getBigUint64(at, little)))
  }
  return values
}

/** JSON knows no NaN and no infinity; they travel as words, as DICOM JSON allows strings for numbers. */
const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const safeInteger = (value: bigint): number | string => (Number.isSafeInteger(Number(value)) ? Number(value) : value.toString())

const hex4 = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0')

/**
 * Turns the value bytes of one element (not SQ, not pixel data) into its DICOM JSON form.
 * `isRagged` is set when the length is no multiple of the VR's unit; the rest is left out.
 */
export function readValue(bytes: Uint8Array, vr: Vr, isBigEndian: boolean, text: TextDecoder): { element: Element; isRagged: boolean } {
  if (bytes.length === 0) return { element: { vr }, isRagged: false }
  if (binary.has(vr)) {
    const width = isBigEndian ? (wordLength[vr] ?? 1) : 1
    return { element: { vr, InlineBinary: toBase64(width > 1 ? reverseWords(bytes, width) : bytes) }, isRagged: false }
  }
  const unit = unitLength[vr]
  if (unit !== undefined) {
    const values = readNumbers(bytes, vr, isBigEndian)
    return { element: values.length > 0 ? { vr, Value: values } : { vr }, isRagged: bytes.length % unit !== 0 }
  }
  const decoded = text.decode(bytes, vr)
  if (wholeText.has(vr)) {
    const value = unpad(decoded)
    return { element: value === '' ? { vr } : { vr, Value: [value] }, isRagged: false }
  }
  const values = decoded.split('\\').map((part): JsonValue => {
    const value = vr === 'PN' ? unpad(part) : unpad(part).replace(/^ +/, '')
    if (value === '') return null
    if (vr === 'PN') return personName(value)
    return vr === 'DS' || vr === 'IS' ? exactNumber(value) : value
  })
  const isEmpty = values.every((value) => value === null)
  return { element: isEmpty && values.length === 1 ? { vr } : { vr, Value: values }, isRagged: false }
}

export const knownVrs: ReadonlySet<string> = new Set<Vr>([
  ...splitText, ...wholeText, ...binary, ...(Object.keys(unitLength) as Vr[]), 'PN', 'DS', 'IS', 'SQ',
])

/** VRs with two reserved bytes and a length of 32 bits in explicit syntaxes (PS3.5 7.1.2). */
export const longVrs: ReadonlySet<string> = new Set<Vr>(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])

export { unitLength, wordLength }
