import assert from 'node:assert/strict'
import { test } from 'node:test'
import { receiptCsv, receiptLines } from './receipt.ts'
import type { UploadFile } from './upload-file.ts'

const file = (given: Partial<UploadFile>): UploadFile => ({
  id: 1,
  path: 'a.dcm',
  file: undefined,
  size: 10,
  state: 'stored',
  read: 0,
  sent: 0,
  ...given,
})

test('a receipt names every file that has an outcome, and none that is on its way', () => {
  const sha256 = 'ab'.repeat(32)
  const lines = receiptLines(
    [
      file({ path: '=1+1,"x".dcm', sha256, sopInstanceUid: '1.2.3', studyInstanceUid: '1.2', settledAt: 0 }),
      file({ path: 'b', state: 'refused', reason: { key: 'notDicom' }, project: 'welds' }),
      file({ path: 'c', state: 'sending' }),
    ],
    'default',
    ({ reason }) => (reason ? 'no DICOM' : ''),
  )
  assert.equal(
    receiptCsv({ files: lines }),
    '\uFEFFfile,byteSize,sha256,sopInstanceUid,studyInstanceUid,project,result,reason,time\r\n' +
      `"'=1+1,""x"".dcm",10,${sha256},1.2.3,1.2,default,stored,,1970-01-01T00:00:00.000Z\r\n` +
      'b,10,,,,welds,refused,no DICOM,\r\n',
  )
})
