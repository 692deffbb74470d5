import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FramePlace } from './retrieve-frames.ts'
import { joinNeighbours } from './retrieve-frames.ts'

const place = (frame: number, offset: number, span: number): FramePlace => ({
  frame,
  offset,
  span,
  byteLength: span,
  change: 'none',
  bitOffset: 0,
  bitLength: 0,
})
const framesOf = (places: FramePlace[]): number[][] =>
  joinNeighbours(places).map((run) => run.map(({ frame }) => frame))

test('frames that follow each other in the file are one read, with the item headers between them', () => {
  assert.deepEqual(framesOf([place(1, 100, 50), place(2, 150, 50), place(3, 208, 50)]), [[1, 2, 3]])
})

test('frames far apart, backwards, twice or sharing a byte are reads of their own', () => {
  assert.deepEqual(framesOf([place(1, 100, 50), place(9, 10_000_000, 50)]), [[1], [9]])
  assert.deepEqual(framesOf([place(2, 150, 50), place(1, 100, 50)]), [[2], [1]])
  assert.deepEqual(framesOf([place(1, 100, 50), place(1, 100, 50)]), [[1], [1]])
  assert.deepEqual(framesOf([place(1, 100, 51), place(2, 150, 51)]), [[1], [2]])
})
