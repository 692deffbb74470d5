import type { PersonName, Vr } from './types.ts'

/** Turns the bytes of text values into text, by the Specific Character Set (0008,0005) of their data set. */
export interface TextDecoder {
  /**
   * Decodes one element's value bytes. In VRs that may hold several values a backslash in the result separates them
   * and nothing else: bytes 5CH inside a two-byte character never become one.
   */
  decode(bytes: Uint8Array, vr: Vr): string
}

type PlatformDecoder = InstanceType<typeof globalThis.TextDecoder>

/** Right half of single-byte sets, and whole multi-byte sets, by defined term (PS3.3 C.12.1.1.2). */
const encodings: Record<string, string> = {
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
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
}

const platformDecoders = new Map<string, PlatformDecoder>()

function platformDecoder(encoding: string, fatal = false): PlatformDecoder {
  const key = `${encoding}${fatal ? '!' : ''}`
  const known = platformDecoders.get(key)
  if (known) return known
  const decoder = new globalThis.TextDecoder(encoding, { fatal, ignoreBOM: true })
  platformDecoders.set(key, decoder)
  return decoder
}

/** Bytes as they are, 00H-FFH to U+0000-U+00FF: ISO 8859-1, and the fallback that loses nothing. */
function decodeLatin1(bytes: Uint8Array): string {
  if (bytes.length < 4096) return String.fromCharCode(...bytes)
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return text
}

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number
    // ESC starts a code extension, so it is not plain either.
    if (byte > 0x7e || byte === 0x1b) return false
  }
  return true
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return platformDecoder('utf-8', true).decode(bytes)
  } catch {
    // Declared as UTF-8 but not: shown byte by byte rather than with replacement marks, so nothing is lost.
    return decodeLatin1(bytes)
  }
}

/** A graphic set designated to G0 or G1: bytes a character and how to read a run of them (top bits cleared). */
interface GraphicSet {
  width: 1 | 2
  decode(run: Uint8Array): string
}

const withTopBit = (run: Uint8Array): Uint8Array => run.map((byte) => byte | 0x80)
const upperHalf = (encoding: string): GraphicSet => ({
  width: 1,
  decode: (run) => platformDecoder(encoding).decode(withTopBit(run)),
})

const ascii: GraphicSet = { width: 1, decode: decodeLatin1 }
const latin1Upper: GraphicSet = { width: 1, decode: (run) => decodeLatin1(withTopBit(run)) }
/** JIS X 0201 Roman: ASCII but for two signs. 5CH stays a backslash here: it is the value separator. */
const jisRoman: GraphicSet = { width: 1, decode: (run) => decodeLatin1(run).replaceAll('~', '‾') }
const jisKatakana: GraphicSet = {
  width: 1,
  decode: (run) => String.fromCharCode(...Array.from(run, (byte) => (byte < 0x60 ? 0xff40 + byte : byte | 0x80))),
}
const jis0208: GraphicSet = { width: 2, decode: (run) => platformDecoder('euc-jp').decode(withTopBit(run)) }
const jis0212: GraphicSet = {
  width: 2,
  decode(run) {
    const marked = new Uint8Array((run.length / 2) * 3)
    for (let pair = 0; pair < run.length / 2; pair += 1) {
      marked[pair * 3] = 0x8f
      marked[pair * 3 + 1] = (run[pair * 2] ?? 0) | 0x80
      marked[pair * 3 + 2] = (run[pair * 2 + 1] ?? 0) | 0x80
    }
    return platformDecoder('euc-jp').decode(marked)
  },
}
const ksX1001: GraphicSet = { width: 2, decode: (run) => platformDecoder('euc-kr').decode(withTopBit(run)) }
const gb2312: GraphicSet = { width: 2, decode: (run) => platformDecoder('gbk').decode(withTopBit(run)) }

/** Escape sequences without ESC, as latin-1 text (PS3.3 tables C.12-3, C.12-4). */
const designations: Record<string, { half: 'g0' | 'g1'; set: GraphicSet }> = {
  '(B': { half: 'g0', set: ascii },
  '(J': { half: 'g0', set: jisRoman },
  ')I': { half: 'g1', set: jisKatakana },
  '-A': { half: 'g1', set: latin1Upper },
  '-B': { half: 'g1', set: upperHalf('iso-8859-2') },
  '-C': { half: 'g1', set: upperHalf('iso-8859-3') },
  '-D': { half: 'g1', set: upperHalf('iso-8859-4') },
  '-F': { half: 'g1', set: upperHalf('iso-8859-7') },
  '-G': { half: 'g1', set: upperHalf('iso-8859-6') },
  '-H': { half: 'g1', set: upperHalf('iso-8859-8') },
  '-L': { half: 'g1', set: upperHalf('iso-8859-5') },
  '-M': { half: 'g1', set: upperHalf('windows-1254') },
  '-T': { half: 'g1', set: upperHalf('windows-874') },
  '-b': { half: 'g1', set: upperHalf('iso-8859-15') },
  '$@': { half: 'g0', set: jis0208 },
  '$B': { half: 'g0', set: jis0208 },
  '$(D': { half: 'g0', set: jis0212 },
  '$)A': { half: 'g1', set: gb2312 },
  '$)C': { half: 'g1', set: ksX1001 },
}

/** G1 at the start of a value, by the first defined term. */
const initialUpper: Record<string, GraphicSet> = {
  'ISO_IR 100': latin1Upper,
  'ISO_IR 13': jisKatakana,
  'ISO_IR 58': gb2312,
  'ISO_IR 149': ksX1001,
}

function upperSetOf(term: string): GraphicSet {
  const encoding = encodings[term]
  return initialUpper[term] ?? (encoding === undefined ? latin1Upper : upperHalf(encoding))
}

/** One pass with the two halves of ISO 2022; designations fall back at delimiters (PS3.5 6.1.2.5.3). */
function decodeIso2022(bytes: Uint8Array, vr: Vr, lower: GraphicSet, upper: GraphicSet): string {
  let text = ''
  let g0 = lower
  let g1 = upper
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at] as number
    if (byte === 0x1b) {
      const length = designationLength(bytes, at + 1)
      const designation = length === 0 ? undefined : designations[decodeLatin1(bytes.subarray(at + 1, at + 1 + length))]
      if (designation === undefined) {
        text += '\x1b'
        at += 1
        continue
      }
      if (designation.half === 'g0') g0 = designation.set
      else g1 = designation.set
      at += 1 + length
      continue
    }
    const isUpper = byte >= 0x80
    const set = isUpper ? g1 : g0
    // Control characters and delimiters are single bytes, also while a two-byte set is designated to G0.
    if (!isUpper && (byte < 0x21 || set.width === 1)) {
      text += byte < 0x21 ? String.fromCharCode(byte) : set.decode(bytes.subarray(at, at + 1))
      if (isDelimiter(byte, vr)) {
        g0 = lower
        g1 = upper
      }
      at += 1
      continue
    }
    let end = at
    while (end < bytes.length && (bytes[end] as number) >= 0x80 === isUpper && (bytes[end] as number) > 0x20) end += set.width
    end = Math.min(end, bytes.length)
    text += set.decode(bytes.subarray(at, end).map((value) => value & 0x7f))
    at = end
  }
  return text
}

/** Bytes of the designation after ESC: intermediates 20H-2FH and a final byte; 0 when it is cut off. */
function designationLength(bytes: Uint8Array, start: number): number {
  let end = start
  if (bytes[end] === 0x24 && (bytes[end + 1] === 0x40 || bytes[end + 1] === 0x42)) return 2
  while (end < bytes.length && (bytes[end] as number) >= 0x20 && (bytes[end] as number) <= 0x2f && end - start < 3) end += 1
  return end < bytes.length && end > start ? end - start + 1 : 0
}

function isDelimiter(byte: number, vr: Vr): boolean {
  if (byte === 0x0a || byte === 0x0c || byte === 0x0d || byte === 0x09) return true
  if (byte === 0x5c) return vr !== 'LT' && vr !== 'ST' && vr !== 'UT'
  return vr === 'PN' && (byte === 0x5e || byte === 0x3d)
}

/**
 * Makes a decoder for the values of Specific Character Set (PS3.3 C.12.1.1.2): single-byte sets, ISO 2022 code
 * extensions, ISO_IR 192, GB18030, GBK. Unknown terms and undeclared bytes are read as UTF-8 where that is valid and
 * as ISO 8859-1 otherwise, so that no byte is lost.
 */
export function createTextDecoder(specificCharacterSets: readonly string[]): TextDecoder {
  const terms = specificCharacterSets.map((term) => term.trim().toUpperCase().replace(/[-_ ]+/g, (sign) => (sign.includes('_') ? '_' : ' ')))
  const normal = terms.map((term) => term.replace(/^ISO 2022 IR /, 'ISO_IR ').replace(/^ISO IR /, 'ISO_IR '))
  const first = normal[0] ?? ''
  const isExtended = terms.some((term) => term.startsWith('ISO 2022'))
  const whole = encodings[first]
  let decode: (bytes: Uint8Array, vr: Vr) => string
  if (!isExtended && first === 'ISO_IR 192') decode = decodeUtf8
  else if (!isExtended && (first === '' || first === 'ISO_IR 6')) decode = decodeUtf8
  else if (!isExtended && first === 'ISO_IR 100') decode = decodeLatin1
  else if (!isExtended && whole !== undefined) decode = (bytes) => platformDecoder(whole).decode(bytes)
  else if (!isExtended && !(first in initialUpper)) decode = decodeUtf8
  else {
    const lower = first === 'ISO_IR 13' ? jisRoman : ascii
    const upper = upperSetOf(first)
    decode = (bytes, vr) => decodeIso2022(bytes, vr, lower, upper)
  }
  return { decode: (bytes, vr) => (isAscii(bytes) ? decodeLatin1(bytes) : decode(bytes, vr)) }
}

/** A name as one line, never split at ^: part numbers and component names keep every sign. */
export function formatPersonName(name: PersonName | string): string {
  if (typeof name === 'string') return name
  return [name.Alphabetic, name.Ideographic, name.Phonetic].filter((group) => group !== undefined && group !== '').join(' = ')
}

const foldedLetters: Record<string, string> = { ß: 'ss', ø: 'o', đ: 'd', ł: 'l', æ: 'ae', œ: 'oe', þ: 'th', ð: 'd', ı: 'i' }

/** Text for comparing: case, accents and width do not count. */
export function foldText(text: string): string {
  const folded = text.normalize('NFKD').replace(/\p{M}+/gu, '').toLowerCase()
  return folded.replace(/[ßøđłæœþðı]/g, (letter) => foldedLetters[letter] ?? letter).normalize('NFC')
}
