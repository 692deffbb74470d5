import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createStack,
  farFrom,
  frameAt,
  frameCountOf,
  isLargeIn,
  isTiledIn,
  lengthOf,
  neighboursOf,
  placeOf,
} from './stack.ts'

const stack = createStack('s', 'v', [
  { instance: 'a', frameCount: 1, isTiled: false, isLarge: false },
  { instance: 'b', frameCount: 3, isTiled: true, isLarge: true },
  { instance: 'c', frameCount: 0, isTiled: false, isLarge: false },
  { instance: 'd', frameCount: 2, isTiled: false, isLarge: false },
])

test('frames stand one after another; an object without any has a place too', () => {
  assert.equal(lengthOf(stack), 7)
  const row = Array.from({ length: 7 }, (_, place) => {
    const at = frameAt(stack, place)
    return `${at?.instance}${at?.frame}`
  })
  assert.deepEqual(row, ['a1', 'b1', 'b2', 'b3', 'c1', 'd1', 'd2'])
  assert.equal(frameAt(stack, 7), undefined)
  assert.equal(frameAt(stack, -1), undefined)
})

test('the place of a frame is found again; a frame beyond the last is the last', () => {
  assert.equal(placeOf(stack, 'b', 2), 2)
  assert.equal(placeOf(stack, 'b', 99), 3)
  assert.equal(placeOf(stack, 'x', 1), undefined)
  assert.equal(frameCountOf(stack, 'c'), 0)
})

test('more is loaded in the direction of travel, nearest first', () => {
  const names = neighboursOf(stack, 3, -1, 3, 1).map(({ instance, frame }) => instance + frame)
  assert.deepEqual(names, ['b2', 'c1', 'b1', 'a1'])
})

test('an empty stack has nothing anywhere', () => {
  const empty = createStack('s', 'v', [])
  assert.equal(lengthOf(empty), 0)
  assert.equal(frameAt(empty, 0), undefined)
})

test('further images are loaded interleaved: wide strides first, each place once, within a reach', () => {
  const items = Array.from({ length: 1000 }, (_, at) => ({
    instance: String(at),
    frameCount: 1,
    isTiled: false,
    isLarge: false,
  }))
  const places = farFrom(createStack('s', 'v', items), 500, 1).map(({ instance }) => Number(instance))
  assert.deepEqual(places.slice(0, 4), [516, 484, 532, 468])
  // A twelfth of the way every sixteenth place is there.
  assert.ok(places.slice(0, 24).every((place) => (place - 500) % 16 === 0))
  assert.equal(new Set(places).size, places.length)
  assert.deepEqual([Math.min(...places), Math.max(...places), places.length], [308, 692, 384])
  assert.equal(farFrom(createStack('s', 'v', items), 0, 1).length, 192)
})

test('an instance that the list does not have yet may have tiles, and may be large: the server is asked', () => {
  assert.deepEqual(
    ['a', 'b', 'x'].map((instance) => isTiledIn(stack, instance)),
    [false, true, true],
  )
  assert.deepEqual(
    ['a', 'b', 'x'].map((instance) => isLargeIn(stack, instance)),
    [false, true, true],
  )
})
