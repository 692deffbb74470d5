import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numbersFrom } from './chunked.fixture.ts'
import {
  alignFrame,
  FRAME_ENTRY_BYTES,
  readFrameEntry,
  stripItemHeaders,
  swapFrame,
  writeFrameEntry,
} from './frame-index.ts'

const random = numbersFrom(5)
const bytes = Buffer.from(Array.from({ length: 4001 }, () => random(256)))

async function* inPieces(source: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.length; at += size) yield source.subarray(at, at + size)
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}

test('a table entry keeps offsets beyond 4 GiB', () => {
  const table = new DataView(new ArrayBuffer(2 * FRAME_ENTRY_BYTES))
  const entry = { offset: 2 ** 40 + 3, span: 2 ** 33 + 1, fragments: 4_000_000_000 }
  writeFrameEntry(table, 1, entry)
  assert.deepEqual(readFrameEntry(new Uint8Array(table.buffer, FRAME_ENTRY_BYTES)), entry)
  assert.throws(() => readFrameEntry(new Uint8Array(FRAME_ENTRY_BYTES - 1)), RangeError)
})

for (const width of [2, 4, 8]) {
  test(`words of ${width} bytes are reversed wherever chunks end, and the source is left alone`, async () => {
    const source = bytes.subarray(0, 960)
    const expected = Buffer.from(source)
    if (width === 2) expected.swap16()
    else if (width === 4) expected.swap32()
    else expected.swap64()
    const before = Buffer.from(source)
    for (const size of [1, 3, 7, 64, 2000])
      assert.deepEqual(await collect(swapFrame(inPieces(source, size), width)), expected)
    assert.deepEqual(source, before)
  })
}

test('bytes after the last whole word stay where they are', async () => {
  assert.deepEqual(await collect(swapFrame(inPieces(Buffer.from([1, 2, 3]), 2), 2)), Buffer.from([2, 1, 3]))
  await assert.rejects(collect(swapFrame(inPieces(bytes, 10), 3)), RangeError)
})

test('a frame that begins and ends inside bytes is aligned wherever chunks end, and the source is left alone', async () => {
  const before = Buffer.from(bytes)
  for (const bitOffset of [0, 1, 5, 7, 8, 21]) {
    for (const bitLength of [1, 7, 8, 9, 15, 16, 874, 30_000]) {
      const source = bytes.subarray(0, Math.ceil((bitOffset + bitLength) / 8))
      const expected = Buffer.alloc(Math.ceil(bitLength / 8))
      for (let bit = 0; bit < bitLength; bit += 1) {
        const from = bit + bitOffset
        const value = ((source[from >> 3] ?? 0) >> (from & 7)) & 1
        expected[bit >> 3] = (expected[bit >> 3] ?? 0) | (value << (bit & 7))
      }
      for (const size of [1, 2, 5, 5000]) {
        assert.deepEqual(
          await collect(alignFrame(inPieces(source, size), bitOffset, bitLength)),
          expected,
          `${bitOffset} ${bitLength} ${size}`,
        )
      }
    }
  }
  assert.deepEqual(bytes, before)
})

test('item headers are dropped wherever chunks end', async () => {
  const item = (value: Uint8Array): Buffer => {
    const header = Buffer.from('feff00e000000000', 'hex')
    header.writeUInt32LE(value.length, 4)
    return Buffer.concat([header, value])
  }
  const fragments = [bytes.subarray(0, 10), bytes.subarray(10, 10), bytes.subarray(10, 700)]
  const source = Buffer.concat(fragments.map(item))
  for (const size of [1, 4, 9, 1000])
    assert.deepEqual(await collect(stripItemHeaders(inPieces(source, size))), bytes.subarray(0, 700))
})
