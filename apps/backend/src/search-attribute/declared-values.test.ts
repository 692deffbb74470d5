import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dataset, Vr } from '@instandt/dicom'
import { attributesOf, sequenceOf } from '@instandt/testkit/files'
import { elementsAt, formatPath, parsePath, type PathStep } from './attribute-path.ts'
import { declaredValues, matchingOf } from './declared-values.ts'

const stepsOf = (text: string): PathStep[] => {
  const steps = parsePath(text)
  assert.ok(Array.isArray(steps), text)
  return steps
}
const valuesOf = (dataset: Dataset, path: string, vr: Vr): (string | number)[] =>
  declaredValues(dataset, [{ id: 1, steps: stepsOf(path), vr, matching: matchingOf[vr] ?? 'text' }]).map(
    (value) => value.number ?? value.text,
  )

test('a path is kept in one way, however it was written', () => {
  for (const [written, kept] of [
    ['PatientID', '00100020'],
    ['componentidnumber', '00100020'],
    ['0010,0020', '00100020'],
    ['EvaluatorSequence.EvaluatorName', '00142002.00142006'],
    ['0014,2002.00142006', '00142002.00142006'],
    ['0009"ACME 1.0"0a', '0009"ACME 1.0"0A'],
    ['0009"A \\"b\\". 2"01.00080100', '0009"A \\"b\\". 2"01.00080100'],
  ] as const) {
    assert.equal(formatPath(stepsOf(written)), kept)
    assert.equal(formatPath(stepsOf(kept)), kept)
  }
})

test('what names nothing is said', () => {
  for (const [written, part] of [
    ['Nonsense', 'Nonsense'],
    ['EvaluatorSequence.Nonsense', 'Nonsense'],
    ['EvaluatorSequence.', 'EvaluatorSequence.'],
    ['00091001', '00091001'],
    ['0010"even"01', '0010"even"01'],
    ['0009""01', '0009""01'],
    ['0009"open', '0009"open'],
    ['', ''],
    [' ', ''],
  ] as const)
    assert.deepEqual(parsePath(written), { unknown: part }, written)
})

test('a private element is found in whatever block its creator has, in items too', () => {
  const item: Dataset = { '00190011': { vr: 'LO', Value: ['X'] }, '00191101': { vr: 'LO', Value: ['inside'] } }
  const dataset: Dataset = {
    '00190010': { vr: 'LO', Value: ['Y'] },
    '00191001': { vr: 'LO', Value: ['other'] },
    '00190020': { vr: 'LO', Value: ['X'] },
    '00192001': { vr: 'LO', Value: ['outside'] },
    ...sequenceOf('EvaluatorSequence', [{}, item]),
  }
  assert.deepEqual(valuesOf(dataset, '0019"X"01', 'LO'), ['outside'])
  assert.deepEqual(valuesOf(dataset, 'EvaluatorSequence.0019"X"01', 'LO'), ['inside'])
  assert.deepEqual(elementsAt(dataset, stepsOf('0019"Z"01')), [])
})

test('each value is kept once, as it is compared', () => {
  const dataset = attributesOf({
    MaterialThickness: [12, '12.0', 1e-7, '9007199254740993.5', 'wide', ''],
    OperatorsName: ['Núñez^Inés', 'NUNEZ^INES', 'Straße^=漢'],
    SecondaryReviewDate: ['2026.01.10', '20260110', '20261340'],
    SecondaryReviewTime: ['08', '0815', '08:15:30', '081530.25', '25'],
    ComponentShape: ['FLAT', null, 'FLAT', 'a\0b'],
  })
  assert.deepEqual(valuesOf(dataset, 'MaterialThickness', 'DS'), [12, 1e-7, 9007199254740994])
  assert.deepEqual(valuesOf(dataset, 'OperatorsName', 'PN'), ['nunez^ines', 'strasse^=漢'])
  assert.deepEqual(valuesOf(dataset, 'SecondaryReviewDate', 'DA'), ['20260110'])
  assert.deepEqual(valuesOf(dataset, 'SecondaryReviewTime', 'TM'), ['080000', '081500', '081530', '081530.25'])
  assert.deepEqual(valuesOf(dataset, 'ComponentShape', 'CS'), ['FLAT', 'ab'])
  const stamps: Dataset = { '0040A13A': { vr: 'DT', Value: ['2026', '202601', '20260110081500.5+0100', '2026x'] } }
  assert.deepEqual(valuesOf(stamps, '0040A13A', 'DT'), ['20260101000000', '20260110081500.5'])
})

test('no value is longer than an index takes, and no instance has more than a hundred of one attribute', () => {
  const long: Dataset = { '00140046': { vr: 'LT', Value: ['ß'.repeat(5000)] } }
  assert.equal(String(valuesOf(long, 'MaterialNotes', 'LT')[0]).length, 512)
  const many: Dataset = { '00140030': { vr: 'DS', Value: Array.from({ length: 5000 }, (_, at) => at) } }
  assert.equal(valuesOf(many, 'MaterialThickness', 'DS').length, 100)
})

test('bytes of unknown VR are read as declared, and bytes that do not fit give nothing', () => {
  const unknown = (bytes: number[]): Dataset => ({
    '00190010': { vr: 'LO', Value: ['X'] },
    '00191001': { vr: 'UN', InlineBinary: Buffer.from(bytes).toString('base64') },
  })
  const text = [...Buffer.from('one \\two\0', 'latin1')]
  assert.deepEqual(valuesOf(unknown(text), '0019"X"01', 'LO'), ['one', 'two'])
  assert.deepEqual(valuesOf(unknown(text), '0019"X"01', 'LT'), ['one \\two'])
  assert.deepEqual(valuesOf(unknown([0xfc]), '0019"X"01', 'LO'), ['ü'])
  assert.deepEqual(valuesOf(unknown([0xff, 0xff, 1, 0, 9]), '0019"X"01', 'SS'), [-1, 1])
  assert.deepEqual(valuesOf(unknown([0, 0, 0x20, 0x41]), '0019"X"01', 'FL'), [10])
  assert.deepEqual(valuesOf(unknown([0x14, 0, 0x30, 0]), '0019"X"01', 'AT'), ['00140030'])
  assert.deepEqual(valuesOf(unknown([1, 2]), '0019"X"01', 'FD'), [])
})
