import { combineInstants, type Condition, malformed, readCondition } from './read-condition.ts'
import {
  attributePath,
  type Creators,
  findSearchKey,
  isCreator,
  type Level,
  levels,
  readCreators,
  type SearchKey,
} from './search-keys.ts'

export interface Sort {
  key: SearchKey
  isDescending: boolean
}

export interface SearchQuery {
  conditions: Condition[]
  /** Tags asked for beyond the ones always returned; private ones by their creator (see attribute-path). */
  includeTags: string[]
  includeAll: boolean
  limit: number | undefined
  offset: number
  sort: Sort[]
  hasTotal: boolean
  /** What was ignored, in words for Warning headers (PS3.18 8.3.4.4). */
  warnings: string[]
}

/** Reads a search (PS3.18 8.3.4). Unsupported keys are ignored and named; malformed values of supported ones are errors. */
export function parseQuery(
  parameters: URLSearchParams,
  level: Level,
  declared: readonly SearchKey[] = [],
): SearchQuery {
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
  const creators = readCreators(parameters)
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name)
    if (name === 'limit') query.limit = readCount(name, values)
    else if (name === 'offset') query.offset = readCount(name, values)
    else if (name === 'includefield') readIncludes(query, values, creators)
    else if (name === 'orderby') query.sort = readSort(values, level)
    else if (name === 'count') query.hasTotal = readFlag(parameters, name)
    else if (name !== 'fuzzymatching' && name !== 'accept' && !isCreator(name, creators))
      readKey(query, name, findSearchKey(name, declared, creators), values, level, isFuzzy)
  }
  query.conditions = combineInstants(query.conditions)
  return query
}

function readKey(
  query: SearchQuery,
  name: string,
  key: SearchKey | undefined,
  values: string[],
  level: Level,
  isFuzzy: boolean,
): void {
  if (!key || levels[key.level] > levels[level]) {
    query.warnings.push(`The key ${name.slice(0, 80)} is not supported here and was ignored`)
    return
  }
  const given = values.filter((value) => value !== '' && value !== '*')
  // Universal matching: everything matches, and the attribute is to be returned; as is one that is not always.
  if (given.length === 0 || key.declared) query.includeTags.push(firstStep(key.path))
  if (given.length > 0 && key.declared && !key.declared.isReady)
    query.warnings.push(`The attribute ${key.keyword} is not indexed completely yet, some matches may be missing`)
  if (given.length > 0) query.conditions.push(readCondition(name, key, given, isFuzzy))
}

/** Of a path: creators in quotes may hold dots. */
const firstStep = (path: string): string => /^(?:"(?:[^"\\]|\\.)*"|[^".])+/.exec(path)?.[0] ?? path

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

function readIncludes(query: SearchQuery, values: string[], creators: Creators): void {
  for (const name of values.flatMap((value) => value.split(','))) {
    if (name === 'all') {
      query.includeAll = true
      continue
    }
    const path = attributePath(name.trim(), creators)
    if (path === undefined)
      query.warnings.push(`The attribute ${name.slice(0, 80)} of includefield is not known and was ignored`)
    else query.includeTags.push(firstStep(path))
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
