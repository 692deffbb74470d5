import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, formatDate, formatDuration, formatTime, toDicomDate, toFieldDate } from './format.ts'

test('dates and times that are none are said to be none', () => {
  assert.equal(formatDate('20260318', 'en'), '18 Mar 2026')
  assert.equal(formatDate('2026', 'en'), undefined)
  assert.equal(formatDate(null, 'en'), undefined)
  assert.equal(formatTime('142530.5'), '14:25')
  assert.equal(formatTime(''), undefined)
})

test('sizes have three digits at most and never reach a thousand of a unit', () => {
  assert.deepEqual(
    [0, 999, 1000, 1_536_000, 99_960_000, 999_600_000, 10_737_418_240].map((bytes) => formatBytes(bytes, 'en')),
    ['0 B', '999 B', '1.0 kB', '1.5 MB', '100 MB', '1.0 GB', '10.7 GB'],
  )
  assert.equal(formatBytes(1_536_000, 'de'), '1,5 MB')
})

test('durations have two units at most', () => {
  assert.deepEqual([0.4, 59, 75, 4000, 90_000].map(formatDuration), [
    '0 s',
    '59 s',
    '1 min 15 s',
    '1 h 6 min',
    '25 h 0 min',
  ])
})

test('dates change their form between field and attribute without loss', () => {
  assert.equal(toDicomDate('2026-03-18'), '20260318')
  assert.equal(toDicomDate(''), undefined)
  assert.equal(toFieldDate('20260318'), '2026-03-18')
})
