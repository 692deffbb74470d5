import type { Vr } from './types.ts'

/** How the bytes of a VR become values (PS3.5 6.2). */
export interface VrForm {
  vr: Vr
  /** text: one value, spaces in front count · texts, decimals, names: values between backslashes. */
  kind: 'binary' | 'numbers' | 'text' | 'texts' | 'decimals' | 'names' | 'sequence'
  /** Bytes of one value of a fixed size, or of the word that byte order turns; 1 where there is none. */
  unit: 1 | 2 | 4 | 8
  /** Two reserved bytes and a length of 32 bits in explicit syntaxes (PS3.5 7.1.2). */
  isLong: boolean
}

const rows: readonly [VrForm['kind'], VrForm['unit'], 'short' | 'long', ...Vr[]][] = [
  ['binary', 1, 'long', 'OB', 'UN'],
  ['binary', 2, 'long', 'OW'],
  ['binary', 4, 'long', 'OF', 'OL'],
  ['binary', 8, 'long', 'OD', 'OV'],
  ['numbers', 2, 'short', 'US', 'SS'],
  ['numbers', 4, 'short', 'AT', 'FL', 'SL', 'UL'],
  ['numbers', 8, 'short', 'FD'],
  ['numbers', 8, 'long', 'SV', 'UV'],
  ['text', 1, 'short', 'LT', 'ST'],
  ['text', 1, 'long', 'UR', 'UT'],
  ['texts', 1, 'short', 'AE', 'AS', 'CS', 'DA', 'DT', 'LO', 'SH', 'TM', 'UI'],
  ['texts', 1, 'long', 'UC'],
  ['decimals', 1, 'short', 'DS', 'IS'],
  ['names', 1, 'short', 'PN'],
  ['sequence', 1, 'long', 'SQ'],
]

const byLetters = new Map<string, VrForm>()
/** By the two letters, 26 × 26: read once an element, so no text is made for it. */
const byCode: (VrForm | undefined)[] = Array.from({ length: 26 * 26 }, () => undefined)
for (const [kind, unit, size, ...vrs] of rows) {
  for (const vr of vrs) {
    const form: VrForm = { vr, kind, unit, isLong: size === 'long' }
    byLetters.set(vr, form)
    byCode[(vr.charCodeAt(0) - 65) * 26 + vr.charCodeAt(1) - 65] = form
  }
}

export const isVr = (letters: string): letters is Vr => byLetters.has(letters)

export const vrForm = (vr: Vr): VrForm => byLetters.get(vr) as VrForm

/** The VR whose two letters stand at `at`; undefined when it is none. */
export function vrFormAt(bytes: Uint8Array, at: number): VrForm | undefined {
  const first = (bytes[at] as number) - 65
  const second = (bytes[at + 1] as number) - 65
  return first >= 0 && first < 26 && second >= 0 && second < 26 ? byCode[first * 26 + second] : undefined
}
