import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReducer } from './reduce.ts'

test('strips of any height give the same means as the whole, edges and colours included', () => {
  const [columns, rows, components] = [7, 11, 3]
  const samples = Int16Array.from({ length: columns * rows * components }, (_, index) => ((index * 7919) % 4001) - 2000)
  for (const edge of [1, 2, 4, 16]) {
    const reduced = (strip: number): Int16Array => {
      const reducer = createReducer({ columns, rows, components }, edge, (length) => new Int16Array(length))
      for (let row = 0; row < rows; row += strip)
        reducer.push(samples.subarray(row * columns * components, (row + strip) * columns * components))
      const { pixels, ...size } = reducer.finish()
      assert.deepEqual(size, { columns: Math.ceil(columns / edge), rows: Math.ceil(rows / edge) })
      return pixels
    }
    const whole = reduced(rows)
    if (edge === 1) assert.deepEqual(whole, samples)
    for (const strip of [1, 2, 3, 5]) assert.deepEqual(reduced(strip), whole, `${edge}, strips of ${strip}`)
    // The square in the far corner, by hand.
    const corner: number[] = []
    for (let y = Math.floor((rows - 1) / edge) * edge; y < rows; y += 1)
      for (let x = Math.floor((columns - 1) / edge) * edge; x < columns; x += 1)
        corner.push(samples[(y * columns + x) * components + 2]!)
    assert.equal(whole.at(-1), Math.round(corner.reduce((sum, value) => sum + value, 0) / corner.length))
  }
})
