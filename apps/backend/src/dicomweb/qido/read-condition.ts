import { foldText } from '@instandt/dicom'
import { AppError } from '../../app-error.ts'
import { dateFloor, timeFloor, wholeStamp } from '../../search-attribute/declared-values.ts'
import type { SearchKey } from './search-keys.ts'

/** One condition on a column; bounds and patterns are values, never SQL. */
export type Condition =
  | { key: SearchKey; kind: 'one-of'; values: readonly (string | number)[] }
  /** SQL LIKE pattern, escaped with a backslash; `literal` is its longest run without wildcards. */
  | { key: SearchKey; kind: 'like'; pattern: string; literal: string }
  /** `isSingle`: one time, which stands for all that begins with it. */
  | { key: SearchKey; kind: 'range'; from?: string | number; to?: string | number; isSingle?: boolean }
  /** A date and the time of its column beside, as one instant. */
  | { key: SearchKey; kind: 'instants'; timeColumn: string; from?: Instant; to?: Instant }
  | { key: SearchKey; kind: 'words'; words: readonly string[] }

export interface Instant {
  date: string
  time: string
}

const maxValueLength = 1024
const maxListLength = 1000

export function malformed(name: string, why: string): AppError {
  return new AppError('malformed-value', 400, `The value of ${name} is malformed: ${why}`)
}

/** What the values given for a key ask for, by the key's way of matching (PS3.4 C.2.2.2). @throws AppError 400 */
export function readCondition(name: string, key: SearchKey, values: string[], isFuzzy: boolean): Condition {
  const { matching } = key
  if (matching === 'uid' || matching === 'uid-list') return { key, kind: 'one-of', values: readUids(name, values) }
  if (values.some((value) => value.length > maxValueLength))
    throw malformed(name, `it is longer than ${maxValueLength} signs.`)
  if (matching === 'integer') return { key, kind: 'one-of', values: values.map((value) => readInteger(name, value)) }
  if (matching === 'number') return readNumbers(name, key, values)
  if (matching === 'text-list' || matching === 'code-list') return readList(name, key, values)
  if (values.length > 1) throw malformed(name, 'it is given more than once.')
  const value = values[0] ?? ''
  if (matching === 'date') return conditionOf(key, readRange(name, value, datePattern, 'YYYYMMDD or a range of two'))
  if (matching === 'time') {
    const { from, to, isSingle } = readRange(name, value, timePattern, 'HHMMSS.FFFFFF or a range of two')
    return { ...rangeOf(key, from, to), isSingle }
  }
  if (matching === 'stamp') return readStamps(name, key, value)
  const isName = matching === 'name' || matching === 'names'
  if (isName && isFuzzy) return readWords(key, value)
  // Several names in one value are those of a row in their order; any of them is looked for by itself.
  if (matching === 'names')
    return readPattern(value.includes('\\') ? { ...key, matching: 'name' } : key, foldText(value))
  const text = isName ? foldText(value) : key.declared?.vr === 'AT' ? plainTag(value) : value
  return /[*?]/.test(text) ? readPattern(key, text) : { key, kind: 'one-of', values: [text] }
}

/** One value of the row's list is one of these, or matches the only one. */
function readList(name: string, key: SearchKey, values: string[]): Condition {
  // A comma may be part of an order's number.
  const separator = key.matching === 'code-list' ? /[\\,]/ : '\\'
  const wanted = values.flatMap((value) => value.split(separator)).filter((value) => value !== '')
  const pattern = wanted.find((value) => /[*?]/.test(value))
  if (pattern === undefined) return { key, kind: 'one-of', values: wanted }
  if (wanted.length > 1) throw malformed(name, 'a value with * or ? stands alone.')
  return readPattern(key, pattern)
}

/** '(0014,4076)' as the index keeps it. */
const plainTag = (text: string): string => text.replace(/[(),]/g, '').toUpperCase()

function readWords(key: SearchKey, value: string): Condition {
  const words = foldText(value).split(/[\s^=*?]+/)
  return { key, kind: 'words', words: words.filter((word) => word !== '') }
}

function readPattern(key: SearchKey, text: string): Condition {
  const pattern = text
    .replace(/[\\%_]/g, String.raw`\$&`)
    .replaceAll('*', '%')
    .replaceAll('?', '_')
  const literal = text.split(/[*?]+/).reduce((longest, run) => (run.length > longest.length ? run : longest), '')
  return { key, kind: 'like', pattern, literal }
}

const datePattern = /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/
const timePattern = /^([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?$/
/** Every part of a date-time but the year may be missing, with all that follows. */
const dateTimePattern =
  /^\d{4}((0[1-9]|1[0-2])((0[1-9]|[12]\d|3[01])(([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?)?)?)?$/

interface Range {
  from: string | undefined
  to: string | undefined
  /** One value alone, not a range of it. */
  isSingle: boolean
}

function readRange(name: string, value: string, form: RegExp, words: string): Range {
  const bounds = value.split('-')
  const [from = '', to = from] = bounds
  const isWrong =
    bounds.length > 2 || (from === '' && to === '') || [from, to].some((bound) => bound !== '' && !form.test(bound))
  if (isWrong) throw malformed(name, `${words} is expected.`)
  return {
    from: from === '' ? undefined : from,
    to: to === '' ? undefined : to,
    isSingle: bounds.length === 1,
  }
}

function conditionOf(key: SearchKey, { from, to, isSingle }: Range): Condition {
  return isSingle && from !== undefined ? { key, kind: 'one-of', values: [from] } : rangeOf(key, from, to)
}

type RangeCondition = Extract<Condition, { kind: 'range' }>

const rangeOf = (
  key: SearchKey,
  from: string | number | undefined,
  to: string | number | undefined,
): RangeCondition => ({
  key,
  kind: 'range',
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
})

/** A time or date-time stands for all that begins with it; both bounds of a range are included. */
function readStamps(name: string, key: SearchKey, value: string): Condition {
  const { from, to } =
    key.declared?.vr === 'TM'
      ? readRange(name, value, timePattern, 'HHMMSS.FFFFFF or a range of two')
      : readRange(name, value, dateTimePattern, 'YYYYMMDDHHMMSS.FFFFFF without offset, or a range of two')
  const floor = key.declared?.vr === 'TM' ? timeFloor : dateFloor
  return rangeOf(key, wholeStamp(from, floor), to === undefined ? undefined : `${to}~`)
}

const numberForm = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`
const numberPattern = new RegExp(`^${numberForm}$`)
const numberRange = new RegExp(String.raw`^(${numberForm})?\.\.(${numberForm})?$`)

/** Numbers, or a range `a..b`: a hyphen would be a sign. */
function readNumbers(name: string, key: SearchKey, values: string[]): Condition {
  const read = (text: string): number => {
    const number = Number(text)
    if (!numberPattern.test(text) || !Number.isFinite(number))
      throw malformed(name, 'a number, or a range such as 1.5..3, is expected.')
    // What was stored in 32 bits is the nearest of theirs.
    return key.declared?.vr === 'FL' ? Math.fround(number) : number
  }
  const [value = ''] = values
  const [range, from, to] = numberRange.exec(value) ?? []
  if (range === undefined || values.length > 1) return { key, kind: 'one-of', values: values.map(read) }
  if (from === undefined && to === undefined) throw malformed(name, 'a range has one bound at least.')
  return rangeOf(key, from === undefined ? undefined : read(from), to === undefined ? undefined : read(to))
}

function readUids(name: string, values: string[]): string[] {
  const uids = values.flatMap((value) => value.split(/[\\,]/)).map((uid) => uid.trim())
  if (uids.length > maxListLength) throw malformed(name, `more than ${maxListLength} UIDs are listed.`)
  if (uids.some((uid) => !/^[0-9.]{1,64}$/.test(uid))) throw malformed(name, 'a UID has digits and dots only.')
  return uids
}

function readInteger(name: string, value: string): number {
  const number = Number(value)
  if (!/^[+-]?\d{1,10}$/.test(value) || Math.abs(number) >= 2 ** 31) throw malformed(name, 'an integer is expected.')
  return number
}

/** Dates with the times that belong to them. */
const datesAndTimes = [
  ['StudyDate', 'StudyTime'],
  ['SeriesDate', 'SeriesTime'],
  ['PerformedProcedureStepStartDate', 'PerformedProcedureStepStartTime'],
  ['ContentDate', 'ContentTime'],
] as const

/**
 * A range of dates and one of times in the same form are one range of instants (PS3.18 8.3.4.1.1, PS3.4 C.2.2.2.5): from the
 * 5th at 10:00 to the 7th at 18:00, not three days between 10:00 and 18:00.
 */
export function combineInstants(conditions: readonly Condition[]): Condition[] {
  let combined = [...conditions]
  for (const [dateKeyword, timeKeyword] of datesAndTimes) {
    const rangeBy = (keyword: string): RangeCondition | undefined =>
      combined.find((one): one is RangeCondition => one.kind === 'range' && one.key.keyword === keyword)
    const dates = rangeBy(dateKeyword)
    const times = rangeBy(timeKeyword)
    if (!dates || !times || times.isSingle === true) continue
    if (
      (dates.from === undefined) !== (times.from === undefined) ||
      (dates.to === undefined) !== (times.to === undefined)
    )
      continue
    const instant = (date: unknown, time: unknown): Instant => ({ date: String(date), time: String(time) })
    const instants: Condition = {
      key: dates.key,
      kind: 'instants',
      timeColumn: times.key.column,
      ...(dates.from === undefined ? {} : { from: instant(dates.from, times.from) }),
      ...(dates.to === undefined ? {} : { to: instant(dates.to, times.to) }),
    }
    // The dates stay: an index has them.
    combined = [...combined.filter((one) => one !== times), instants]
  }
  return combined
}
