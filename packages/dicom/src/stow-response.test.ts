import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildStoreResponse, failureReasons, warningReasons } from './stow-response.ts'

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
