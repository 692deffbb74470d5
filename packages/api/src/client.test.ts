import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secondsToWait } from './client.ts'

test('Retry-After is heeded for five minutes at most, as a number and as a date', () => {
  const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toUTCString()
  assert.equal(secondsToWait('120'), 120)
  for (const long of ['86400', '3000000', inSeconds(1e7)]) assert.equal(secondsToWait(long), 300, long)
  const minute = secondsToWait(inSeconds(60)) ?? 0
  assert.ok(minute > 58 && minute <= 60, `${minute}`)
  assert.equal(secondsToWait(inSeconds(-60)), 0)
  for (const none of [undefined, null, '', 'soon']) assert.equal(secondsToWait(none), undefined)
})
