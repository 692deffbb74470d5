import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutRange, isStillSame, readRange } from './byte-range.ts'

const cases: [header: string | undefined, wanted: ReturnType<typeof readRange>][] = [
  ['bytes=0-0', { offset: 0, length: 1 }],
  ['bytes=2-5', { offset: 2, length: 4 }],
  ['bytes=2-', { offset: 2, length: 8 }],
  ['bytes=2-99', { offset: 2, length: 8 }],
  ['Bytes = 9-9', { offset: 9, length: 1 }],
  ['bytes=-3', { offset: 7, length: 3 }],
  ['bytes=-99', { offset: 0, length: 10 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=10-12', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=999999999999999-', 'unsatisfiable'],
  [undefined, undefined],
  ['', undefined],
  ['bytes=', undefined],
  ['bytes=-', undefined],
  ['bytes=5-2', undefined],
  ['bytes=0-1,4-5', undefined],
  ['bytes=1.5-2', undefined],
  ['bytes=9999999999999999-', undefined],
  ['items=0-1', undefined],
]

for (const [header, wanted] of cases)
  test(`Range: ${header} of ten bytes`, () => assert.deepEqual(readRange(header, 10), wanted))

test('of an empty body no range can be sent', () => {
  assert.equal(readRange('bytes=0-', 0), 'unsatisfiable')
  assert.equal(readRange('bytes=-1', 0), 'unsatisfiable')
})

test('If-Range is a strong comparison: weak names and dates get the whole body', () => {
  assert.equal(isStillSame(undefined, '"a"'), true)
  assert.equal(isStillSame(' "a" ', '"a"'), true)
  assert.equal(isStillSame('W/"a"', '"a"'), false)
  assert.equal(isStillSame('Thu, 26 Nov 2026 08:00:00 GMT', '"a"'), false)
})

test('a range is cut wherever the chunks end, and nothing is read behind it', async () => {
  const bytes = Uint8Array.from({ length: 50 }, (_, at) => at)
  for (const size of [1, 3, 7, 50])
    for (let offset = 0; offset < 50; offset += 1)
      for (const length of [1, 6, 50 - offset].filter((one) => offset + one <= 50)) {
        let read = 0
        async function* source(): AsyncGenerator<Uint8Array> {
          for (; read < 50;) {
            const chunk = bytes.subarray(read, read + size)
            read += size
            yield chunk
          }
        }
        const cut: number[] = []
        for await (const chunk of cutRange(source(), { offset, length })) cut.push(...chunk)
        assert.deepEqual(cut, [...bytes.subarray(offset, offset + length)])
        assert.ok(read < offset + length + size)
      }
})
