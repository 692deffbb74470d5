import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstLanguage } from './first-language.ts'

function browser(tags: string[], localStorage: () => Pick<Storage, 'getItem'>): void {
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { languages: tags } })
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, get: localStorage })
}

test('the language chosen before goes first, then those of the browser, then English', () => {
  browser(['fr-FR', 'de-AT'], () => ({ getItem: () => 'en' }))
  assert.equal(firstLanguage(), 'en')
  browser(['fr-FR', 'de-AT'], () => ({ getItem: () => 'fr' }))
  assert.equal(firstLanguage(), 'de')
  browser(['fr-FR'], () => ({ getItem: () => null }))
  assert.equal(firstLanguage(), 'en')
})

test('a browser that refuses its store has a language all the same', () => {
  browser(['de-DE'], () => {
    throw new DOMException('refused', 'SecurityError')
  })
  assert.equal(firstLanguage(), 'de')
})
