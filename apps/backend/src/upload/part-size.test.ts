import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partSizeFor } from './part-size.ts'

const mebi = 1024 ** 2
const gibi = 1024 ** 3
const smallest = 8 * mebi

test('parts of ordinary files are small, so that slow lines get them through', () => {
  for (const size of [1, 500_000, 512 * mebi, 17 * gibi, 78 * gibi]) assert.equal(partSizeFor(size, smallest), smallest)
})

test('larger files get larger parts, 32 MiB as long as the store takes so many', () => {
  assert.equal(partSizeFor(100 * gibi, smallest), 16 * mebi)
  assert.equal(partSizeFor(256 * gibi, smallest), 32 * mebi)
  assert.equal(partSizeFor(1500 * gibi, smallest), 32 * mebi)
})

test('never more than 50,000 parts', () => {
  for (let size = 1; size < 2 ** 46; size *= 3) {
    for (const least of [64 * 1024, smallest, 32 * mebi])
      assert.ok(Math.ceil(size / partSizeFor(size, least)) <= 50_000, `${size} of ${least}`)
  }
})
