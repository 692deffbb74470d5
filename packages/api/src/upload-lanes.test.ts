import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLanes, type UploadLanes } from './upload-lanes.ts'

const mebi = 1024 * 1024
const partSize = 8 * mebi

function lanesAt(most = 4): { lanes: UploadLanes; pass: (milliseconds: number) => number } {
  let time = 1_000_000
  return {
    lanes: createLanes(
      partSize,
      most,
      () => time,
      () => 0.5,
    ),
    pass: (milliseconds) => (time += milliseconds) - milliseconds,
  }
}

test('a fast line gets all lanes once it was measured', () => {
  const { lanes, pass } = lanesAt()
  assert.equal(lanes.limit(), 1)
  lanes.succeeded({ startedAt: pass(200), byteLength: partSize })
  assert.equal(lanes.limit(), 4)
})

test('a line of 5 Mbit/s keeps one lane: a part must be through before a proxy cuts it', () => {
  const { lanes, pass } = lanesAt()
  for (let part = 0; part < 5; part += 1) {
    lanes.succeeded({ startedAt: pass((partSize * 8) / 5_000), byteLength: partSize })
    assert.equal(lanes.limit(), 1)
  }
})

test('a line that slows down gives lanes back', () => {
  const { lanes, pass } = lanesAt()
  lanes.succeeded({ startedAt: pass(200), byteLength: partSize })
  lanes.succeeded({ startedAt: pass(40_000), byteLength: partSize })
  assert.equal(lanes.limit(), 1)
})

test('after parts were cut for their slowness fewer are sent at once, until it went well for a while', () => {
  const { lanes, pass } = lanesAt()
  const sendOne = (): number => {
    lanes.succeeded({ startedAt: pass(2_000), byteLength: partSize })
    return lanes.limit()
  }
  assert.equal(sendOne(), 4)
  lanes.failed({ startedAt: pass(6_000) })
  assert.equal(sendOne(), 1)
  const limits = Array.from({ length: 12 }, sendOne)
  assert.deepEqual([limits[0], limits.at(-1)], [1, 4])
})

test('parts that fall with one connection are one fault, later ones double the pause up to a bound', () => {
  const { lanes, pass } = lanesAt()
  lanes.succeeded({ startedAt: pass(200), byteLength: partSize })
  const began = pass(1_000)
  for (let part = 0; part < 4; part += 1) lanes.failed({ startedAt: began })
  assert.equal(lanes.faults, 1)
  assert.equal(lanes.limit(), 2)
  assert.equal(lanes.pausedUntil - pass(0), 500)
  let longest = 0
  for (let fault = 0; fault < 12; fault += 1) {
    pass(1)
    lanes.failed({ startedAt: pass(1) + 1 })
    longest = Math.max(longest, lanes.pausedUntil - pass(0))
  }
  assert.equal(longest, 30_000)
  assert.equal(lanes.limit(), 1)
  lanes.succeeded({ startedAt: pass(200), byteLength: partSize })
  assert.equal(lanes.faults, 0)
  assert.equal(lanes.pausedUntil, 0)
})

test('the server’s own wish to wait is kept', () => {
  const { lanes, pass } = lanesAt()
  lanes.failed({ startedAt: pass(10) }, 5_000)
  assert.equal(lanes.pausedUntil - pass(0), 5_000)
})

test('patience follows the rate between half a minute and the server’s own bound', () => {
  const { lanes, pass } = lanesAt()
  assert.equal(lanes.patience(), 190_000)
  lanes.succeeded({ startedAt: pass(100), byteLength: partSize })
  assert.equal(lanes.patience(), 30_000)
  pass(60_000)
  lanes.succeeded({ startedAt: pass(25_000), byteLength: partSize })
  assert.equal(lanes.patience(), 150_000)
})
