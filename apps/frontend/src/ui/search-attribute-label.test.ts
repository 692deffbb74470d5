import assert from 'node:assert/strict'
import { test } from 'node:test'
import { searchAttributeLabel, searchAttributeWay } from './search-attribute-label.ts'

test('a declared attribute is called what NDT calls it, with the tags that lead to it', () => {
  const of = (path: string): string[] => [searchAttributeLabel({ path, name: 'Own' }), searchAttributeWay({ path })]
  assert.deepEqual(of('00140030'), ['Material Thickness', '(0014,0030)'])
  assert.deepEqual(of('00104000'), ['Component Notes', '(0010,4000)'])
  assert.deepEqual(of('00142002.00142006'), ['Evaluator Sequence › Evaluator Name', '(0014,2002) › (0014,2006)'])
  assert.deepEqual(of('0009"A \\"1.0\\""0A'), ['Own', 'A "1.0" (0009,xx0A)'])
  assert.deepEqual(of('0009"A. B"02.00140030'), ['Own', 'A. B (0009,xx02) › (0014,0030)'])
})
