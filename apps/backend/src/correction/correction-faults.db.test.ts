import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { getWholeText, readHeader, tags } from '@instandt/dicom'
import { attributesOf, buildInstance } from '@instandt/testkit/files'
import {
  blobKeys,
  checkTotals,
  inspectionFiles,
  instanceOf,
  makeReadable,
  makeUnreadable,
  post,
  remove,
  restore,
  retrieveInstance,
  seriesOf,
  studyOf,
  whileStoreIsAway,
} from '../archive.fixture.ts'
import {
  claimCorrection,
  type CorrectionOrder,
  failCorrection,
  keepCorrection,
  LeaseLost,
  listToCorrect,
  releaseCorrection,
  stageUnchanged,
  swapFiles,
  type ToCorrect,
} from '../data/correction-work.ts'
import { correctInspections } from '../jobs/correct-inspections.ts'
import { startJobs } from '../jobs/index.ts'
import { sweepOrphans } from '../jobs/sweep-orphans.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { objectPrefix } from '../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { correctionsOf } from './correction.fixture.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0 })
})
after(() => backend.stop())

const { work, order, correct, history, versions, version } = correctionsOf(() => backend)

test('one correction at a time; one that cannot be made changes nothing and says why', async () => {
  const german = inspectionFiles('german', 1)
  const latin = Buffer.from(
    buildInstance({
      studyInstanceUid: studyOf('german'),
      seriesInstanceUid: seriesOf('german'),
      sopInstanceUid: instanceOf('german', 1),
      characterSets: ['ISO_IR 100'],
      image: null,
      attributes: attributesOf({ PatientID: 'B-german', StudyDescription: 'Prüfung' }),
    }),
  )
  assert.equal((await backend.stow([...german, latin])).status, 200)
  const objects = await blobKeys(backend, objectPrefix)
  assert.equal((await order('german', { componentName: 'Łopatka' })).status, 202)
  assert.equal((await order('german', { material: 'x' })).code, 'correction-under-way')
  assert.equal(await work(), 1)
  const [failed] = (await history('german')).corrections
  assert.equal(failed?.state, 'failed')
  assert.match(failed?.fault ?? '', new RegExp(`^${instanceOf('german', 1)}: .*ISO_IR 100.*0010,0010`))
  assert.deepEqual(await blobKeys(backend, objectPrefix), objects)
  assert.ok((await retrieveInstance(backend, 'german', 0)).equals(german[0] as Buffer))
  // What fits the character set goes.
  assert.equal((await correct('german', { componentName: 'Schaufelgehäuse' })).state, 'done')
})

test('bytes that are not those that were stored are not given a new hash', async () => {
  assert.equal((await backend.stow(inspectionFiles('rotten', 2))).status, 200)
  const { rows } = await backend.db.pool.query<{ blob_key: string }>(
    'select blob_key from instance where sop_instance_uid = $1',
    [instanceOf('rotten', 1)],
  )
  const key = rows[0]?.blob_key ?? ''
  const bytes = inspectionFiles('rotten', 2)[1] as Buffer
  bytes[bytes.length - 1] = 0xee
  await backend.deps.blobs.delete(key)
  await backend.deps.blobs.write(
    key,
    (async function* () {
      yield bytes
    })(),
  )
  assert.equal((await order('rotten', { material: 'x' })).status, 202)
  await work()
  const [failed] = (await history('rotten')).corrections
  assert.match(failed?.fault ?? '', /not those that were stored/)
  await backend.deps.blobs.delete(key)
  assert.equal((await order('rotten', { material: 'x' })).status, 202)
  await work()
  assert.match((await history('rotten')).corrections[0]?.fault ?? '', /missing/)
})

test('bytes that cannot be read end a correction, which may be ordered anew once they can', async () => {
  const files = inspectionFiles('sector', 2)
  assert.equal((await backend.stow(files)).status, 200)
  const objects = await blobKeys(backend, objectPrefix)
  const { rows } = await backend.db.pool.query<{ key: string }>(
    'select blob_key as key from instance where sop_instance_uid = $1',
    [instanceOf('sector', 1)],
  )
  const key = rows[0]?.key ?? ''
  await makeUnreadable(backend, key)
  assert.equal((await order('sector', { material: 'x' })).status, 202)
  assert.equal(await work(), 1)
  const [failed] = (await history('sector')).corrections
  assert.equal(failed?.state, 'failed')
  assert.equal(failed.fault, `${instanceOf('sector', 1)}: its stored bytes cannot be read.`)
  await makeReadable(backend, key, files[1] as Buffer)
  assert.deepEqual(await blobKeys(backend, objectPrefix), objects, 'the other file that was made is gone')
  assert.equal((await correct('sector', { material: 'x' })).state, 'done')
})

test('a store that is away holds a correction up, and ends none', async () => {
  assert.equal((await backend.stow(inspectionFiles('away', 2))).status, 200)
  assert.equal((await order('away', { material: 'x' })).status, 202)
  await whileStoreIsAway(backend, async () => {
    await assert.rejects(work(), { code: 'storage-unavailable' })
  })
  assert.equal((await history('away')).corrections[0]?.state, 'running')
  assert.equal(await work(), 0, 'not at once again')
  await backend.db.pool.query('update correction set leased_until = now() where finished_at is null')
  assert.equal(await work(), 1)
  assert.equal((await history('away')).corrections[0]?.state, 'done')
})

test('a disk that is full holds a correction up, keeps no half of a file, and lets it end when there is room', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'instandt-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    t.skip('a small file system can be mounted by root only')
    return
  }
  const full = await startTestBackend({ STORAGE_DIR: folder })
  try {
    const image = { rows: 1024, columns: 1024, bitsAllocated: 16, bitsStored: 16 } as const
    const uids = { studyInstanceUid: studyOf('full'), seriesInstanceUid: seriesOf('full') }
    assert.equal((await full.stow([Buffer.from(buildInstance({ ...uids, image }))])).status, 200)
    const before = await blobKeys(full, '')
    const address = `/api/inspections/${studyOf('full')}/corrections`
    assert.equal((await post(full, address, { changes: { material: 'x' }, reason: 'because' })).status, 202)
    const scope = await readArchiveScope(full.db)
    await assert.rejects(correctInspections(full.deps, scope), { code: 'storage-unavailable' })
    assert.deepEqual(await blobKeys(full, ''), before)
    execFileSync('mount', ['-o', 'remount,size=8m', folder])
    await full.db.pool.query('update correction set leased_until = now()')
    assert.equal(await correctInspections(full.deps, scope), 1)
    assert.equal((await blobKeys(full, objectPrefix)).length, 2)
  } finally {
    await full.stop()
    execFileSync('umount', [folder])
    await rmdir(folder)
  }
})

const expire = (): Promise<unknown> =>
  backend.db.pool.query(`update correction set leased_until = now() - interval '1 second' where finished_at is null`)

test('a worker that stood still while another one took over writes nothing more', { timeout: 30_000 }, async () => {
  assert.equal((await backend.stow(inspectionFiles('stalled', 2))).status, 200)
  assert.equal((await order('stalled', { material: 'x' })).status, 202)
  const scope = await readArchiveScope(backend.db)
  const { blobs } = backend.deps
  const reading = Promise.withResolvers<void>()
  const goesOn = Promise.withResolvers<void>()
  const deps = {
    ...backend.deps,
    blobs: Object.assign(Object.create(blobs) as typeof blobs, {
      read: async (...args: Parameters<typeof blobs.read>) => {
        reading.resolve()
        await goesOn.promise
        return blobs.read(...args)
      },
    }),
  }
  const stalled = correctInspections(deps, scope)
  await reading.promise
  await expire()
  assert.equal(await work(), 1)
  const objects = await blobKeys(backend, objectPrefix)
  goesOn.resolve()
  await stalled
  assert.deepEqual(await blobKeys(backend, objectPrefix), objects, 'no file is left of it')
  const { rows } = await backend.db.pool.query('select from correction_instance')
  assert.equal(rows.length, 0, 'nothing is staged under what is done')
  // The next ones end, also where nothing changes.
  assert.equal((await correct('stalled', { material: 'x' })).state, 'done')
  assert.equal((await correct('stalled', { material: 'y' })).state, 'done')
  assert.equal((await versions('stalled', 0)).length, 3)
})

test('only who holds a correction can end it, fail it or give it up', async () => {
  assert.equal((await backend.stow(inspectionFiles('taken', 1))).status, 200)
  assert.equal((await order('taken', { material: 'x' })).status, 202)
  const scope = await readArchiveScope(backend.db)
  const { db } = backend
  const first = (await claimCorrection(db, scope)) as CorrectionOrder
  await expire()
  const second = (await claimCorrection(db, scope)) as CorrectionOrder
  assert.equal(second.id, first.id)
  const state = async (): Promise<unknown> =>
    (await db.pool.query('select state, leased_by, leased_until from correction where id = $1', [first.id])).rows[0]
  const held = await state()
  await assert.rejects(keepCorrection(db, scope, first), LeaseLost)
  await assert.rejects(failCorrection(db, scope, first, 'the other one failed'), LeaseLost)
  const [instance] = (await listToCorrect(db, scope, first, 1)) as [ToCorrect]
  await assert.rejects(stageUnchanged(db, scope, first, instance, {}), LeaseLost)
  await releaseCorrection(db, scope, first, 0)
  assert.deepEqual(await state(), held)
  const { rows } = await db.pool.query(
    `select from audit_event where detail ->> 'correction' = $1 and result = 'failed'`,
    [first.id],
  )
  assert.equal(rows.length, 0, 'no event of a failure that was not')
  await stageUnchanged(db, scope, second, instance, {})
  await assert.rejects(swapFiles(db, scope, first), LeaseLost)
  await stageUnchanged(db, scope, second, instance, {})
  await releaseCorrection(db, scope, second, 0)
  assert.equal(await work(), 1)
  assert.equal((await history('taken')).corrections[0]?.state, 'done')
})

test('instances that come, go and are deleted meanwhile', async () => {
  const files = inspectionFiles('busy', 4)
  assert.equal((await backend.stow(files.slice(0, 3))).status, 200)
  assert.equal((await order('busy', { componentNumber: 'B-9' })).status, 202)
  const gone = await remove(backend, studyOf('busy'), { instances: [instanceOf('busy', 0)] })
  const working = work()
  assert.equal((await backend.stow(files.slice(3))).status, 200)
  assert.equal(await working, 1)
  // Whichever came first: those that were there at the end have the new number.
  const ids = async (): Promise<string[]> =>
    Promise.all(
      [1, 2, 3].map(
        async (index) =>
          getWholeText((await readHeader([await retrieveInstance(backend, 'busy', index)])).dataset, tags.patientId) ??
          '',
      ),
    )
  assert.deepEqual((await ids()).slice(0, 2), ['B-9', 'B-9'])
  const back = await restore(backend, gone.id)
  assert.equal(back.differs, true, 'its file says another component than the inspection')
  assert.ok((await retrieveInstance(backend, 'busy', 0)).equals(files[0] as Buffer))
  await checkTotals(backend)
  // Again for the one that came back: the others need nothing.
  const second = await correct('busy', { componentNumber: 'B-9' })
  assert.ok(second.doneCount >= 1 && second.doneCount <= 2, String(second.doneCount))
  assert.deepEqual(await ids(), ['B-9', 'B-9', 'B-9'])

  // With its versions into the bin, back, and to an end.
  const deletion = await remove(backend, studyOf('busy'))
  const keys = await blobKeys(backend, objectPrefix)
  const swept = await sweepOrphans(backend.deps, await readArchiveScope(backend.db), { graceHours: 0, isDryRun: true })
  assert.deepEqual([swept.quarantined, swept.seen], [[], keys.length])
  await restore(backend, deletion.id)
  assert.equal((await history('busy')).corrections.length, 2)
  assert.equal((await versions('busy', 1)).length, 2)
  assert.ok((await version('busy', 1, 1)).equals(files[1] as Buffer))

  assert.equal((await order('busy', { componentNumber: 'B-10' })).status, 202)
  await remove(backend, studyOf('busy'))
  assert.equal(await work(), 1)
  const { rows } = await backend.db.pool.query<{ state: string; fault: string }>(
    `select state, fault from correction where study_instance_uid = $1 order by created_at desc limit 1`,
    [studyOf('busy')],
  )
  assert.deepEqual(rows, [{ state: 'failed', fault: 'The inspection was deleted or moved meanwhile.' }])
})

test('the worker does it as a job, and takes up what a killed one left', async () => {
  assert.equal((await backend.stow(inspectionFiles('job', 2))).status, 200)
  assert.equal((await order('job', { material: 'Steel' })).status, 202)
  // As after SIGKILL: begun, and the hold of the process is over.
  await backend.db.pool.query(
    `update correction set state = 'running', leased_until = now() - interval '1 second' where study_instance_uid = $1`,
    [studyOf('job')],
  )
  const jobs = await startJobs(backend.deps)
  try {
    await jobs.addJob('correct-inspections', {})
    for (let wait = 0; wait < 200 && (await history('job')).corrections[0]?.state !== 'done'; wait += 1) await delay(50)
  } finally {
    await jobs.stop()
  }
  assert.equal((await history('job')).corrections[0]?.state, 'done')
})
