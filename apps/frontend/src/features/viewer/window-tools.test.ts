import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ShownFrame, TiledFrame } from './engine/index.ts'
import type { ViewerState } from './viewer-state.ts'
import { createWindowTools } from './window-tools.ts'

const statisticsOf = (low: number, high: number) => ({ min: low, max: high, lowPercentile: low, highPercentile: high })

/** A frame of one tile, known from its overview only, as far as windows look at it. */
function frame(low: number, high: number): TiledFrame {
  const format = { columns: 8, rows: 8, photometric: 'MONOCHROME2', bitsStored: 16, isSigned: false, kind: 'integer' }
  return {
    kind: 'tiles',
    format,
    attributes: { fileWindows: [], rescale: undefined },
    statistics: statisticsOf(low, high),
    valueFormat: format,
    grid: { across: 1, down: 1 },
    isMeasured: false,
  } as unknown as TiledFrame
}

const measure = (of: TiledFrame, low: number, high: number): void =>
  void Object.assign(of, { statistics: statisticsOf(low, high), isMeasured: true })

function opened() {
  let state = { preset: 'auto', window: { lower: 0, upper: 1 } } as ViewerState
  const update = (change: Partial<ViewerState>): void => void (state = { ...state, ...change })
  const tools = createWindowTools({ state: () => state, update, size: () => ({ width: 8, height: 8 }) })
  return {
    tools,
    window: () => state.window,
    show: (shown: ShownFrame, isAgain = false) => update({ frame: shown, ...tools.begin(shown, isAgain) }),
  }
}

test('the automatic window of a stack is the same, whether tiles were here before or come after', () => {
  for (const [low, high] of [
    [120, 1050],
    [5000, 9000],
  ] as const) {
    const windows = [true, false].map((isCached) => {
      const { tools, show, window } = opened()
      const [first, second] = [frame(100, 1000), frame(low + 10, high - 10)]
      show(first)
      measure(first, 90, 1010)
      tools.refresh()
      assert.deepEqual(window(), { lower: 90, upper: 1010 })
      if (isCached) measure(second, low, high)
      show(second)
      measure(second, low, high)
      tools.refresh()
      return window()
    })
    assert.deepEqual(windows[0], windows[1])
    assert.deepEqual(windows[0], low < 1010 ? { lower: 90, upper: 1010 } : { lower: 5000, upper: 9000 })
  }
})

test('a window chosen meanwhile follows the values when it is automatic, and stays when it is not', () => {
  const { tools, show, window } = opened()
  const [first, second] = [frame(100, 1000), frame(110, 1010)]
  show(first)
  show(second)
  tools.setPreset('auto')
  measure(second, 130, 1030)
  tools.refresh()
  assert.deepEqual(window(), { lower: 130, upper: 1030 })

  const third = frame(140, 1040)
  show(third)
  tools.setWindow({ lower: 1, upper: 2 })
  measure(third, 100, 1100)
  tools.refresh()
  assert.deepEqual(window(), { lower: 1, upper: 2 })
})

test('what is drawn another way keeps its window', () => {
  const { tools, show, window } = opened()
  const [first, second] = [frame(100, 1000), frame(130, 1030)]
  show(first)
  show(second)
  show(second, true)
  measure(second, 130, 1030)
  tools.refresh()
  assert.deepEqual(window(), { lower: 100, upper: 1000 })
})
