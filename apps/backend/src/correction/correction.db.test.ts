import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rename, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Correction, type History, historySchema, type Version, versionListSchema } from '@instandt/api'
import { getItems, getWholeText, readHeader, tags } from '@instandt/dicom'
import { attributesOf, buildInstance } from '@instandt/testkit/files'
import {
  blobKeys,
  checkTotals,
  inspectionFiles,
  instanceOf,
  post,
  remove,
  restore,
  retrieveInstance,
  seriesOf,
  studyOf,
} from '../archive.fixture.ts'
import { addPerson, sessionHeaders } from '../identity.fixture.ts'
import { correctInspections } from '../jobs/correct-inspections.ts'
import { startJobs } from '../jobs/index.ts'
import { sweepOrphans } from '../jobs/sweep-orphans.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { objectPrefix } from '../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { earlierHashes } from './hash-chain.ts'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const work = async (): Promise<number> => correctInspections(backend.deps, await readArchiveScope(backend.db))
const order = (seed: string, changes: object, reason = 'typing error'): ReturnType<typeof post> =>
  post(backend, `/api/inspections/${studyOf(seed)}/corrections`, { changes, reason })

async function correct(seed: string, changes: object): Promise<Correction> {
  const { status, body } = await order(seed, changes)
  assert.equal(status, 202, JSON.stringify(body))
  assert.equal(await work(), 1)
  const [newest] = (await history(seed)).corrections
  return newest as Correction
}

async function history(seed: string): Promise<History> {
  const answer = await backend.get(`/api/inspections/${studyOf(seed)}/history`)
  assert.equal(answer.status, 200, await answer.clone().text())
  return historySchema.parse(await answer.json())
}

async function versions(seed: string, index: number): Promise<Version[]> {
  const answer = await backend.get(`/api/inspections/${studyOf(seed)}/instances/${instanceOf(seed, index)}/versions`)
  assert.equal(answer.status, 200)
  return versionListSchema.parse(await answer.json()).items
}

async function version(seed: string, index: number, number: number): Promise<Buffer> {
  const place = `/api/inspections/${studyOf(seed)}/instances/${instanceOf(seed, index)}/versions/${number}`
  const answer = await backend.get(place)
  assert.equal(answer.status, 200)
  return Buffer.from(await answer.arrayBuffer())
}

const etags = async (seed: string): Promise<(string | null)[]> =>
  Promise.all(
    [
      `/dicom-web/studies/${studyOf(seed)}`,
      `/dicom-web/studies/${studyOf(seed)}/metadata`,
      `/dicom-web/studies/${studyOf(seed)}/series/${seriesOf(seed)}/instances/${instanceOf(seed, 0)}`,
    ].map(async (place) => {
      const answer = await backend.get(place, { accept: '*/*' })
      await answer.arrayBuffer()
      return answer.headers.get('etag')
    }),
  )

test('a corrected inspection is found, shown and sent with the new values; the original stays', async () => {
  const files = inspectionFiles('typo', 3, 2)
  assert.equal((await backend.stow(files)).status, 200)
  const before = await etags('typo')
  const done = await correct('typo', {
    componentNumber: 'KN-8/0815',
    componentName: 'Größe 8',
    orderNumber: null,
    date: '20261124',
  })
  assert.deepEqual(
    [done.state, done.instanceCount, done.doneCount, done.reason, done.actorName, done.fault],
    ['done', 6, 6, 'typing error', 'tests', null],
  )
  assert.deepEqual(done.before, {
    componentName: ['Blade typo'],
    componentNumber: ['B-typo'],
    orderNumber: ['JOB-typo'],
    date: ['20260518'],
  })

  const studies = async (query: string): Promise<number> => (await backend.get(`/dicom-web/studies?${query}`)).status
  assert.equal(await studies('PatientID=KN-8/0815'), 200)
  assert.equal(await studies('PatientID=B-typo'), 204)
  assert.equal(await studies('PatientName=gr%C3%B6sse*&StudyDate=20261124'), 200)
  const shown = (await (await backend.get(`/api/inspections/${studyOf('typo')}`)).json()) as Record<string, unknown>
  assert.deepEqual(
    [shown['componentName'], shown['componentNumber'], shown['orderNumber'], shown['date'], shown['instanceCount']],
    ['Größe 8', 'KN-8/0815', null, '20261124', 6],
  )
  await checkTotals(backend)
  for (const [index, tag] of (await etags('typo')).entries()) assert.notEqual(tag, before[index])

  for (const [index, file] of files.entries()) {
    const view = Math.floor(index / 3)
    const now = await retrieveInstance(backend, 'typo', index, view)
    const read = await readHeader([now])
    assert.deepEqual(
      [tags.patientId, tags.patientName, tags.accessionNumber, tags.studyDate].map((tag) =>
        getWholeText(read.dataset, tag),
      ),
      ['KN-8/0815', 'Größe 8', undefined, '20261124'],
    )
    assert.deepEqual(now.subarray(-64), file.subarray(-64), 'the pixels')
    assert.deepEqual(earlierHashes(read.dataset), [sha256(file)])
    const frame = await backend.get(
      `/dicom-web/studies/${studyOf('typo')}/series/${seriesOf('typo', view)}/instances/${instanceOf('typo', index)}/frames/1`,
      { accept: 'application/octet-stream' },
    )
    assert.deepEqual(Buffer.from(await frame.arrayBuffer()), file.subarray(-64))
    const list = await versions('typo', index)
    assert.deepEqual(
      list.map((one) => [one.version, one.isCurrent, one.sha256, one.correction]),
      [
        [2, true, sha256(now), done.id],
        [1, false, sha256(file), null],
      ],
    )
    assert.ok((await version('typo', index, 1)).equals(file))
    assert.ok((await version('typo', index, 2)).equals(now))
  }
  // The old file may be sent again: it is known.
  const again = await backend.stow([files[0] as Buffer])
  assert.equal(again.status, 200)
  assert.match(await again.text(), /PRESENT/)
  const { rows } = await backend.db.pool.query<{ step: string; before: unknown }>(
    `select detail ->> 'step' as step, detail -> 'before' as before from audit_event where action = 'image.correct' order by id`,
  )
  assert.deepEqual(rows, [
    { step: 'ordered', before: null },
    { step: 'done', before: done.before },
  ])
  const swept = await sweepOrphans(backend.deps, await readArchiveScope(backend.db), { graceHours: 0, isDryRun: true })
  assert.deepEqual(swept.quarantined, [])
})

test('a second correction stands on the first; what is right already gets no new file', async () => {
  const [one, two] = inspectionFiles('twice', 2) as [Buffer, Buffer]
  const odd = Buffer.from(
    buildInstance({
      studyInstanceUid: studyOf('twice'),
      seriesInstanceUid: seriesOf('twice'),
      sopInstanceUid: instanceOf('twice', 1),
      image: null,
      attributes: attributesOf({ PatientID: 'B-right', Modality: 'DX' }),
    }),
  )
  assert.equal((await backend.stow([one, odd])).status, 200)
  assert.ok(two.length > 0)
  const first = await correct('twice', { componentNumber: 'B-right' })
  assert.deepEqual([first.before, first.doneCount], [{ componentNumber: ['B-right', 'B-twice'] }, 1])
  assert.equal((await versions('twice', 1)).length, 1)
  await correct('twice', { componentNumber: 'B-3', material: 'Ti6Al4V', componentManufacturer: 'Gießerei Süd' })
  const list = await versions('twice', 0)
  assert.deepEqual(
    list.map((entry) => entry.version),
    [3, 2, 1],
  )
  const { dataset } = await readHeader([await version('twice', 0, 3)])
  assert.deepEqual(earlierHashes(dataset), [list[2]?.sha256, list[1]?.sha256])
  assert.equal(getItems(dataset, tags.originalAttributesSequence).length, 2)
  const { current, corrections } = await history('twice')
  assert.deepEqual([current['material'], current['componentManufacturer']], ['Ti6Al4V', 'Gießerei Süd'])
  assert.equal(corrections.length, 2)
  await checkTotals(backend)
})

test('another number joins the inspection to another component; one that has none left is gone', async () => {
  assert.equal((await backend.stow([...inspectionFiles('part-a', 1), ...inspectionFiles('part-b', 1)])).status, 200)
  await correct('part-b', { componentNumber: 'B-part-a' })
  const { rows } = await backend.db.pool.query(
    `select c.identity_key, count(*)::integer as studies from component c join study s on s.component_id = c.id
     where s.study_instance_uid in ($1, $2) group by 1`,
    [studyOf('part-a'), studyOf('part-b')],
  )
  assert.equal(rows.length, 1)
  await checkTotals(backend)
})

test('wrong values are named, and rights and addresses are those of the table', async () => {
  assert.equal((await backend.stow(inspectionFiles('refused', 1))).status, 200)
  for (const [changes, words] of [
    [{}, /names no attribute/],
    [{ orderNumber: 'x'.repeat(17) }, /orderNumber: is longer than 16/],
    [{ date: '20260231' }, /date: is no date/],
    [{ componentNumber: 'a\\b' }, /backslash/],
    [{ patientSex: 'F' }, /patientSex|[Uu]nrecognized/],
    [{ componentName: 7 }, /componentName/],
  ] as const) {
    const answer = await order('refused', changes)
    assert.equal(answer.status, 400)
    assert.match(String(answer.body['detail']), words)
  }
  assert.equal((await order('refused', { material: 'x' }, '')).status, 400)
  const levelOne = await sessionHeaders(
    backend.db,
    (await addPerson(backend.db, { memberships: { default: 'level-i' } })).id,
    backend.url,
  )
  const body = { changes: { material: 'x' }, reason: 'because' }
  assert.equal((await post(backend, `/api/inspections/${studyOf('refused')}/corrections`, body, levelOne)).status, 403)
  assert.equal((await post(backend, '/api/inspections/1.2.3/corrections', body)).code, 'inspection-not-found')
  assert.equal(await work(), 0)
  assert.equal((await backend.get(`/api/inspections/${studyOf('refused')}/instances/1.2/versions`)).status, 404)
  for (const number of ['2', '0', '-1', 'x'])
    assert.equal(
      (
        await backend.get(
          `/api/inspections/${studyOf('refused')}/instances/${instanceOf('refused', 0)}/versions/${number}`,
        )
      ).status,
      404,
    )
})

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

test('a store that is away holds a correction up, and ends none', async () => {
  assert.equal((await backend.stow(inspectionFiles('away', 2))).status, 200)
  assert.equal((await order('away', { material: 'x' })).status, 202)
  const folder = backend.deps.config.STORAGE_DIR ?? ''
  await rename(folder, `${folder}-away`)
  try {
    await assert.rejects(work(), { code: 'storage-unavailable' })
  } finally {
    await rename(`${folder}-away`, folder)
  }
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
  await restore(backend, gone.id)
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
