import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPace } from './pace.ts'

const most = { bytes: 16_000_000, files: 50, lanes: 4 }

/** Sends full requests over a line that carries so much a second in each lane. */
function run(bytesPerSecond: number, requests = 12) {
  const pace = createPace(most)
  let longest = 0
  for (let number = 0; number < requests; number += 1) {
    const { bytes } = pace.limits()
    const lasted = (bytes / bytesPerSecond) * 1000
    longest = Math.max(longest, lasted)
    pace.succeeded(bytes, lasted)
  }
  return { pace, longest }
}

test('a fast line gets full requests in all lanes', () => {
  const { pace } = run(50_000_000)
  assert.deepEqual(pace.limits(), { bytes: 16_000_000, files: 50 })
  assert.equal(pace.lanes(), 4)
})

test('a slow line gets requests that are through long before a proxy cuts them', () => {
  const { pace, longest } = run(60_000)
  assert.ok(longest < 20_000, `${longest} ms`)
  assert.ok(pace.limits().bytes <= 60_000 * 12)
})

test('a line on which even small requests crawl gets one lane', () => {
  assert.equal(run(5_000).pace.lanes(), 1)
})

test('a fault halves requests and lanes, and quick ones bring them back', () => {
  const { pace } = run(50_000_000)
  pace.failed()
  assert.deepEqual([pace.limits().bytes, pace.lanes()], [8_000_000, 2])
  for (let number = 0; number < 3; number += 1) pace.succeeded(8_000_000, 200)
  assert.deepEqual([pace.limits().bytes, pace.lanes()], [16_000_000, 4])
})
