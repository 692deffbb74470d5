import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeRow } from './insert-rows.fixture.ts'
import { createKnownSeries } from './known-series.ts'

const rowOf = (series: string, instance = 'one') => makeRow({ study: 'study', series, instance })

test('a series is known by its UIDs, until it is forgotten', () => {
  const known = createKnownSeries()
  assert.equal(known.hasAll([rowOf('a')]), false)
  known.add([rowOf('a'), rowOf('b')])
  assert.equal(known.hasAll([rowOf('a', 'other'), rowOf('b')]), true)
  assert.equal(known.hasAll([rowOf('a'), rowOf('c')]), false, 'one unknown among known ones')
  assert.equal(known.hasAll([makeRow({ study: 'other', series: 'a', instance: 'one' })]), false)
  known.forget([rowOf('a')])
  assert.equal(known.hasAll([rowOf('a')]), false)
  assert.equal(known.hasAll([rowOf('b')]), true)
})

test('a thousand series are known; the ones stored to longest ago go', () => {
  const known = createKnownSeries()
  for (let number = 0; number < 1000; number += 1) known.add([rowOf(`s${number}`)])
  known.add([rowOf('s0')])
  known.add([rowOf('new')])
  assert.equal(known.hasAll([rowOf('s0'), rowOf('new'), rowOf('s2')]), true)
  assert.equal(known.hasAll([rowOf('s1')]), false)
})
