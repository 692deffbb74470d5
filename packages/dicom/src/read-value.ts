import { toBase64 } from './base64.ts'
import type { TextDecoder } from './charset.ts'
import { exactNumber } from './decimal.ts'
import { readUint16 } from './integers.ts'
import { swapWords } from './swap-words.ts'
import { hex4 } from './tag-entry.ts'
import type { Element, JsonValue, PersonName } from './types.ts'
import type { VrForm } from './vr-forms.ts'

/**
 * Turns the value bytes of one element (not SQ, not pixel data), `start` to `end`, into its DICOM JSON form (PS3.18 F.2).
 * Bytes that make no whole number are left out.
 */
export function readValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  form: VrForm,
  isBigEndian: boolean,
  text: TextDecoder,
): Element {
  const { vr, kind } = form
  if (end === start) return { vr }
  if (kind === 'numbers') {
    const Value = readNumbers(bytes, start, end, form, isBigEndian)
    return Value.length > 0 ? { vr, Value } : { vr }
  }
  if (kind === 'binary') {
    const value = bytes.subarray(start, end)
    return { vr, InlineBinary: toBase64(isBigEndian && form.unit !== 1 ? swapWords(value, form.unit) : value) }
  }
  // Spaces and NULs at the end are padding in every VR; a byte of 20H or 00H is never part of a longer character.
  let last = end
  while (last > start && ((bytes[last - 1] as number) === 0x20 || bytes[last - 1] === 0)) last -= 1
  if (last === start) return { vr }
  const decoded = decode(bytes, start, last, form, text)
  if (kind === 'text') return { vr, Value: [decoded] }
  if (!decoded.includes('\\')) {
    const value = oneValue(decoded, kind)
    return value === null ? { vr } : { vr, Value: [value] }
  }
  return { vr, Value: decoded.split('\\').map((part) => oneValue(part, kind)) }
}

function oneValue(part: string, kind: VrForm['kind']): JsonValue {
  const value = unpad(part)
  if (value === '') return null
  if (kind === 'names') return personName(value)
  return kind === 'decimals' ? exactNumber(value) : value
}

const isPad = (code: number): boolean => code === 0x20 || code === 0

/** Without the spaces at both ends, which carry no meaning where a VR may hold several values. */
function unpad(text: string): string {
  let start = 0
  let end = text.length
  while (end > 0 && isPad(text.charCodeAt(end - 1))) end -= 1
  while (start < end && text.charCodeAt(start) === 0x20) start += 1
  return end - start === text.length ? text : text.slice(start, end)
}

function personName(text: string): PersonName | null {
  if (!text.includes('=')) return { Alphabetic: text }
  const groups = text.split('=')
  const name: PersonName = {}
  if (groups[0]) name.Alphabetic = unpad(groups[0])
  if (groups[1]) name.Ideographic = unpad(groups[1])
  // Signs beyond the third group belong to a part number, so they stay.
  const rest = groups.slice(2).join('=')
  if (rest) name.Phonetic = unpad(rest)
  return Object.keys(name).length === 0 ? null : name
}

const fromCodes = String.fromCharCode
const platformDecoder = new globalThis.TextDecoder('utf-8', { ignoreBOM: true })

/** Plain ASCII, which most values are, needs no character set; short ones are quickest by hand. */
function decode(bytes: Uint8Array, start: number, end: number, form: VrForm, text: TextDecoder): string {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number
    // ESC begins a code extension; the tilde is another sign in JIS X 0201.
    if (byte >= 0x7e || byte === 0x1b) return text.decode(bytes.subarray(start, end), form.vr)
  }
  if (end - start > 40) return platformDecoder.decode(bytes.subarray(start, end))
  let decoded = ''
  let at = start
  for (; at + 8 <= end; at += 8) {
    decoded += fromCodes(
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      bytes[at + 5] as number,
      bytes[at + 6] as number,
      bytes[at + 7] as number,
    )
  }
  for (; at < end; at += 1) decoded += fromCodes(bytes[at] as number)
  return decoded
}

function readNumbers(bytes: Uint8Array, start: number, end: number, form: VrForm, isBigEndian: boolean): JsonValue[] {
  const { vr, unit } = form
  const values: JsonValue[] = []
  // The common one, without a view made for it.
  if (vr === 'US') {
    for (let at = start; at + 2 <= end; at += 2) values.push(readUint16(bytes, at, isBigEndian))
    return values
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = !isBigEndian
  for (let at = start; at + unit <= end; at += unit) {
    if (vr === 'SS') values.push(view.getInt16(at, little))
    else if (vr === 'UL') values.push(view.getUint32(at, little))
    else if (vr === 'SL') values.push(view.getInt32(at, little))
    else if (vr === 'FL') values.push(finite(view.getFloat32(at, little)))
    else if (vr === 'FD') values.push(finite(view.getFloat64(at, little)))
    else if (vr === 'AT') values.push(hex4(view.getUint16(at, little)) + hex4(view.getUint16(at + 2, little)))
    else values.push(safeInteger(vr === 'SV' ? view.getBigInt64(at, little) : view.getBigUint64(at, little)))
  }
  return values
}

/** JSON knows no NaN, no infinity and no negative zero: the first travel as 'NaN', 'Infinity', '-Infinity', the last as 0. */
const finite = (value: number): number | string => (Number.isFinite(value) ? value + 0 : String(value))

const safeInteger = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
