import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createEffort } from './effort.ts'
import { PassingError } from './faults.ts'

/** Work that a server puts off each time. */
function putOff(patienceMs: number, wait: number): { tries: () => number; ended: Promise<void>; cancel: () => void } {
  const effort = createEffort(patienceMs)
  let tries = 0
  const work = effort.persist(() => {
    tries += 1
    return Promise.reject(new PassingError('busy', { wait }))
  })
  const ended = assert.rejects(work).then(() => {
    if (!effort.failure()) throw new Error('it was ended by the test')
  })
  return { tries: () => tries, ended, cancel: () => effort.gate.cancel() }
}

test('a server that asks to wait for longer than there is patience is not waited for so long', async () => {
  const startedAt = Date.now()
  await putOff(500, 60_000).ended
  const lasted = Date.now() - startedAt
  assert.ok(lasted > 450 && lasted < 3000, `${lasted} ms`)
})

test('a wait beyond what a timer can count is no wait of none', async () => {
  const { tries, ended, cancel } = putOff(60_000, 3e9)
  await delay(300)
  assert.equal(tries(), 1)
  cancel()
  await assert.rejects(ended, /ended by the test/)
})
