import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conversionFormSchema } from '@instandt/api'
import { type Draft, emptyDraft, fillIn, templateOf, withTemplate } from './draft.ts'

const filled: Draft = {
  ...emptyDraft,
  values: {
    componentNumber: ' W-17 ',
    date: '2026-05-18',
    orderNumber: 'WO-1',
    model: '2905',
    densityTo: '4,7',
    digitiserClass: 'DS',
    operator: 'Petra Weber',
  },
}

test('what was typed becomes the form of the contract; a comma is a decimal point', () => {
  const { form, faults } = fillIn(filled)
  assert.deepEqual(faults, {})
  assert.equal(form?.component.number, 'W-17')
  assert.deepEqual(form?.digitiser, { densityTo: 4.7, digitiserClass: 'DS' })
  assert.deepEqual(form?.pixelSize, { kind: 'file' })
  assert.deepEqual(form?.view, { operator: 'Petra Weber' })
})

test('fields that cannot stay are named', () => {
  assert.deepEqual(fillIn(emptyDraft).faults, { componentNumber: true })
  const wrong = fillIn({
    ...filled,
    pixelSize: 'calibrated',
    values: { ...filled.values, rowMm: 'x', densityTo: '40' },
  })
  assert.deepEqual(wrong.faults, { rowMm: true, columnMm: true, calibration: true, densityTo: true })
  assert.equal(wrong.form, undefined)
  const raw = fillIn({ ...filled, isRaw: true, values: { ...filled.values, rawColumns: '100', rawRows: '0' } })
  assert.deepEqual(raw.faults, { rawRows: true, rawBitsStored: true })
})

test('a photo has no digitiser, a raw file its geometry', () => {
  const { form, raw } = fillIn({
    ...filled,
    source: 'photo',
    isRaw: true,
    values: { ...filled.values, modality: 'US', rawColumns: '100', rawRows: '50', rawBitsStored: '12' },
  })
  assert.equal(form?.view.modality, 'US')
  assert.equal(fillIn({ ...filled, values: { ...filled.values, modality: 'US' } }).form?.view.modality, undefined)
  assert.equal(form?.digitiser, undefined)
  assert.deepEqual([raw?.columns, raw?.frames, raw?.offset, raw?.bitsStored], [100, 1, 0, 12])
})

test('a template keeps what is the same for the next part, and leaves alone what is not', () => {
  const template = templateOf(filled)
  assert.ok(template)
  assert.deepEqual([template.component, template.inspection, template.equipment], [{}, {}, { model: '2905' }])
  conversionFormSchema.parse(template)
  const next: Draft = { ...emptyDraft, source: 'photo', values: { componentNumber: 'W-18', model: 'typed before' } }
  const applied = withTemplate(next, template)
  assert.equal(applied.source, 'film')
  assert.deepEqual(applied.values, {
    componentNumber: 'W-18',
    model: '2905',
    densityTo: '4.7',
    digitiserClass: 'DS',
    operator: 'Petra Weber',
  })
})

test('a calibration is of the image it was measured in: no template keeps or brings one', () => {
  const calibrated: Draft = {
    ...filled,
    pixelSize: 'calibrated',
    values: { ...filled.values, rowMm: '0.05', columnMm: '0.05', calibration: 'ball 10 mm, image 3' },
  }
  const template = templateOf(calibrated)
  assert.deepEqual(template?.pixelSize, { kind: 'none' })
  const old = fillIn(calibrated).form
  assert.ok(old)
  const applied = withTemplate(emptyDraft, old)
  assert.deepEqual(
    [applied.pixelSize, applied.values.rowMm, applied.values.calibration],
    ['none', undefined, undefined],
  )
  const detector = { ...calibrated, pixelSize: 'detector' } as const
  assert.deepEqual(templateOf(detector)?.pixelSize, { kind: 'detector', rowMm: 0.05, columnMm: 0.05 })
})
