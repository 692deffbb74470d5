import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspectionsSearchSchema, parseSearch, stringifySearch, viewerSearchSchema } from '../../search-params.ts'
import { attributeOf, countFilters, isNarrowed, nextSort, withAttribute, withFilters } from './filters.ts'

test('what the address says comes back the same, numbers and signs included', () => {
  const search = { q: '4711 & "x" ÄÖ=1', from: '20260101', diconde: 'yes', sort: 'component' } as const
  assert.deepEqual(inspectionsSearchSchema.parse(parseSearch(stringifySearch(search))), search)
})

test('values in the address are plain words', () => {
  assert.equal(stringifySearch({ q: '4711', from: '20260101', to: undefined, owner: '' }), '?q=4711&from=20260101')
  assert.equal(stringifySearch({}), '')
})

test('a wrong value in the address is dropped and the others stay', () => {
  const search = inspectionsSearchSchema.parse(parseSearch('?from=2026-01-01&sort=drop&diconde=maybe&order=A1&evil=1'))
  assert.deepEqual(JSON.parse(JSON.stringify(search)), { order: 'A1' })
})

test('the viewer counts frames from 1 and ignores anything else', () => {
  assert.equal(viewerSearchSchema.parse({ frame: '12' }).frame, 12)
  assert.equal(viewerSearchSchema.parse({ frame: '0' }).frame, undefined)
  assert.equal(viewerSearchSchema.parse({ instance: '<script>' }).instance, undefined)
})

test('empty filters and the usual order leave the address', () => {
  assert.deepEqual(withFilters({ q: 'a', order: 'x', sort: 'date' }, { order: '', sort: '-date' }), { q: 'a' })
})

test('order and search box are no filters, yet words narrow the list', () => {
  assert.equal(countFilters({ q: 'a', sort: 'date' }), 0)
  assert.equal(countFilters({ from: '20260101', diconde: 'no' }), 2)
  assert.equal(isNarrowed({ q: 'a' }), true)
  assert.equal(isNarrowed({ sort: 'date' }), false)
})

test('a header sorts its column in the natural way first and then the other way round', () => {
  assert.equal(nextSort({}, 'date'), 'date')
  assert.equal(nextSort({ sort: 'date' }, 'date'), '-date')
  assert.equal(nextSort({}, 'component'), 'component')
  assert.equal(nextSort({ sort: 'component' }, 'component'), '-component')
  assert.equal(nextSort({ sort: 'component' }, 'stored'), '-stored')
})

test('declared attributes are one value of the address, each a filter of its own', () => {
  const search = { attributes: withAttribute({}, 'WeldProcess', 'TIG & MAG=1') }
  const both = withFilters(search, { attributes: withAttribute(search, 'MaterialThickness', '12..13') })
  assert.deepEqual(inspectionsSearchSchema.parse(parseSearch(stringifySearch(both))), both)
  assert.deepEqual(
    ['WeldProcess', 'MaterialThickness', 'Other'].map((name) => attributeOf(both, name)),
    ['TIG & MAG=1', '12..13', ''],
  )
  assert.equal(countFilters({ ...both, order: 'A-1' }), 3)
  const one = withFilters(both, { attributes: withAttribute(both, 'WeldProcess', '') })
  assert.deepEqual(one, { attributes: 'MaterialThickness=12..13' })
  assert.deepEqual(withFilters(one, { attributes: withAttribute(one, 'MaterialThickness', '') }), {})
})
