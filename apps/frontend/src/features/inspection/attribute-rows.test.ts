import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dataset } from '@instandt/dicom'
import { attributeRows, countAttributes, readMetadata } from './attribute-rows.ts'

const dataset: Dataset = {
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Weld^A=B', Ideographic: '溶接' }] },
  '00091010': { vr: 'UN', InlineBinary: 'AAECAw==' },
  '00090010': { vr: 'LO', Value: ['ACME 1.0'] },
  '00280030': { vr: 'DS', Value: [0.1, null, 0.2] },
  '00204000': { vr: 'LT' },
  '00142002': {
    vr: 'SQ',
    Value: [
      { '00142006': { vr: 'PN', Value: [{ Alphabetic: 'Eva' }] } },
      { '00142012': { vr: 'SQ', Value: [{ '00142016': { vr: 'LO', Value: ['Pore 7'] } }] } },
    ],
  },
  '7FE00010': { vr: 'OW', BulkDataURI: '/dicom-web/x/bulkdata/7FE00010' },
}
const none = new Set<string>()

test('rows stand in the order of tags and sequences are folded', () => {
  assert.deepEqual(
    attributeRows(dataset, 'diconde', none).map(({ tag }) => tag),
    ['00090010', '00091010', '00100010', '00142002', '00204000', '00280030', '7FE00010'],
  )
})

test('names are the DICONDE words or the DICOM words, as asked', () => {
  const name = (words: 'diconde' | 'dicom') => attributeRows(dataset, words, none)[2]?.label
  assert.equal(name('diconde'), 'Component Name')
  assert.equal(name('dicom'), "Patient's Name")
})

test('component names are whole, several values stay apart, an empty one is empty', () => {
  const values = Object.fromEntries(attributeRows(dataset, 'diconde', none).map(({ tag, value }) => [tag, value]))
  assert.equal(values['00100010'], 'Weld^A=B=溶接')
  assert.equal(values['00280030'], '0.1 \\  \\ 0.2')
  assert.equal(values['00204000'], '')
})

test('private elements name their creator, binary ones their bytes, bulk data its address', () => {
  const rows = attributeRows(dataset, 'diconde', none)
  assert.equal(rows[1]?.creator, 'ACME 1.0')
  assert.deepEqual([rows[1]?.kind, rows[1]?.count], ['inline-binary', 4])
  assert.deepEqual([rows[6]?.kind, rows[6]?.bulkUrl], ['bulk', '/dicom-web/x/bulkdata/7FE00010'])
})

test('an unfolded sequence shows its items and what is in them, one level deeper each', () => {
  const rows = attributeRows(dataset, 'diconde', new Set(['00142002', '00142002/1/00142012']))
  assert.deepEqual(
    rows.filter(({ path }) => path.startsWith('00142002')).map(({ path, depth, kind }) => [path, depth, kind]),
    [
      ['00142002', 0, 'sequence'],
      ['00142002/0', 1, 'item'],
      ['00142002/0/00142006', 2, 'value'],
      ['00142002/1', 1, 'item'],
      ['00142002/1/00142012', 2, 'sequence'],
      ['00142002/1/00142012/0', 3, 'item'],
      ['00142002/1/00142012/0/00142016', 4, 'value'],
    ],
  )
})

test('a search finds values at any depth and shows what they hang from, and nothing else', () => {
  assert.deepEqual(
    attributeRows(dataset, 'diconde', none, 'pore').map(({ path }) => path),
    ['00142002', '00142002/1', '00142002/1/00142012', '00142002/1/00142012/0', '00142002/1/00142012/0/00142016'],
  )
})

test('a search finds tags in both spellings, keywords, and the words of the other vocabulary', () => {
  for (const query of ['00100010', '(0010,0010)', 'patientname', "patient's name", 'component name weld']) {
    assert.deepEqual(
      attributeRows(dataset, 'diconde', none, query).map(({ tag }) => tag),
      ['00100010'],
      query,
    )
  }
})

test('attributes are counted with the nested ones', () => {
  assert.equal(countAttributes(dataset), 10)
})

test('metadata without a data set is refused, not shown as empty', () => {
  assert.throws(() => readMetadata('[]'), TypeError)
  assert.throws(() => readMetadata('{"status":404}'), TypeError)
})
