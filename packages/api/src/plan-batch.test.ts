import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planBatch } from './plan-batch.ts'

const file = (size: number, sopInstanceUid?: string) => ({ size, sopInstanceUid })
const many = (count: number, size: number) => Array.from({ length: count }, (_, index) => file(size, `1.${index}`))

test('small files share a request up to the number allowed', () => {
  assert.equal(planBatch(many(70, 1000)), 50)
})

test('a request holds no more bytes than allowed', () => {
  assert.equal(planBatch(many(10, 5_000_000)), 3)
})

test('a file larger than a request goes alone', () => {
  assert.equal(planBatch([file(900_000_000, '1.1'), file(10, '1.2')]), 1)
})

test('a file without a known UID goes alone, wherever it stands', () => {
  assert.equal(planBatch([file(10), file(10, '1.2')]), 1)
  assert.equal(planBatch([file(10, '1.1'), file(10), file(10, '1.3')]), 1)
})

test('two files of one UID never share a request', () => {
  assert.equal(planBatch([file(10, '1.1'), file(10, '1.2'), file(10, '1.1')]), 2)
})

test('a file that was not told apart before goes alone', () => {
  assert.equal(planBatch([{ ...file(10, '1.1'), isAlone: true }, file(10, '1.2')]), 1)
})
