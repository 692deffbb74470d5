import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryDelay } from './retry-delay.ts'

test('each wait is longer than the one before, spread, and two hours and a quarter at most', () => {
  const waits = Array.from({ length: 12 }, (_, index) => retryDelay(index + 1, undefined, () => 0.5))
  assert.deepEqual(waits.slice(0, 4), [5, 20, 80, 320])
  assert.equal(waits.at(-1), 7200)
  assert.equal(
    retryDelay(1, undefined, () => 0),
    3.75,
  )
  assert.ok(retryDelay(400, undefined, () => 0.999) < 9000)
})

test('what the receiver asks for is kept, up to the longest wait', () => {
  assert.equal(
    retryDelay(1, 60, () => 0.5),
    60,
  )
  assert.equal(
    retryDelay(1, 10 ** 9, () => 0.5),
    7200,
  )
  assert.equal(
    retryDelay(4, 1, () => 0.5),
    320,
  )
})
