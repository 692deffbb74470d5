import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MediaTypeError, parseAccept, parseMediaType } from './media-type.ts'

const plain = (value: string): [string, Record<string, string>] => {
  const { type, parameters } = parseMediaType(value)
  return [type, Object.fromEntries(parameters)]
}
const accepted = (value: string): [string, Record<string, string>][] =>
  parseAccept(value).map(({ type, parameters }) => [type, Object.fromEntries(parameters)])

test('reads the content types that DICOMweb clients send, quoted or not', () => {
  const expected = ['multipart/related', { type: 'application/dicom', boundary: 'a=b;c,d' }]
  assert.deepEqual(plain('multipart/related; type="application/dicom"; boundary="a=b;c,d"'), expected)
  assert.deepEqual(plain('Multipart/Related;TYPE=application/dicom ; Boundary="a=b;c,d";'), expected)
  assert.deepEqual(plain(`multipart/related; type='application/dicom'; boundary="a=b;\\c,d"`), expected)
  assert.deepEqual(plain('multipart/related; boundary=----x; type=application/dicom'), [
    'multipart/related',
    { boundary: '----x', type: 'application/dicom' },
  ])
  assert.deepEqual(plain('application/dicom;transfer-syntax=1.2.840.10008.1.2.1'), [
    'application/dicom',
    { 'transfer-syntax': '1.2.840.10008.1.2.1' },
  ])
})

test('lifts parameters out of a quoted type', () => {
  assert.deepEqual(plain('multipart/related; type="application/dicom; transfer-syntax=1.2.3"; boundary=x'), [
    'multipart/related',
    { type: 'application/dicom', boundary: 'x', 'transfer-syntax': '1.2.3' },
  ])
})

test('refuses a content type that is none', () => {
  for (const value of ['', 'dicom', 'a/b/c', '/b', 'a/', 'a b/c', ';type=x', '*x/', 'ü/x']) {
    assert.throws(() => parseMediaType(value), MediaTypeError, value)
  }
})

test('orders what is accepted by weight, then named types before wildcards, then as sent', () => {
  const types = (value: string): string[] => parseAccept(value).map(({ type }) => type)
  assert.deepEqual(types('image/png;q=0.5, image/jpeg, */*;q=0.1, application/dicom;q=0.9'), [
    'image/jpeg',
    'application/dicom',
    'image/png',
    '*/*',
  ])
  assert.deepEqual(types('*/*, image/*, application/dicom+json, application/json'), [
    'application/dicom+json',
    'application/json',
    'image/*',
    '*/*',
  ])
  assert.deepEqual(types('a/b;q=0, c/d;q=nonsense, e/f;q=0.000'), ['c/d'])
})

test('reads several multipart ranges in one header, commas inside quotes included', () => {
  const value =
    'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80, multipart/related; type=application/octet-stream; transfer-syntax=*; q=0.5,multipart/related;type="a/b,c"'
  assert.deepEqual(accepted(value), [
    ['multipart/related', { type: 'image/jls', 'transfer-syntax': '1.2.840.10008.1.2.4.80' }],
    ['multipart/related', { type: 'a/b,c' }],
    ['multipart/related', { type: 'application/octet-stream', 'transfer-syntax': '*' }],
  ])
})

test('takes a lone star for anything and passes over what it cannot read', () => {
  assert.deepEqual(accepted('*'), [['*/*', {}]])
  assert.deepEqual(accepted(', ,nonsense,application/dicom,,'), [['application/dicom', {}]])
  assert.deepEqual(accepted(''), [])
  assert.deepEqual(accepted('a/b; x="never closed, c/d'), [['a/b', { x: 'never closed, c/d' }]])
})

test('reads a hostile header in linear time', () => {
  const start = performance.now()
  for (const unit of ['"\\', ';=', ',', ' ', 'a/b;q="', "'"]) parseAccept(unit.repeat(Math.floor(60_000 / unit.length)))
  assert.deepEqual(parseAccept('a/b,'.repeat(20_000)), [], 'longer than any header')
  assert.ok(performance.now() - start < 2_000)
})
