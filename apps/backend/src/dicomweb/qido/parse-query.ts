import { foldText } from '@instandt/dicom'
import { AppError } from '../../app-error.ts'
import { type Level, type SearchKey, attributePath, findSearchKey, levels } from './search-keys.ts'

/** One condition on a column; bounds and patterns are values, never SQL. */
export type Condition =
  | { key: SearchKey; kind: 'one-of'; values: readonly (string | number)[] }
  /** SQL LIKE pattern, escaped with a backslash; `literal` is its longest run without wildcards. */
  | { key: SearchKey; kind: 'like'; pattern: string; literal: string }
  | { key: SearchKey; kind: 'range'; from?: string; to?: string }
  | { key: SearchKey; kind: 'words'; words: readonly string[] }

export interface Sort {
  key: SearchKey
  isDescending: boolean
}

export interface SearchQuery {
  conditions: Condition[]
  /** Tags asked for beyond the ones always returned. */
  includeTags: string[]
  includeAll: boolean
  limit: number | undefined
  offset: number
  sort: Sort[]
  hasTotal: boolean
  /** What was ignored, in words for Warning headers (PS3.18 8.3.4.4). */
  warnings: string[]
}

const maxValueLength = 1024
const maxListLength = 1000

function malformed(name: string, why: string): AppError {
  return new AppError('malformed-value', 400, `The value of ${name} is malformed: ${why}`)
}

/** Reads a search (PS3.18 8.3.4). Unsupported keys are ignored and named; malformed values of supported ones are errors. */
export function parseQuery(parameters: URLSearchParams, level: Level): SearchQuery {
  const query: SearchQuery = {
    conditions: [],
    includeTags: [],
    includeAll: false,
    limit: undefined,
    offset: 0,
    sort: [],
    hasTotal: false,
    warnings: [],
  }
  const isFuzzy = readFlag(parameters, 'fuzzymatching')
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name)
    if (name === 'limit') query.limit = readCount(name, values)
    else if (name === 'offset') query.offset = readCount(name, values)
    else if (name === 'includefield') readIncludes(query, values)
    else if (name === 'orderby') query.sort = readSort(values, level)
    else if (name === 'count') query.hasTotal = readFlag(parameters, name)
    else if (name !== 'fuzzymatching' && name !== 'accept') readKey(query, name, values, level, isFuzzy)
  }
  return query
}

function readKey(query: SearchQuery, name: string, values: string[], level: Level, isFuzzy: boolean): void {
  const key = findSearchKey(name)
  if (!key || levels[key.level] > levels[level]) {
    query.warnings.push(`The key ${name.slice(0, 80)} is not supported here and was ignored`)
    return
  }
  const given = values.filter((value) => value !== '' && value !== '*')
  // Universal matching: everything matches, and the attribute is to be returned.
  if (given.length === 0) query.includeTags.push(key.path.split('.', 1)[0] ?? key.path)
  for (const value of given) {
    if (value.length > maxValueLength && key.matching !== 'uid')
      throw malformed(name, `it is longer than ${maxValueLength} signs.`)
  }
  if (given.length > 0) query.conditions.push(readCondition(name, key, given, isFuzzy))
}

function readCondition(name: string, key: SearchKey, values: string[], isFuzzy: boolean): Condition {
  if (key.matching === 'uid' || key.matching === 'uid-list')
    return { key, kind: 'one-of', values: readUids(name, values) }
  if (key.matching === 'integer')
    return { key, kind: 'one-of', values: values.map((value) => readInteger(name, value)) }
  if (values.length > 1 && key.matching !== 'text-list') throw malformed(name, 'it is given more than once.')
  const value = values[0] ?? ''
  if (key.matching === 'date') return readRange(name, key, value, datePattern, 'YYYYMMDD or a range of two')
  if (key.matching === 'time') return readRange(name, key, value, timePattern, 'HHMMSS.FFFFFF or a range of two')
  if (key.matching === 'text-list')
    return { key, kind: 'one-of', values: values.flatMap((each) => each.split(/[\\,]/)).filter((each) => each !== '') }
  if (key.matching === 'name' && isFuzzy)
    return {
      key,
      kind: 'words',
      words: foldText(value)
        .split(/[\s^=*?]+/)
        .filter((word) => word !== ''),
    }
  const text = key.matching === 'name' ? foldText(value) : value
  return /[*?]/.test(text) ? readPattern(key, text) : { key, kind: 'one-of', values: [text] }
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

function readRange(name: string, key: SearchKey, value: string, form: RegExp, words: string): Condition {
  const bounds = value.split('-')
  const [from = '', to = from] = bounds
  const isWrong =
    bounds.length > 2 || (from === '' && to === '') || [from, to].some((bound) => bound !== '' && !form.test(bound))
  if (isWrong) throw malformed(name, `${words} is expected.`)
  if (bounds.length === 1) return { key, kind: 'one-of', values: [from] }
  return { key, kind: 'range', ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) }
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

function readCount(name: string, values: string[]): number {
  const [value = ''] = values
  if (values.length !== 1 || !/^\d{1,9}$/.test(value)) throw malformed(name, 'a whole number is expected.')
  return Number(value)
}

function readFlag(parameters: URLSearchParams, name: string): boolean {
  const value = parameters.get(name)
  if (value !== null && value !== 'true' && value !== 'false') throw malformed(name, 'true or false is expected.')
  return value === 'true'
}

function readIncludes(query: SearchQuery, values: string[]): void {
  for (const name of values.flatMap((value) => value.split(','))) {
    if (name === 'all') {
      query.includeAll = true
      continue
    }
    const path = attributePath(name.trim())
    if (path === undefined)
      query.warnings.push(`The attribute ${name.slice(0, 80)} of includefield is not known and was ignored`)
    else query.includeTags.push(path.split('.', 1)[0] ?? path)
  }
}

function readSort(values: string[], level: Level): Sort[] {
  return values
    .flatMap((value) => value.split(','))
    .map((name) => {
      const isDescending = name.startsWith('-')
      const key = findSearchKey(name.replace(/^-/, ''))
      if (!key || levels[key.level] > levels[level] || key.matching.endsWith('-list')) {
        throw malformed('orderby', `${name.slice(0, 80)} cannot be sorted by.`)
      }
      return { key, isDescending }
    })
}
