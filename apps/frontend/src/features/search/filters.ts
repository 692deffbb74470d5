import type { InspectionsSearch } from '../../search-params.ts'

const filterNames = ['from', 'to', 'modality', 'component', 'order', 'owner', 'project', 'diconde'] as const

/** Filters set beside the search box and the order of rows. */
export function countFilters(search: InspectionsSearch): number {
  const attributes = [...new URLSearchParams(search.attributes)].length
  return filterNames.filter((name) => search[name] !== undefined).length + attributes
}

/** What is asked of a declared attribute. */
export const attributeOf = (search: InspectionsSearch, name: string): string =>
  new URLSearchParams(search.attributes).get(name) ?? ''

/** The attributes of the address with another value for one of them; without it when the value is empty. */
export function withAttribute(search: InspectionsSearch, name: string, value: string): string {
  const attributes = new URLSearchParams(search.attributes)
  if (value === '') attributes.delete(name)
  else attributes.set(name, value)
  return attributes.toString()
}

export function isNarrowed(search: InspectionsSearch): boolean {
  return countFilters(search) > 0 || search.q !== undefined
}

/** Empty values leave the address; everything else stays. */
export function withFilters(search: InspectionsSearch, change: Partial<InspectionsSearch>): InspectionsSearch {
  const next = { ...search, ...change }
  for (const name of Object.keys(next) as (keyof InspectionsSearch)[]) {
    if (next[name] === undefined || next[name] === '') delete next[name]
  }
  // The order that applies anyway.
  if (next.sort === '-date') delete next.sort
  return next
}

type SortField = 'date' | 'stored' | 'component' | 'order'

export const sortedBy = (search: InspectionsSearch): { field: SortField; isDescending: boolean } => {
  const sort = search.sort ?? '-date'
  return { field: sort.replace('-', '') as SortField, isDescending: sort.startsWith('-') }
}

/** What a click on a column's header asks for: the other way round, or that column in its natural way. */
export function nextSort(search: InspectionsSearch, field: SortField): NonNullable<InspectionsSearch['sort']> {
  const now = sortedBy(search)
  if (now.field === field) return now.isDescending ? field : `-${field}`
  // Newest first, but names from A.
  return field === 'date' || field === 'stored' ? `-${field}` : field
}
