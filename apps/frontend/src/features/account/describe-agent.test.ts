import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeAgent } from './describe-agent.ts'

test('a browser is named with its system', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'
  assert.equal(describeAgent(chrome), 'Chrome, Linux')
  assert.equal(describeAgent(`${chrome} Edg/141.0`), 'Edge, Linux')
  assert.equal(describeAgent('curl/8.9'), 'curl/8.9')
  assert.equal(describeAgent(''), '–')
})
