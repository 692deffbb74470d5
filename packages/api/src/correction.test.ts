import assert from 'node:assert/strict'
import { test } from 'node:test'
import { vrOf } from '@instandt/dicom'
import { correctableNames, correctableTags, correctableVrs, newCorrectionSchema } from './correction.ts'

test('the VRs are those of the dictionary', () => {
  for (const name of correctableNames) assert.equal(correctableVrs[name], vrOf(correctableTags[name]), name)
})

test('blanks carry no meaning, nothing is null, and a fault names its attribute', () => {
  const changes = { componentName: '  Blade 7 ', orderNumber: '   ', material: null }
  assert.deepEqual(newCorrectionSchema.parse({ changes, reason: ' typing error ' }), {
    changes: { componentName: 'Blade 7', orderNumber: null, material: null },
    reason: 'typing error',
  })
  const { error } = newCorrectionSchema.safeParse({ changes: { time: '25' }, reason: 'because' })
  assert.deepEqual(error?.issues[0]?.path, ['changes', 'time'])
})
