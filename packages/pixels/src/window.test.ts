import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PixelFormat } from './pixel-format.ts'
import {
  autoWindow,
  centreAndWidth,
  dragWindow,
  firstPreset,
  fromCentreAndWidth,
  fullWindow,
  minMaxWindow,
  presetWindow,
  toStoredRange,
  windowOfFile,
} from './window.ts'
import { greyFormat } from './grey-format.fixture.ts'

const statistics = { min: 100, max: 4000, lowPercentile: 200, highPercentile: 3000 }
const fileWindow = (centre: number, width: number, isExact = false) => ({ centre, width, explanation: '', isExact })
const format = (change: Partial<PixelFormat>): PixelFormat => greyFormat(1, 1, change)

test('LINEAR: centre 2048, width 4096 is 0 to 4095; the examples of PS3.3 C.11.2.1.2.1', () => {
  assert.deepEqual(windowOfFile(fileWindow(2048, 4096)), { lower: 0, upper: 4095 })
  assert.deepEqual(windowOfFile(fileWindow(2048, 1)), { lower: 2047.5, upper: 2047.5 })
  assert.deepEqual(windowOfFile(fileWindow(0, 100)), { lower: -50, upper: 49 })
  assert.deepEqual(windowOfFile(fileWindow(0, 100, true)), { lower: -50, upper: 50 })
})

test('centre and width are the inverse, for both functions', () => {
  for (const isExact of [false, true]) {
    const window = fromCentreAndWidth(1200, 640, isExact)
    assert.deepEqual(centreAndWidth(window, isExact), { centre: 1200, width: 640 })
  }
})

test('full range is what Bits Stored can say, after the rescale', () => {
  assert.deepEqual(fullWindow(format({ bitsStored: 12 }), statistics, undefined), { lower: 0, upper: 4095 })
  assert.deepEqual(fullWindow(format({ bitsStored: 12, isSigned: true }), statistics, undefined), {
    lower: -2048,
    upper: 2047,
  })
  const rescale = { slope: 2, intercept: -1000, type: '' }
  assert.deepEqual(fullWindow(format({ bitsStored: 8 }), statistics, rescale), { lower: -1000, upper: -490 })
  assert.deepEqual(fullWindow(format({ kind: 'float', bitsStored: 32 }), statistics, undefined), {
    lower: 100,
    upper: 4000,
  })
})

test('a falling rescale keeps black below white and comes back to the same stored values', () => {
  const rescale = { slope: -1, intercept: 4095, type: '' }
  assert.deepEqual(minMaxWindow(statistics, rescale), { lower: 95, upper: 3995 })
  assert.deepEqual(toStoredRange({ lower: 95, upper: 3995 }, rescale), { lower: 4000, upper: 100 })
})

test('automatic leaves out the ends, unless nearly everything is alike', () => {
  assert.deepEqual(autoWindow(statistics, undefined), { lower: 200, upper: 3000 })
  assert.deepEqual(autoWindow({ ...statistics, lowPercentile: 150, highPercentile: 150 }, undefined), {
    lower: 100,
    upper: 4000,
  })
})

test('the first useful window of the file comes first; one beside all values is passed over', () => {
  assert.equal(firstPreset([fileWindow(2000, 1000), fileWindow(300, 100)], statistics, undefined), 'file-0')
  assert.equal(firstPreset([fileWindow(50_000, 1000), fileWindow(300, 100)], statistics, undefined), 'file-1')
  assert.equal(firstPreset([fileWindow(50_000, 1000)], statistics, undefined), 'auto')
  assert.equal(firstPreset([], statistics, undefined), 'auto')
})

test('automatic is automatic, also in a file that has windows of its own', () => {
  const automatic = presetWindow('auto', format({}), statistics, [fileWindow(2000, 1000)], undefined)
  assert.deepEqual(automatic, autoWindow(statistics, undefined))
})

test('the windows of a file are in units after the rescale', () => {
  const rescale = { slope: 1, intercept: -1024, type: 'HU' }
  // Stored 100 to 4000 is -924 to 2976.
  assert.equal(firstPreset([fileWindow(-900, 100)], statistics, rescale), 'file-0')
  assert.equal(firstPreset([fileWindow(3900, 100)], statistics, rescale), 'auto')
  assert.deepEqual(presetWindow('file-0', format({}), statistics, [fileWindow(0, 100)], rescale), {
    lower: -50,
    upper: 49,
  })
})

test('dragging right widens, left narrows but never to nothing; up and down move', () => {
  const window = { lower: 1000, upper: 2000 }
  const wider = dragWindow(window, 50, 0, 4000)
  assert.ok(wider.upper - wider.lower > 1000 && wider.upper + wider.lower === 3000)
  const narrow = dragWindow(window, -100_000, 0, 4000)
  assert.ok(narrow.upper > narrow.lower)
  const moved = dragWindow(window, 0, 10, 4000)
  assert.ok(moved.lower > 1000 && Math.abs(moved.upper - moved.lower - 1000) < 1e-6)
})
