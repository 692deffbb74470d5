import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildStoreResponse, failureReasons, warningReasons } from './stow-response.ts'
import type { Dataset } from './types.ts'

test('says of every instance what became of it', () => {
  const response = buildStoreResponse({
    studyUrl: 'https://x/studies/1',
    stored: [
      { sopClassUid: '1.2', sopInstanceUid: '1.1', retrieveUrl: 'https://x/studies/1/series/1/instances/1.1' },
      { sopClassUid: '1.2', sopInstanceUid: '1.5', warningReason: warningReasons.elementsDiscarded },
    ],
    failed: [
      { sopClassUid: '1.2', sopInstanceUid: '1.3', failureReason: failureReasons.duplicateSopInstance },
      { sopInstanceUid: '1.4', failureReason: failureReasons.missingAttribute },
      { failureReason: failureReasons.cannotUnderstand },
    ],
  })
  assert.deepEqual(response, {
    '00081190': { vr: 'UR', Value: ['https://x/studies/1'] },
    '00081198': {
      vr: 'SQ',
      Value: [
        {
          '00081150': { vr: 'UI', Value: ['1.2'] },
          '00081155': { vr: 'UI', Value: ['1.3'] },
          '00081197': { vr: 'US', Value: [0x0111] },
        },
        {
          '00081150': { vr: 'UI' },
          '00081155': { vr: 'UI', Value: ['1.4'] },
          '00081197': { vr: 'US', Value: [0x0120] },
        },
      ],
    },
    '00081199': {
      vr: 'SQ',
      Value: [
        {
          '00081150': { vr: 'UI', Value: ['1.2'] },
          '00081155': { vr: 'UI', Value: ['1.1'] },
          '00081190': { vr: 'UR', Value: ['https://x/studies/1/series/1/instances/1.1'] },
        },
        {
          '00081150': { vr: 'UI', Value: ['1.2'] },
          '00081155': { vr: 'UI', Value: ['1.5'] },
          '00081190': { vr: 'UR' },
          '00081196': { vr: 'US', Value: [0xb006] },
        },
      ],
    },
    '0008119A': { vr: 'SQ', Value: [{ '00081197': { vr: 'US', Value: [0xc000] } }] },
  })
})

test('leaves out the lists that would be empty', () => {
  assert.deepEqual(buildStoreResponse({ stored: [], failed: [] }), {})
})

test('gives words for a failure and further elements of a stored item', () => {
  const attributes: Dataset = { '00090010': { vr: 'LO', Value: ['X'] } }
  const response = buildStoreResponse({
    stored: [{ sopClassUid: '1', sopInstanceUid: '2', attributes }],
    failed: [{ failureReason: failureReasons.processingFailure, comment: `a\\b${'x'.repeat(100)}` }],
  })
  const [success] = (response['00081199']?.Value ?? []) as Dataset[]
  assert.deepEqual(success?.['00090010'], attributes['00090010'])
  const [failure] = (response['0008119A']?.Value ?? []) as Record<string, { Value: string[] }>[]
  assert.equal(failure?.['00000902']?.Value[0], `a/b${'x'.repeat(61)}`)
})
