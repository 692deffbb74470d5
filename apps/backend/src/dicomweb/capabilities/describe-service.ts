import { mediaTypesOf, type Operation, operations } from '../../openapi.ts'
import { type Level, levels, type SearchKey, searchKeys } from '../qido/search-keys.ts'

/** One transaction of an address. */
export interface Method {
  name: string
  summary: string
  /** Names that the query may hold. */
  query: string[]
  /** Media types of a body. */
  takes: string[]
  /** Media types of the answer. */
  gives: string[]
}

/** An address below the base, with its parameters in braces, and what can be done there. */
export interface Resource {
  path: string
  methods: Method[]
}

const base = '/dicom-web'
const levelsByEnd: Readonly<Record<string, Level>> = { studies: 'study', series: 'series', instances: 'instance' }
const searchParameters = ['limit', 'offset', 'includefield', 'fuzzymatching', 'orderby', 'count']

/** What the service can do (PS3.18 8.9), from the table that the routes are held against. */
export function describeService(declared: readonly SearchKey[]): Resource[] {
  const resources = new Map<string, Resource>()
  for (const [key, operation] of Object.entries(operations)) {
    const [name = '', address = ''] = key.split(' ')
    if (address !== base && !address.startsWith(`${base}/`)) continue
    if (address.startsWith(`${base}/projects/`)) continue
    const path = address.slice(base.length)
    const resource = resources.get(path) ?? { path, methods: [] }
    resource.methods.push(describeMethod(name, path, operation, declared))
    resources.set(path, resource)
  }
  return [...resources.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function describeMethod(name: string, path: string, operation: Operation, declared: readonly SearchKey[]): Method {
  const level = name === 'GET' ? levelsByEnd[path.slice(path.lastIndexOf('/') + 1)] : undefined
  const keys = [...searchKeys, ...declared].filter((key) => level !== undefined && levels[key.level] <= levels[level])
  return {
    name,
    summary: operation.summary,
    query: level === undefined ? (name === 'GET' ? ['accept'] : []) : [...searchParameters, ...keys.map(keyName)],
    takes: [...(operation.bodyTypes ?? [])],
    gives: mediaTypesOf(operation),
  }
}

const keyName = ({ keyword }: SearchKey): string => keyword
