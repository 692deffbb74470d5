import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import { type Dataset, readHeader, tags } from '@instandt/dicom'
import { attributesOf, buildInstance } from '@instandt/testkit/files'
import type { NewInstance } from '../../data/new-instance.ts'
import { buildRows } from './build-rows.ts'

const uids = { study: '1.2.3', series: '1.2.3.4', instance: '1.2.3.4.5', sopClass: '1.2.840.10008.5.1.4.1.1.7' }
const stored = { blobKey: 'objects/aa/key', byteSize: 1, sha256: new Uint8Array(32) }

async function rowsOf(attributes: Dataset): Promise<NewInstance> {
  const file = buildInstance({ seed: 'rows', attributes, image: { rows: 4, columns: 4, frames: 2 } })
  return buildRows(await readHeader([file]), uids, stored)
}

test('every level gets its own attributes, as one JSON object with a member a line', async () => {
  const row = await rowsOf(
    attributesOf({ PatientName: 'Valve^Body', StudyDescription: 'Weld', Modality: 'DX', InstanceNumber: '7' }),
  )
  for (const text of [row.study.attributes, row.series.attributes, row.attributes]) {
    const parsed = JSON.parse(text) as Dataset
    assert.equal(text.split('\n').length, Object.keys(parsed).length)
    assert.deepEqual(Object.keys(parsed), Object.keys(parsed).sort())
  }
  assert.deepEqual((JSON.parse(row.study.attributes) as Dataset)[tags.patientName]?.Value, [
    { Alphabetic: 'Valve^Body' },
  ])
  assert.equal((JSON.parse(row.series.attributes) as Dataset)[tags.patientName], undefined)
  assert.deepEqual((JSON.parse(row.attributes) as Dataset)[tags.numberOfFrames]?.Value, [2])
  assert.equal(row.instanceNumber, 7)
})

test('metadata is the whole data set without the file meta information and without pixels', async () => {
  const row = await rowsOf(attributesOf({ KVP: '160', PatientName: 'Größe' }))
  const dataset = JSON.parse(zstdDecompressSync(row.metadata).toString()) as Dataset
  assert.ok(Object.keys(dataset).every((tag) => !tag.startsWith('0002')))
  assert.equal(dataset[tags.pixelData]?.BulkDataURI, 'bulkdata/7FE00010')
  assert.deepEqual(dataset['00180060']?.Value, [160])
})

test('names are searched folded, and the search text holds every part of an inspection that people know', async () => {
  const row = await rowsOf(
    attributesOf({
      SpecificCharacterSet: 'ISO_IR 192',
      PatientName: 'Gehäuse^Größe',
      PatientID: 'PN-17',
      AccessionNumber: 'ORDER-4',
      StudyID: 'S9',
      StudyDescription: 'Schweißnaht',
    }),
  )
  assert.equal(row.study.componentName, 'Gehäuse^Größe')
  assert.equal(row.study.componentNameFolded, 'gehause^grosse')
  for (const word of ['gehause', 'pn-17', 'order-4', 's9', 'schweissnaht'])
    assert.ok(row.study.searchText.includes(word), word)
})

test('a malformed date or time is no search value, but stays in what is shown', async () => {
  const row = await rowsOf({
    ...attributesOf({ StudyTime: '256199' }),
    [tags.studyDate]: { vr: 'DA', Value: ['20241301'] },
  })
  assert.equal(row.study.studyDate, undefined)
  assert.equal(row.study.studyTime, undefined)
  assert.deepEqual((JSON.parse(row.study.attributes) as Dataset)[tags.studyDate]?.Value, ['20241301'])
})

test('the old form of dates and times is found under the new one', async () => {
  const row = await rowsOf({
    [tags.studyDate]: { vr: 'DA', Value: ['2024.09.01'] },
    [tags.studyTime]: { vr: 'TM', Value: ['10:20:30'] },
  })
  assert.deepEqual([row.study.studyDate, row.study.studyTime], ['20240901', '102030'])
})

test('without a component number every study has a component of its own', async () => {
  const nameless = await rowsOf({ [tags.patientId]: { vr: 'LO' } })
  assert.equal(nameless.study.componentIdentityKey, 'study:1.2.3')
  const numbered = await rowsOf(attributesOf({ PatientID: 'A' }))
  const issued = await rowsOf(attributesOf({ PatientID: 'A', IssuerOfPatientID: 'Works' }))
  assert.notEqual(numbered.study.componentIdentityKey, issued.study.componentIdentityKey)
})

test('scheduled steps and requested procedures are taken from every request', async () => {
  const items = ['1', '2'].map((number) =>
    attributesOf({ ScheduledProcedureStepID: `STEP-${number}`, RequestedProcedureID: `ORDER-${number}` }),
  )
  const row = await rowsOf({ [tags.requestAttributesSequence]: { vr: 'SQ', Value: items } })
  assert.deepEqual(row.series.scheduledStepIds, ['STEP-1', 'STEP-2'])
  assert.deepEqual(row.series.requestedProcedureIds, ['ORDER-1', 'ORDER-2'])
})

test('no column gets a sign that PostgreSQL refuses, nor text too long for an index', async () => {
  const row = await rowsOf(
    attributesOf({ SpecificCharacterSet: 'ISO_IR 192', PatientName: 'A\0B', PatientID: '\ufdfa'.repeat(3000) }),
  )
  const texts = Object.values(row.study).filter((value): value is string => typeof value === 'string')
  for (const text of texts) assert.ok(!text.includes('\0') && text.isWellFormed())
  const { componentNumber = '', componentNameFolded = '', componentIdentityKey } = row.study
  for (const text of [componentNumber, componentNameFolded, componentIdentityKey])
    assert.ok(Buffer.byteLength(text) < 2700)
})
