import type { Vr } from './types.ts'

/** Characters of one value at most (PS3.5 table 6.2-1); of a name in each of its groups. */
const maxLengths: Partial<Record<Vr, number>> = { AE: 16, CS: 16, LO: 64, LT: 10_240, PN: 64, SH: 16, ST: 1024, UI: 64 }

const daysOfMonth = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate()

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []
  if (year === undefined || Number(month) < 1 || Number(month) > 12) return false
  return Number(day) >= 1 && Number(day) <= daysOfMonth(Number(year), Number(month))
}

const isTime = (text: string): boolean => /^([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?$/.test(text)

/**
 * What keeps one value typed by a person from being a value of a text VR (PS3.5 6.2): its length, its form, signs that
 * separate values or control the output. Undefined when nothing does. VRs of numbers and bytes are not for it.
 */
export function faultOfText(text: string, vr: Vr): string | undefined {
  const hasLines = vr === 'LT' || vr === 'ST' || vr === 'UT'
  // eslint-disable-next-line no-control-regex
  const controls = hasLines ? /[\x00-\x08\x0b\x0e-\x1f\x7f]/ : /[\x00-\x1f\x7f]/
  if (controls.test(text)) return 'holds control characters'
  if (!text.isWellFormed()) return 'holds half a character'
  if (!hasLines && text.includes('\\')) return 'holds a backslash, which separates values'
  if (vr === 'DA') return isDate(text) ? undefined : 'is no date (YYYYMMDD)'
  if (vr === 'TM') return isTime(text) ? undefined : 'is no time (HHMMSS)'
  const groups = vr === 'PN' ? text.split('=') : [text]
  if (groups.length > 3) return 'has more than three groups of a name'
  const most = maxLengths[vr] ?? Infinity
  // The standard counts characters, not UTF-16 units.
  return groups.some((group) => Array.from(group).length > most) ? `is longer than ${most} characters` : undefined
}
