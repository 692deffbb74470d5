/** A set of ISO 2022 that can be designated to G0 or G1. */
export interface GraphicSet {
  /** Bytes of one character. */
  width: 1 | 2
  /** Reads a run of characters whose top bits are cleared. */
  decode(run: Uint8Array): string
}

type PlatformDecoder = InstanceType<typeof globalThis.TextDecoder>

const platformDecoders = new Map<string, PlatformDecoder>()

/** The platform's decoder for a label of the Encoding Standard, made once. */
export function platformDecoder(encoding: string): PlatformDecoder {
  let decoder = platformDecoders.get(encoding)
  if (!decoder) {
    decoder = new globalThis.TextDecoder(encoding, { ignoreBOM: true })
    platformDecoders.set(encoding, decoder)
  }
  return decoder
}

/**
 * ISO 8859-1, with the signs that Windows puts at 80H-9FH, where ISO 8859-1 has only control characters: programs that
 * declare ISO_IR 100 do write “ and €. Every byte becomes another character, so it is also the reading that loses nothing.
 */
export function decodeLatin1(bytes: Uint8Array): string {
  return platformDecoder('windows-1252').decode(bytes)
}

/** For bytes below 80H; quicker than the platform's decoders for the short texts of data sets. */
export function decodeAscii(bytes: Uint8Array): string {
  if (bytes.length > 1024) return decodeLatin1(bytes)
  return String.fromCharCode.apply(null, bytes as unknown as number[])
}

const withTopBit = (run: Uint8Array): Uint8Array => run.map((byte) => byte | 0x80)

/** JIS X 0212 in EUC-JP: each pair after 8FH. */
function markSupplementary(run: Uint8Array): Uint8Array {
  const marked = new Uint8Array(Math.ceil(run.length / 2) * 3)
  for (let at = 0, out = 0; at < run.length; at += 2, out += 3) {
    marked[out] = 0x8f
    marked[out + 1] = (run[at] ?? 0) | 0x80
    marked[out + 2] = (run[at + 1] ?? 0) | 0x80
  }
  return marked
}

const upper = (width: 1 | 2, encoding: string): GraphicSet => ({
  width,
  decode: (run) => platformDecoder(encoding).decode(withTopBit(run)),
})

export const ascii: GraphicSet = { width: 1, decode: decodeAscii }
/** JIS X 0201, left: ASCII but for two signs, of which 5CH stays a backslash: it is the separator of values. */
const romaji: GraphicSet = { width: 1, decode: (run) => decodeAscii(run).replaceAll('~', '‾') }
const katakana: GraphicSet = upper(1, 'shift_jis')
const kanji: GraphicSet = upper(2, 'euc-jp')
const supplementaryKanji: GraphicSet = {
  width: 2,
  decode: (run) => platformDecoder('euc-jp').decode(markSupplementary(run)),
}
export const latin1: GraphicSet = upper(1, 'windows-1252')

export interface CharacterSet {
  /** Set in G1 while no escape sequence says otherwise. */
  g1?: GraphicSet
  /** Set in G0, where it is not ASCII. */
  g0?: GraphicSet
  /** Label for texts that are all in this set. */
  encoding?: string
}

const singleByte = (encoding: string): CharacterSet => ({ encoding, g1: upper(1, encoding) })

/** By the number of the defined term, 'ISO_IR 100' and 'ISO 2022 IR 100' alike (PS3.3 C.12.1.1.2). */
export const characterSets: Readonly<Record<string, CharacterSet>> = {
  '6': {},
  '13': { g0: romaji, g1: katakana },
  '14': { g0: romaji },
  '58': { g1: upper(2, 'gbk') },
  '87': {},
  '100': singleByte('windows-1252'),
  '101': singleByte('iso-8859-2'),
  '109': singleByte('iso-8859-3'),
  '110': singleByte('iso-8859-4'),
  '126': singleByte('iso-8859-7'),
  '127': singleByte('iso-8859-6'),
  '138': singleByte('iso-8859-8'),
  '144': singleByte('iso-8859-5'),
  '148': singleByte('windows-1254'),
  '149': { g1: upper(2, 'euc-kr') },
  '159': {},
  '166': singleByte('windows-874'),
  '203': singleByte('iso-8859-15'),
}

const set = (number: string): GraphicSet => characterSets[number]?.g1 ?? latin1

/** What follows ESC (PS3.3 tables C.12-3 and C.12-4) → the half it changes and the set that it puts there. */
export const designations: Readonly<Record<string, { half: 'g0' | 'g1'; set: GraphicSet }>> = {
  '(B': { half: 'g0', set: ascii },
  '(J': { half: 'g0', set: romaji },
  ')I': { half: 'g1', set: katakana },
  '-A': { half: 'g1', set: set('100') },
  '-B': { half: 'g1', set: set('101') },
  '-C': { half: 'g1', set: set('109') },
  '-D': { half: 'g1', set: set('110') },
  '-F': { half: 'g1', set: set('126') },
  '-G': { half: 'g1', set: set('127') },
  '-H': { half: 'g1', set: set('138') },
  '-L': { half: 'g1', set: set('144') },
  '-M': { half: 'g1', set: set('148') },
  '-T': { half: 'g1', set: set('166') },
  '-b': { half: 'g1', set: set('203') },
  // The 1978 edition of the kanji set, from before DICOM; its few differences are variants of the same signs.
  '$@': { half: 'g0', set: kanji },
  $B: { half: 'g0', set: kanji },
  '$(D': { half: 'g0', set: supplementaryKanji },
  '$)A': { half: 'g1', set: set('58') },
  '$)C': { half: 'g1', set: set('149') },
}

const designationNames = Object.keys(designations)

/** The designation after an ESC, if it is one of DICOM's. */
export function designationAt(bytes: Uint8Array, start: number): string | undefined {
  return designationNames.find((name) => {
    for (let at = 0; at < name.length; at += 1) if (bytes[start + at] !== name.charCodeAt(at)) return false
    return true
  })
}
