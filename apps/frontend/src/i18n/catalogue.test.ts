import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { storeReasonKeys } from '@instandt/api'
import { archiveFaults, refusalKeys, skipKeys } from '../features/upload/upload-file.ts'

interface Catalogue {
  [key: string]: string | Catalogue
}

const read = (language: string): Catalogue =>
  JSON.parse(readFileSync(path.join(import.meta.dirname, `${language}.json`), 'utf8')) as Catalogue

function entries(catalogue: Catalogue, prefix = ''): [string, string][] {
  return Object.entries(catalogue).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[prefix + key, value]] : entries(value, `${prefix}${key}.`),
  )
}

const english = entries(read('en'))
const german = entries(read('de'))

test('both languages have the same keys in the same order', () => {
  assert.deepEqual(
    german.map(([key]) => key),
    english.map(([key]) => key),
  )
})

test('a text and its translation fill in the same values', () => {
  const blanks = (text: string) => new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]))
  const other = new Map(german)
  for (const [key, text] of english) assert.deepEqual(blanks(other.get(key) ?? ''), blanks(text), key)
})

test('no text is empty or padded', () => {
  for (const [key, text] of [...english, ...german]) {
    assert.notEqual(text, '', key)
    assert.equal(text, text.trim(), key)
  }
})

test('every reason of an upload has its words', () => {
  const keys = new Set(english.map(([key]) => key))
  const reasons = [
    ...storeReasonKeys.map((reason) => `upload.reason.${reason}`),
    ...skipKeys.map((reason) => `upload.skip.${reason}`),
    ...refusalKeys.map((reason) => `upload.refusal.${reason}`),
    ...archiveFaults.map((reason) => `upload.archive.${reason}`),
  ]
  assert.deepEqual(
    reasons.filter((reason) => !keys.has(reason)),
    [],
  )
})

test('every text of the catalogue is used', () => {
  const root = path.resolve(import.meta.dirname, '..')
  const source = globSync('**/*.{ts,tsx}', { cwd: root })
    .map((file) => readFileSync(path.join(root, file), 'utf8'))
    .join('\n')
  const isUsed = (key: string): boolean => {
    const base = key.replace(/_(one|other)$/, '')
    if (source.includes(`'${base}'`)) return true
    // Keys made at run time: t(`search.sorts.${sort}`).
    return source.includes(`\`${base.slice(0, base.lastIndexOf('.') + 1)}\${`)
  }
  assert.deepEqual(
    english.map(([key]) => key).filter((key) => !isUsed(key)),
    [],
  )
})
