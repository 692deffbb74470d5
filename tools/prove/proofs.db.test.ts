// The heavy proofs, scaled down; `npm run prove <name>` runs them at full size. The two that take longest have files of their own,
// which run beside this one.
import { test } from 'node:test'
import { prove as proveAudit } from './audit.ts'
import { prove as proveBigFilm } from './big-film.ts'
import { prove as proveBigInstance } from './big-instance.ts'
import { prove as proveCrash } from './crash.ts'
import { prove as proveDerive } from './derive.ts'
import { prove as proveFuzzStow } from './fuzz-stow.ts'
import { prove as proveImport } from './import.ts'
import { prove as proveRelease } from './release.ts'
import { prove as proveRestore } from './restore.ts'
import { prove as proveResumableUpload } from './resumable-upload.ts'
import { prove as proveRotation } from './rotation.ts'
import { prove as proveSearchScale } from './search-scale.ts'
import { prove as proveSharedData, whyNoSharedData } from './shared-data.ts'
import { prove as proveStorageLoss } from './storage-loss.ts'
import { prove as proveUploadCrash } from './upload-crash.ts'

test('a killed backend loses nothing it acknowledged and leaves nothing half stored', () =>
  proveCrash({ scale: 'small' }))
test('reindex brings every image back after an older database was restored', () => proveRestore({ scale: 'small' }))
test('an upload in parts ends well over a line that breaks, and sends little twice', () =>
  proveResumableUpload({ scale: 'small' }))
test('killed processes and a restarted database lose no acknowledged part and store nothing twice', () =>
  proveUploadCrash({ scale: 'small' }))
test('an archive comes in whole and once while both sides are killed, and its walk needs little memory', () =>
  proveImport({ scale: 'small' }))
test('a large multi-frame instance is stored and read with bounded memory', () => proveBigInstance({ scale: 'small' }))
test('images for screens go on where a kill or the loss of the store stopped them, and none is made twice', () =>
  proveDerive({ scale: 'small' }))
test('a film is made ready for screens, rendered and transcoded with bounded memory', () =>
  proveBigFilm({ scale: 'small' }))
test('mutated files get an answer below 500 each', () => proveFuzzStow({ scale: 'small' }))
test('a store that vanishes in the middle of uploads leaves no row without its bytes', () =>
  proveStorageLoss({ scale: 'small' }))
test('every DICOM file of the folder is stored, found and returned as it came', { skip: whyNoSharedData }, () =>
  proveSharedData({ scale: 'small' }),
)
test('a changed event is named, a chain made anew is caught', () => proveAudit({ scale: 'small' }))
test('the database’s password changes under load without a failed request', () => proveRotation({ scale: 'small' }))
test('every shape of search touches few rows of many', () => proveSearchScale({ scale: 'small' }))
test('a release under load fails no request; a failing one leaves the old version serving', () =>
  proveRelease({ scale: 'small' }))
