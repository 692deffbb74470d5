import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAnswerMemory } from './answer-memory.ts'

const size = 512 * 1024

test('memory is used again only after everything taken before has left', () => {
  const memory = createAnswerMemory()
  const reader = memory.forReader()
  const first = reader.next(size)
  memory.taken(size)
  const second = reader.next(size)
  assert.notEqual(second.buffer, first.buffer)
  memory.taken(size)
  const third = reader.next(size)
  assert.notEqual(third.buffer, first.buffer)
  memory.left(size - 1)
  const fourth = createAnswerMemory().forReader().next(size)
  assert.notEqual(fourth.buffer, first.buffer)
  memory.left(1)
  assert.equal(createAnswerMemory().forReader().next(size).buffer, first.buffer)
})

test('a reader that reads ahead keeps its memory while another one is being sent', () => {
  const memory = createAnswerMemory()
  const current = memory.forReader()
  const ahead = memory.forReader()
  const sent = current.next(size)
  const waiting = ahead.next(size)
  memory.taken(size)
  current.end()
  memory.left(size)
  const reused = createAnswerMemory().forReader().next(size)
  assert.equal(reused.buffer, sent.buffer)
  assert.notEqual(reused.buffer, waiting.buffer)
})

test('memory whose bytes never left is not given to anybody', () => {
  const memory = createAnswerMemory()
  const reader = memory.forReader()
  const lost = reader.next(size)
  memory.taken(size)
  reader.end()
  for (let count = 0; count < 40; count += 1)
    assert.notEqual(createAnswerMemory().forReader().next(size).buffer, lost.buffer)
})

test('a chunk has exactly the size asked for', () => {
  const reader = createAnswerMemory().forReader()
  for (const byteLength of [1, 1000, 64 * 1024, 100_000, size, size + 1])
    assert.equal(reader.next(byteLength).length, byteLength)
})
