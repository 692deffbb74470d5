import assert from 'node:assert/strict'
import { test } from 'node:test'
import { correctableNames, newCorrectionSchema } from '@instandt/api'
import { changesOf, correctionGroups, fieldsOf } from './correction-form.ts'

const current = { componentName: 'Blade 7', date: '20260318', time: '142530.25', material: 'Ti', orderNumber: null }

test('the form shows every attribute that can be corrected, once', () => {
  assert.deepEqual(Object.values(correctionGroups).flat().sort(), [...correctableNames].sort())
})

test('only what was changed is sent, in the forms of the standard', () => {
  const before = fieldsOf(current)
  assert.deepEqual([before.date, before.time, before.orderNumber], ['2026-03-18', '14:25:30', ''])
  assert.deepEqual(changesOf(before, before), {})
  const changes = changesOf(before, {
    ...before,
    componentName: ' Blade 8 ',
    date: '2026-03-19',
    time: '09:05',
    material: '',
    orderNumber: '  ',
  })
  assert.deepEqual(changes, { componentName: 'Blade 8', date: '20260319', time: '0905', material: null })
  assert.ok(newCorrectionSchema.safeParse({ changes, reason: 'because' }).success)
})

test('what is no date stays readable, and comes back as it was typed', () => {
  const before = fieldsOf({ date: '2026.03.18' })
  assert.equal(before.date, '2026.03.18')
  assert.deepEqual(changesOf(before, { ...before, date: 'March' }), { date: 'March' })
})
