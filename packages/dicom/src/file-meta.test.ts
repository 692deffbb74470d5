import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metaOf } from './file-meta.ts'

function element(tag: number, vr: string, value: string): number[] {
  const bytes = [...Buffer.from(value, 'latin1')]
  const head = [0x02, 0x00, tag & 0xff, tag >> 8, vr.charCodeAt(0), vr.charCodeAt(1)]
  if (vr === 'OB') head.push(0, 0, bytes.length, 0, 0, 0)
  else head.push(bytes.length & 0xff, bytes.length >> 8)
  return [...head, ...bytes]
}

const part10 = (...elements: number[][]): Uint8Array =>
  new Uint8Array([...new Uint8Array(128), ...Buffer.from('DICM'), ...elements.flat()])

test('finds the UID behind long and short elements and drops its padding', () => {
  const head = part10(
    element(0x0000, 'UL', '\xc8\0\0\0'),
    element(0x0001, 'OB', '\0\x01'),
    element(0x0002, 'UI', '1.2.840.10008.5.1.4.1.1.1\0'),
    element(0x0003, 'UI', '1.2.3.44\0'),
  )
  assert.equal(metaOf(head).sopInstanceUid, '1.2.3.44')
})

test('knows nothing of a file without preamble, of text and of an empty file', () => {
  const letters = new TextEncoder().encode('no DICOM file at all'.repeat(20))
  assert.equal(metaOf(letters).sopInstanceUid, undefined)
  assert.equal(metaOf(new Uint8Array(0)).sopInstanceUid, undefined)
})

test('a UID cut off, or with other signs than digits and dots, is none', () => {
  const whole = part10(element(0x0003, 'UI', '1.2.3.44'))
  assert.equal(metaOf(whole.subarray(0, whole.length - 3)).sopInstanceUid, undefined)
  assert.equal(metaOf(part10(element(0x0003, 'UI', '1.2.x3'))).sopInstanceUid, undefined)
})

test('a length that points far away ends the search', () => {
  assert.equal(
    metaOf(part10([2, 0, 1, 0, 0x4f, 0x42, 0, 0, 255, 255, 255, 255], element(3, 'UI', '1.2'))).sopInstanceUid,
    undefined,
  )
})
