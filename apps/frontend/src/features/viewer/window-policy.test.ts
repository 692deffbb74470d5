import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LoadedFrame } from './engine/index.ts'
import { type ChosenWindow, firstWindow, nextWindow } from './window-policy.ts'

interface Values {
  low: number
  high: number
  centre?: number
  bitsStored?: number
}

/** A frame as far as windows look at it. */
function frame({ low, high, centre, bitsStored = 16 }: Values): LoadedFrame {
  const statistics = { min: low, max: high, lowPercentile: low, highPercentile: high }
  const format = { photometric: 'MONOCHROME2', bitsStored, isSigned: false, kind: 'integer' }
  const fileWindows = centre === undefined ? [] : [{ centre, width: 101, explanation: '', isExact: false }]
  return {
    format,
    attributes: { fileWindows, rescale: undefined },
    statistics,
    valueFormat: format,
  } as unknown as LoadedFrame
}
const manual: ChosenWindow = { window: { lower: 5, upper: 6 }, preset: 'manual' }

test('a window set by hand stays, as long as the images are of one kind', () => {
  const before = frame({ low: 0, high: 1000 })
  assert.deepEqual(nextWindow(frame({ low: 50_000, high: 60_000 }), before, manual), manual)
  const other = nextWindow(frame({ low: 0, high: 200, bitsStored: 8 }), before, manual)
  assert.deepEqual(other, { preset: 'auto', window: { lower: 0, upper: 200 } })
})

test("a file's own window follows its image", () => {
  const before = frame({ low: 0, high: 1000, centre: 500 })
  const chosen = firstWindow(before)
  assert.deepEqual(chosen, { preset: 'file-0', window: { lower: 449.5, upper: 549.5 } })
  assert.deepEqual(nextWindow(frame({ low: 0, high: 1000, centre: 700 }), before, chosen).window, {
    lower: 649.5,
    upper: 749.5,
  })
})

test('an automatic window does not flicker through a stack, but goes with values that lie elsewhere', () => {
  const before = frame({ low: 100, high: 1000 })
  const chosen = firstWindow(before)
  assert.deepEqual(nextWindow(frame({ low: 150, high: 1100 }), before, chosen), chosen)
  assert.deepEqual(nextWindow(frame({ low: 3000, high: 5000 }), before, chosen).window, { lower: 3000, upper: 5000 })
})

test('a window that stays is all that is answered, whatever it is taken from', () => {
  const before = frame({ low: 100, high: 1000 })
  for (const { window, preset } of [manual, firstWindow(before)]) {
    const state = { window, preset, frame: before, isLoading: true }
    assert.deepEqual(nextWindow(frame({ low: 150, high: 1100 }), before, state), { window, preset })
  }
})
