import { platformDecoder } from './graphic-sets.ts'
import { fromBase64 } from './base64.ts'
import { swapWords } from './swap-words.ts'
import type { Element, JsonValue, PersonName, Vr } from './types.ts'
import { vrForm } from './vr-forms.ts'

/** A data set that cannot be written as asked; names the attribute. */
export class DicomWriteError extends Error {
  override readonly name = 'DicomWriteError'
  readonly tag: string | undefined

  constructor(message: string, tag?: string) {
    super(tag === undefined ? message : `${message} [(${tag.slice(0, 4)},${tag.slice(4)})]`)
    this.tag = tag
  }
}

export type EncodeText = (text: string, tag: string) => Uint8Array

const labels: Readonly<Record<string, string>> = {
  'ISO_IR 100': 'windows-1252',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 148': 'windows-1254',
  'ISO_IR 166': 'windows-874',
  'ISO_IR 203': 'iso-8859-15',
}

const utf8 = new TextEncoder()

/** The table of a single-byte set read backwards: there is no platform encoder but the one for UTF-8. */
function bytesBySign(label: string): Map<string, number> {
  const signs = new Map<string, number>()
  for (let byte = 0; byte < 256; byte += 1) {
    const sign = platformDecoder(label).decode(Uint8Array.of(byte))
    if (sign !== '\ufffd') signs.set(sign, byte)
  }
  return signs
}

/**
 * Writes text in ASCII, UTF-8 (ISO_IR 192) or a single-byte set; signs that the set lacks are errors. In other sets only
 * ASCII can be written, and bytes that are given (InlineBinary).
 */
export function createTextEncoder(specificCharacterSets: readonly string[]): EncodeText {
  const [term = '', ...more] = specificCharacterSets
  if (term === 'ISO_IR 192') return (text) => utf8.encode(text)
  const label = more.length > 0 ? undefined : labels[term]
  let signs: Map<string, number> | undefined
  return (text, tag) => {
    // eslint-disable-next-line no-control-regex
    if (/^[\x00-\x7f]*$/.test(text)) return utf8.encode(text)
    if (label !== undefined) signs ??= bytesBySign(label)
    return Uint8Array.from(text, (sign) => {
      const byte = signs?.get(sign) ?? (sign.charCodeAt(0) < 0x80 ? sign.charCodeAt(0) : undefined)
      if (byte === undefined)
        throw new DicomWriteError(
          `'${sign}' cannot be written in the character set '${specificCharacterSets.join('\\')}'.`,
          tag,
        )
      return byte
    })
  }
}

function textOf(value: JsonValue, vr: Vr, tag: string): string {
  if (value === null) return ''
  if (typeof value === 'number') return vr === 'DS' ? decimalString(value, tag) : String(value)
  if (typeof value === 'string') return value
  if (vr !== 'PN') throw new DicomWriteError(`A value of VR ${vr} is text or a number.`, tag)
  const { Alphabetic = '', Ideographic = '', Phonetic = '' } = value as PersonName
  return [Alphabetic, Ideographic, Phonetic].join('=').replace(/=+$/, '')
}

/** Sixteen bytes at most (PS3.5 6.2), without losing a digit. */
function decimalString(value: number, tag: string): string {
  const plain = String(value)
  if (plain.length <= 16) return plain
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const decimals = mantissa.split('.')[1]?.length ?? 0
  const short = `${mantissa.replace('.', '')}e${Number(exponent) - decimals}`
  if (short.length > 16) throw new DicomWriteError(`${plain} does not fit into a decimal string.`, tag)
  return short
}

function numberBytes(
  values: readonly JsonValue[],
  vr: Vr,
  unit: number,
  isBigEndian: boolean,
  tag: string,
): Uint8Array {
  const bytes = new Uint8Array(values.length * unit)
  const view = new DataView(bytes.buffer)
  const little = !isBigEndian
  for (const [index, value] of values.entries()) {
    const at = index * unit
    if (vr === 'AT') {
      if (typeof value !== 'string') throw new DicomWriteError('A value of VR AT is eight hexadecimal digits.', tag)
      const number = Number.parseInt(value, 16)
      view.setUint16(at, Math.floor(number / 0x10000), little)
      view.setUint16(at + 2, number & 0xffff, little)
      continue
    }
    if (!isNumber(value)) throw new DicomWriteError(`A value of VR ${vr} is a number.`, tag)
    if (vr === 'SV') view.setBigInt64(at, BigInt(value), little)
    else if (vr === 'UV') view.setBigUint64(at, BigInt(value), little)
    else if (vr === 'FL') view.setFloat32(at, Number(value), little)
    else if (vr === 'FD') view.setFloat64(at, Number(value), little)
    else setInteger(view, at, Number(value), vr, little, tag)
  }
  return bytes
}

const isNumber = (value: JsonValue): value is string | number =>
  typeof value === 'number' || (typeof value === 'string' && (value === 'NaN' || !Number.isNaN(Number(value))))

function setInteger(view: DataView, at: number, value: number, vr: Vr, little: boolean, tag: string): void {
  const bits = vr === 'US' || vr === 'SS' ? 16 : 32
  const isSigned = vr === 'SS' || vr === 'SL'
  const lowest = isSigned ? -(2 ** (bits - 1)) : 0
  if (!Number.isInteger(value) || value < lowest || value >= lowest + 2 ** bits)
    throw new DicomWriteError(`${value} is no ${vr}.`, tag)
  if (vr === 'US') view.setUint16(at, value, little)
  else if (vr === 'SS') view.setInt16(at, value, little)
  else if (vr === 'UL') view.setUint32(at, value, little)
  else view.setInt32(at, value, little)
}

/**
 * The value bytes of one attribute that is no sequence, padded to an even length (PS3.5 6.2). InlineBinary counts under
 * any VR: so text of every character set and broken values can be written.
 */
export function writeValue(element: Element, tag: string, isBigEndian: boolean, encode: EncodeText): Uint8Array {
  const { vr, Value = [], InlineBinary, BulkDataURI } = element
  if (BulkDataURI !== undefined) throw new DicomWriteError('The bytes of a bulk value are not given.', tag)
  const { kind, unit } = vrForm(vr)
  if (InlineBinary !== undefined) {
    const bytes = fromBase64(InlineBinary)
    // Words in InlineBinary are little endian (PS3.18 F.2.7).
    return pad(kind === 'binary' && isBigEndian && unit !== 1 ? swapWords(bytes, unit) : bytes, 0)
  }
  if (Value.length === 0) return new Uint8Array(0)
  if (kind === 'binary') throw new DicomWriteError(`A value of VR ${vr} is given as InlineBinary.`, tag)
  if (kind === 'numbers') return numberBytes(Value, vr, unit, isBigEndian, tag)
  return pad(encode(Value.map((value) => textOf(value, vr, tag)).join('\\'), tag), vr === 'UI' ? 0 : 0x20)
}

function pad(bytes: Uint8Array, padding: number): Uint8Array {
  if (bytes.length % 2 === 0) return bytes
  const padded = new Uint8Array(bytes.length + 1)
  padded.set(bytes)
  padded[bytes.length] = padding
  return padded
}
