import {
  ascii,
  characterSets,
  decodeAscii,
  decodeLatin1,
  designationAt,
  designations,
  latin1,
  platformDecoder,
  type CharacterSet,
  type GraphicSet,
} from './graphic-sets.ts'
import type { PersonName, Vr } from './types.ts'

/** Turns the bytes of text values into text, by the Specific Character Set (0008,0005) of their data set. */
export interface TextDecoder {
  /**
   * Decodes one element's value bytes. In VRs that may hold several values a backslash in the result separates them
   * and nothing else: bytes 5CH inside a two-byte character never become one.
   */
  decode(bytes: Uint8Array, vr: Vr): string
}

/** 'unknown-character-set': a term nobody knows. 'undecodable-text': bytes that are no characters in the declared set. */
export type TextWarning = 'unknown-character-set' | 'undecodable-text'

type Warn = (code: TextWarning, message: string) => void

const escape = 0x1b
const replacementSign = '\ufffd'

/** Plain enough to be read without looking at character sets. */
function isPlain(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number
    if (byte > 0x7d || byte === escape) return false
  }
  return true
}

function hasDesignation(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(escape); at >= 0; at = bytes.indexOf(escape, at + 1)) {
    if (designationAt(bytes, at + 1) !== undefined) return true
  }
  return false
}

/** Bytes of the well-formed UTF-8 sequence at `at`, 0 when there is none. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number
  if (lead < 0x80) return 1
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0
  for (let next = 1; next < length; next += 1) if (((bytes[at + next] ?? 0) & 0xc0) !== 0x80) return 0
  const second = bytes[at + 1] ?? 0
  // Overlong forms, surrogates and what lies beyond U+10FFFF are not well-formed (Unicode table 3-7).
  const isMalformed =
    (lead === 0xe0 && second < 0xa0) ||
    (lead === 0xed && second > 0x9f) ||
    (lead === 0xf0 && second < 0x90) ||
    (lead === 0xf4 && second > 0x8f)
  return isMalformed ? 0 : length
}

/** UTF-8; each byte that is none is read as ISO 8859-1, so that it is seen and not lost. `onStray` is told once. */
function decodeUtf8(bytes: Uint8Array, onStray: () => void): string {
  const utf8 = platformDecoder('utf-8')
  const whole = utf8.decode(bytes)
  if (!whole.includes(replacementSign)) return whole
  let text = ''
  let isStray = false
  for (let start = 0, at = 0; at < bytes.length;) {
    const length = utf8Length(bytes, at)
    at += length
    if (length > 0 && at < bytes.length) continue
    text += utf8.decode(bytes.subarray(start, at))
    if (length === 0) {
      text += decodeLatin1(bytes.subarray(at, at + 1))
      isStray = true
      at += 1
    }
    start = at
  }
  if (isStray) onStray()
  return text
}

function isDelimiter(byte: number, vr: Vr): boolean {
  if (byte >= 0x09 && byte <= 0x0d) return byte !== 0x0b
  if (byte === 0x5c) return vr !== 'LT' && vr !== 'ST' && vr !== 'UT'
  return vr === 'PN' && (byte === 0x5e || byte === 0x3d)
}

interface Halves {
  g0: GraphicSet
  /** What the first defined term puts in G1; undefined when it has no such half. */
  g1: GraphicSet | undefined
  /** For bytes from 80H on before any escape sequence, when there is no `g1`. */
  fallback: GraphicSet
}

/** One pass with the two halves of ISO 2022; designations end at delimiters (PS3.5 6.1.2.5.3). */
function decodeIso2022(bytes: Uint8Array, vr: Vr, initial: Halves): string {
  let text = ''
  let g0 = initial.g0
  let g1 = initial.g1 ?? initial.fallback
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] as number
    const designation = first === escape ? designationAt(bytes, at + 1) : undefined
    if (designation !== undefined) {
      const { half, set } = designations[designation] as (typeof designations)[string]
      if (half === 'g0') g0 = set
      else g1 = set
      at += 1 + designation.length
      continue
    }
    const isUpper = first >= 0x80
    const set = isUpper ? g1 : g0
    // Controls and the space are single bytes whatever is designated; with two-byte characters in G0 no other byte is a delimiter.
    if (!isUpper && (first <= 0x20 || set.width === 1) && isDelimiter(first, vr)) {
      g0 = initial.g0
      // Korean and Chinese programs often designate G1 once a value; with no other set for these bytes it stays.
      g1 = initial.g1 ?? g1
      text += String.fromCharCode(first)
      at += 1
      continue
    }
    if (first <= 0x20) {
      text += String.fromCharCode(first)
      at += 1
      continue
    }
    let end = at
    while (end < bytes.length) {
      const byte = bytes[end] as number
      if (byte <= 0x20 || byte >= 0x80 !== isUpper || (!isUpper && set.width === 1 && isDelimiter(byte, vr))) break
      end += set.width
    }
    end = Math.min(end, bytes.length)
    text += set.decode(bytes.subarray(at, end).map((byte) => byte & 0x7f))
    at = end
  }
  return text
}

/** 'ISO 2022 IR 100' → { number: '100', isExtended: true }; also as misspelt in the field: 'ISO-IR 100', 'ISO_IR_100'. */
function readTerm(term: string): { number: string; isExtended: boolean } {
  const match = /^ISO[-_ ]*(2022[-_ ]*)?IR[-_ ]*0*(\d+)$/.exec(term)
  if (match) return { number: match[2] ?? '', isExtended: match[1] !== undefined }
  // Names of encodings in place of the standard's terms.
  if (/^UTF-?8$/.test(term)) return { number: '192', isExtended: false }
  if (/^(ISO[-_ ]?8859[-_]1|LATIN-?1|WINDOWS-1252)$/.test(term)) return { number: '100', isExtended: false }
  return { number: term === 'GB2312' ? 'GBK' : term, isExtended: false }
}

/** Sets without code extensions, which stand alone. */
const wholeEncodings: Readonly<Record<string, string>> = { '192': 'utf-8', GB18030: 'gb18030', GBK: 'gbk' }

/**
 * Makes a decoder for the values of Specific Character Set (PS3.3 C.12.1.1.2): single-byte sets, ISO 2022 code
 * extensions, ISO_IR 192, GB18030, GBK. Text without a declared set, or with an unknown one, is read as UTF-8 where it
 * is that and as ISO 8859-1 where not; escape sequences count even when no code extension was declared. Never throws;
 * `warn` is told of what could not be read as declared.
 */
export function createTextDecoder(specificCharacterSets: readonly string[], warn: Warn = () => undefined): TextDecoder {
  const terms = specificCharacterSets.map((term) => readTerm(term.trim().toUpperCase()))
  const unknown = terms.filter(
    ({ number }) => number !== '' && !(number in characterSets) && !(number in wholeEncodings),
  )
  for (const { number } of unknown)
    warn('unknown-character-set', `Specific Character Set ${JSON.stringify(number.slice(0, 40))} is not known.`)
  const known = terms.filter((term) => !unknown.includes(term))

  const whole = known.map(({ number }) => wholeEncodings[number]).find((encoding) => encoding !== undefined)
  const sets: CharacterSet[] = known.map(({ number }) => characterSets[number] ?? {})
  const first = sets[0] ?? {}
  const halves: Halves = {
    g0: first.g0 ?? ascii,
    g1: first.g1,
    fallback: sets.find(({ g1 }) => g1 !== undefined)?.g1 ?? latin1,
  }
  const isExtended = known.some((term) => term.isExtended) || known.length > 1 || first.g0 !== undefined

  const stray = (): void => warn('undecodable-text', 'Bytes that are no characters in the declared character set.')
  const decodeDeclared = (bytes: Uint8Array, vr: Vr): string => {
    if (whole === 'utf-8') return decodeUtf8(bytes, stray)
    if (whole !== undefined) return platformDecoder(whole).decode(bytes)
    if (isExtended || hasDesignation(bytes)) return decodeIso2022(bytes, vr, halves)
    if (first.encoding !== undefined) return platformDecoder(first.encoding).decode(bytes)
    return first.g1 === undefined ? decodeUtf8(bytes, stray) : decodeIso2022(bytes, vr, halves)
  }
  return {
    decode(bytes, vr) {
      if (isPlain(bytes)) return decodeAscii(bytes)
      const text = decodeDeclared(bytes, vr)
      // A text may hold the sign itself in Unicode sets; elsewhere it only comes from bytes without a meaning.
      if (whole !== 'utf-8' && text.includes(replacementSign)) stray()
      return text
    },
  }
}

/** A name as it stands in the file, never split at ^ or =: part numbers and component names keep every sign. */
export function formatPersonName(name: PersonName | string): string {
  if (typeof name === 'string') return name
  return [name.Alphabetic ?? '', name.Ideographic ?? '', name.Phonetic ?? ''].join('=').replace(/=+$/, '')
}

// Letters that Unicode does not take for others with marks.
const foldedLetters: Record<string, string> = {
  ß: 'ss',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
  ı: 'i',
  ħ: 'h',
  ŧ: 't',
  ŋ: 'n',
  ĸ: 'k',
  ς: 'σ',
}
const foldable = new RegExp(`[${Object.keys(foldedLetters).join('')}]`, 'g')

/** Text for comparing: case, accents and width do not count. Folding twice changes nothing more. */
export function foldText(text: string): string {
  const bare = text
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
  return bare.replace(foldable, (letter) => foldedLetters[letter] ?? letter).normalize('NFC')
}
