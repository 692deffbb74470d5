import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProgress } from './progress.ts'
import { formatBytes, formatSeconds } from './report.ts'

test('a terminal has one line that is written over, with number, bytes, rate, time left and faults', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const written: string[] = []
  const waits: string[] = []
  const progress = startProgress({
    say: () => assert.fail('not on a terminal'),
    wait: () => waits[0],
    terminal: { columns: 200, write: (text) => written.push(text) },
  })
  progress.begin('bringing in', 1000, 10_000_000)
  progress.add(100, 1_000_000)
  t.mock.timers.tick(500)
  await new Promise((resolve) => setTimeout(resolve, 50))
  progress.add(400, 4_000_000)
  progress.fault()
  t.mock.timers.tick(500)
  assert.equal(written.length, 2)
  assert.match(
    written[1] ?? '',
    /^\r.*bringing in: 500 of 1,000 · 5\.0 MB of 10\.0 MB · [\d.]+ MB\/s · 0\.\d s left · 1 refused or failed$/,
  )
  waits.push('https://ndt.example.com does not answer')
  t.mock.timers.tick(500)
  assert.match(written[2] ?? '', / · waiting: https:\/\/ndt\.example\.com does not answer$/)
  progress.stop()
  t.mock.timers.tick(5000)
  assert.equal(written.length, 4, 'the line is cleared, and no other one comes')
})

test('without a terminal a line comes now and then; what has no length is counted by number', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const said: string[] = []
  const progress = startProgress({ say: (line) => said.push(line), wait: () => undefined })
  progress.begin('listing')
  progress.add(12_345)
  t.mock.timers.tick(29_000)
  assert.deepEqual(said, [])
  t.mock.timers.tick(1000)
  assert.deepEqual(said, ['listing: 12,345'])
  progress.stop()
})

test('bytes and seconds are told as people say them', () => {
  const bytes = [0, 999, 1000, 34_500_000, 2_100_000_000_000, 3e15].map(formatBytes)
  assert.deepEqual(bytes, ['0 B', '999 B', '1.0 kB', '34.5 MB', '2.1 TB', '3000.0 TB'])
  const seconds = [0.31, 45, 300, 3600 * 3 + 61].map(formatSeconds)
  assert.deepEqual(seconds, ['0.3 s', '45 s', '5 min', '3 h 1 min'])
})
