import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  getItems,
  getNumber,
  getNumbers,
  getPersonName,
  getString,
  getStrings,
  getWholeText,
  isDiconde,
  privateCreatorOf,
  publicDiconde,
} from './dataset.ts'
import type { Dataset } from './types.ts'

const creator = (module: string): Dataset[string] => ({ vr: 'LO', Value: [`astm.org/diconde/iod/${module}`] })

test('values are read as text and as numbers, empty ones left out', () => {
  const dataset: Dataset = {
    '00080008': { vr: 'CS', Value: ['A', null, 'B'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Part^4711', Ideographic: '部品' }] },
    '00100020': { vr: 'LO' },
    '00280030': { vr: 'DS', Value: [0.1, 'no number', '1e400', ' '] },
    '00142002': { vr: 'SQ', Value: [{}] },
  }
  assert.deepEqual(getStrings(dataset, '00080008'), ['A', 'B'])
  assert.equal(getWholeText(dataset, '00080008'), 'A\\B')
  assert.equal(getString(dataset, '00100010'), 'Part^4711=部品')
  assert.deepEqual(getPersonName(dataset, '00100010'), { Alphabetic: 'Part^4711', Ideographic: '部品' })
  assert.equal(getString(dataset, '00100020'), undefined)
  assert.equal(getWholeText(dataset, '00100020'), undefined)
  assert.deepEqual(getNumbers(dataset, '00280030'), [0.1])
  assert.equal(getNumber(dataset, '00280030'), 0.1)
  assert.equal(getNumber(dataset, '00080008'), undefined)
  assert.deepEqual(getItems(dataset, '00142002'), [{}])
  assert.deepEqual(getItems(dataset, '00100010'), [])
})

test('DICONDE is known by edition, by group 0014, by its old private blocks or by SOP class', () => {
  assert.equal(isDiconde({ '00181020': { vr: 'LO', Value: ['Scanner 1', 'DICONDE21'] } }), true)
  assert.equal(isDiconde({ '00140028': { vr: 'ST', Value: ['ACME'] } }), true)
  assert.equal(isDiconde({ '00090010': creator('Component') }), true)
  assert.equal(isDiconde({ '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.601.1'] } }), true)
  assert.equal(
    isDiconde({ '00181020': { vr: 'LO', Value: ['1.0'] }, '00090010': { vr: 'LO', Value: ['GEMS_IDEN_01'] } }),
    false,
  )
})

test('elements of the old private blocks are found under their public tags', () => {
  const found = publicDiconde({
    '00090010': creator('Component'),
    '00091028': { vr: 'ST', Value: ['ACME'] },
    '00110010': { vr: 'LO', Value: ['OTHER'] },
    '00111028': { vr: 'ST', Value: ['not ours'] },
    '00210011': creator('NdeIndication'),
    '00211120': { vr: 'CS', Value: ['POLYLINE'] },
    '00211126': { vr: 'CS', Value: ['dropped'] },
    '00211134': { vr: 'LO', Value: ['1.50'] },
    '00211136': { vr: 'LO', Value: ['mm'] },
  })
  assert.deepEqual(found, {
    '00140028': { vr: 'ST', Value: ['ACME'] },
    '00700023': { vr: 'CS', Value: ['POLYLINE'] },
    '0040A30A': { vr: 'DS', Value: [1.5] },
    '004008EA': { vr: 'SQ', Value: [{ '00080104': { vr: 'LO', Value: ['mm'] } }] },
  })
})

test('a public element that is there is not replaced, and no creator leads to other properties', () => {
  assert.deepEqual(
    publicDiconde({
      '00090010': creator('Component'),
      '00091028': { vr: 'ST', Value: ['old'] },
      '00140028': { vr: 'ST', Value: ['new'] },
    }),
    {},
  )
  assert.deepEqual(publicDiconde({ '00090010': creator('constructor'), '00091028': { vr: 'ST', Value: ['x'] } }), {})
  assert.equal(privateCreatorOf({ '00090010': creator('Component') }, '00091028'), 'astm.org/diconde/iod/Component')
})
