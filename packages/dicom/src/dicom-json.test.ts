import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exactNumber } from './decimal.ts'
import { parseDataset, stringifyDataset } from './dicom-json.ts'
import type { Dataset } from './types.ts'

test('attributes come in ascending order at every level, also where tags are digits only', () => {
  const dataset: Dataset = {
    '40080100': { vr: 'DA', Value: ['20260101'] },
    '7FE00010': { vr: 'OW', BulkDataURI: 'bulkdata/7FE00010' },
    '00142002': { vr: 'SQ', Value: [{ '30060080': { vr: 'SQ' }, '0014A000': { vr: 'LO', Value: ['"\\\n'] } }] },
    '0008103E': { vr: 'LO', Value: ['größer'] },
  }
  assert.equal(
    stringifyDataset(dataset),
    '{"0008103E":{"vr":"LO","Value":["größer"]},"00142002":{"vr":"SQ","Value":[{"0014A000":{"vr":"LO","Value":["\\"\\\\\\n"]},"30060080":{"vr":"SQ"}}]},"40080100":{"vr":"DA","Value":["20260101"]},"7FE00010":{"vr":"OW","BulkDataURI":"bulkdata/7FE00010"}}',
  )
  assert.deepEqual(parseDataset(stringifyDataset(dataset)), dataset)
})

test('JSON that is no data set is refused, naming the tag', () => {
  const faults: [string, string | undefined][] = [
    ['{', undefined],
    ['[]', undefined],
    ['null', undefined],
    ['{"0010,0020":{"vr":"LO"}}', undefined],
    ['{"0010002a":{"vr":"LO"}}', undefined],
    ['{"00100020":{"vr":"XX"}}', '00100020'],
    ['{"00100020":{"vr":"LO","Value":"x"}}', '00100020'],
    ['{"00100020":{"vr":"LO","Value":[{"a":1}]}}', '00100020'],
    ['{"00100020":{"vr":"OB","Value":[1],"InlineBinary":"AA=="}}', '00100020'],
    ['{"00100020":{"vr":"OB","InlineBinary":1}}', '00100020'],
    ['{"00100020":{"vr":"OB","BulkDataURI":{}}}', '00100020'],
    ['{"00100020":null}', '00100020'],
    ['{"00142002":{"vr":"SQ","Value":[1]}}', undefined],
  ]
  for (const [json, tag] of faults)
    assert.throws(() => parseDataset(json), { name: 'DicomReadError', code: 'bad-json', tag }, json)
  const deep = `${'{"00142002":{"vr":"SQ","Value":['.repeat(70)}${']}}'.repeat(70)}`
  assert.throws(() => parseDataset(deep), { code: 'bad-json' })
})

test('a decimal becomes a number only when that says exactly the same', () => {
  const numbers: [string, number][] = [
    ['1', 1],
    ['1.50', 1.5],
    ['+2', 2],
    ['.5', 0.5],
    ['5.', 5],
    ['1E3', 1000],
    ['-0.0', 0],
    ['0.1', 0.1],
    ['007', 7],
    ['1e-7', 1e-7],
    ['123456789012345', 123456789012345],
  ]
  for (const [text, number] of numbers) assert.equal(exactNumber(text), number, text)
  for (const text of [
    '',
    '1,5',
    '0x10',
    '1e400',
    '9007199254740993',
    '0.10000000000000001',
    'NaN',
    'Infinity',
    '1e-400',
    '1 2',
    '--1',
    'e5',
    '.',
  ]) {
    assert.equal(exactNumber(text), text, text)
  }
})

test('a hostile decimal costs no time', () => {
  const started = performance.now()
  exactNumber(`${'0'.repeat(250_000)}1\n`)
  exactNumber(`1${'0'.repeat(250_000)}x`)
  exactNumber(`0.${'1'.repeat(250_000)}`)
  assert.ok(performance.now() - started < 100)
})
