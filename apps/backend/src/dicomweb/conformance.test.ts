// docs/conformance.md is held against the program: what is written there is there, and nothing else.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { failureReasons } from '@instandt/dicom'
import { mediaTypesOf, operations } from '../openapi.ts'
import { readCondition } from './qido/read-condition.ts'
import { levels, searchKeys } from './qido/search-keys.ts'

const text = readFileSync(path.resolve(import.meta.dirname, '../../../../docs/conformance.md'), 'utf8')

/** Cells of the rows of the tables under a heading. */
function rowsUnder(heading: string): string[][] {
  const start = text.indexOf(`\n${heading}\n`)
  assert.ok(start >= 0, heading)
  const [section = ''] = text.slice(start + heading.length + 2).split(/\n#{2,3} /)
  return [...section.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) => row.split(' | ').map((cell) => cell.trim()))
}

test('every address is in the table, with what it is sent as', () => {
  const written = rowsUnder('## Addresses')
    .filter(([call]) => call?.startsWith('`'))
    .map(([call = '', , types = '']) => `${call.replaceAll('`', '')}: ${types.replaceAll('`', '')}`)
  const known = Object.entries(operations)
    .filter(([key]) => / \/dicom-web(?!\/projects\/)/.test(key))
    .map(([key, operation]) => {
      const [method = '', address = ''] = key.split(' ')
      return `${method} ${address.replace('/dicom-web', '') || '/'}: ${mediaTypesOf(operation).join(', ')}`
    })
  assert.deepEqual(written.toSorted(), known.toSorted())
})

/** What NDT calls them stands in brackets; '.X' continues the sequence before. */
const keysIn = (cell: string): string[] =>
  cell
    .replace(/ \([^)]*\)/g, '')
    .replace(/(\w+) and -(\w+)/g, (_all, first: string, last: string) => `${first}, ${first.replace(/Date$/, last)}`)
    .replace(/(\w+)\.(\w+) and \.(\w+)/g, '$1.$2, $1.$3')
    .split(', ')

test('every search key stands at its level', () => {
  for (const level of Object.keys(levels)) {
    const [, cell = ''] = rowsUnder('### Keys').find(([name]) => name === level) ?? []
    const names = keysIn(cell)
    const known = searchKeys.filter((key) => key.level === level).map(({ keyword }) => keyword)
    assert.deepEqual(names.toSorted(), known.toSorted(), level)
  }
})

test('lists of values are separated as it is written, and any other text is one value', () => {
  const uids = searchKeys.filter(({ matching }) => matching.startsWith('uid')).map(({ keyword }) => keyword)
  const writtenBy = (separators: string): string[] => {
    const [, cell = ''] = rowsUnder('### Keys').find(([name]) => name === `list by ${separators}`) ?? []
    return keysIn(cell.split(': ')[0] ?? '').flatMap((name) => (name === 'UIDs' ? uids : [name]))
  }
  const splitBy = (separator: string): string[] =>
    searchKeys
      .filter(({ matching }) => !['date', 'time', 'integer'].includes(matching))
      .filter((key) => {
        const condition = readCondition(key.keyword, key, [['1.2', '1.3'].join(separator)], false)
        return condition.kind === 'one-of' && condition.values.length > 1
      })
      .map(({ keyword }) => keyword)
  const byComma = writtenBy('comma or backslash')
  assert.deepEqual(splitBy(',').toSorted(), byComma.toSorted())
  assert.deepEqual(splitBy('\\').toSorted(), [...byComma, ...writtenBy('backslash')].toSorted())
})

test('every failure reason that is given is explained', () => {
  const written = rowsUnder('### Failure Reason (0008,1197)')
    .flatMap(([codes = '']) => codes.split(', '))
    .filter((code) => /^[0-9A-F]{4}$/.test(code))
  const sources = globSync('stow/*.ts', { cwd: import.meta.dirname, exclude: ['**/*.test.ts'] })
  const code = sources.map((file) => readFileSync(path.join(import.meta.dirname, file), 'utf8')).join('')
  const given = new Set([...code.matchAll(/failureReasons\.(\w+)/g)].map(([, name]) => name))
  const known = Object.entries(failureReasons)
    .filter(([name]) => given.has(name))
    .map(([, reason]) => reason.toString(16).toUpperCase().padStart(4, '0'))
  assert.deepEqual(written.toSorted(), known.toSorted())
})
