import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Dataset, failureReasons, getString, tags } from '@instandt/dicom'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import { objectPrefix, temporaryPrefix } from '../../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'
import { signedFetch, testCaller } from '@instandt/testkit'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

const small = { rows: 8, columns: 8 }
const read = async (answer: Response): Promise<Dataset> => (await answer.json()) as Dataset
const failures = (dataset: Dataset): (number | undefined)[] =>
  [
    ...((dataset[tags.failedSopSequence]?.Value ?? []) as Dataset[]),
    ...((dataset[tags.otherFailuresSequence]?.Value ?? []) as Dataset[]),
  ].map((item) => item[tags.failureReason]?.Value?.[0] as number)
const storedCount = (dataset: Dataset): number => (dataset[tags.referencedSopSequence]?.Value ?? []).length

async function blobCount(prefix: string): Promise<number> {
  let count = 0
  for await (const _ of backend.deps.blobs.list(prefix)) count += 1
  return count
}

async function rowCount(): Promise<number> {
  const { rows } = await backend.db.pool.query<{ count: number }>('select count(*)::int as count from instance')
  return rows[0]?.count ?? -1
}

test('all instances stored is 200, with an address for each and for their one study', async () => {
  const files = [1, 2, 3].map((number) =>
    buildInstance({ seed: 'all', sopInstanceUid: uidOf('all', number), image: small }),
  )
  const answer = await backend.stow(files)
  assert.equal(answer.status, 200)
  const dataset = await read(answer)
  assert.equal(storedCount(dataset), 3)
  assert.match(getString(dataset, tags.retrieveUrl) ?? '', new RegExp(`/dicom-web/studies/${uidOf('all', 'study')}$`))
})

test('some stored is 202, none is 409, and the reason of each failure is told', async () => {
  const good = buildInstance({ seed: 'some', image: small })
  const noUid = buildInstance({ seed: 'some-2', image: small, attributes: { [tags.studyInstanceUid]: undefined } })
  const some = await backend.stow([good, noUid, Buffer.from('no file at all')])
  assert.equal(some.status, 202)
  assert.deepEqual(
    new Set(failures(await read(some))),
    new Set([failureReasons.missingAttribute, failureReasons.cannotUnderstand]),
  )
  const none = await backend.stow([noUid])
  assert.equal(none.status, 409)
})

test('a long file has the hash of its bytes, which a thread takes', async () => {
  const file = buildInstance({ seed: 'long', image: { rows: 2048, columns: 2048 } })
  assert.ok(file.length > 4 * 1024 * 1024)
  let threads = 0
  const count = (): void => void (threads += 1)
  process.on('worker', count)
  assert.equal((await backend.stow([file])).status, 200)
  process.off('worker', count)
  assert.equal(threads, 1)
  const { rows } = await backend.db.pool.query<{ sha256: Buffer }>(
    'select sha256 from instance where sop_instance_uid = $1',
    [uidOf('long', 'instance')],
  )
  assert.deepEqual(rows, [{ sha256: hash('sha256', file, 'buffer') }])
})

test('the row of a short file is written while its bytes are flushed, and nobody sees it before', async (t) => {
  const { blobs, db } = backend.deps
  const write = blobs.write.bind(blobs)
  t.after(() => {
    blobs.write = write
  })
  const open = `select from pg_stat_activity where datname = current_database() and state = 'idle in transaction'
    and query like '%insert into instance %'`
  let isWaiting = false
  const before = await rowCount()
  let during = -1
  blobs.write = async (key, body, options) => {
    const written = await write(key, body, options)
    // A flush that takes until the row is there; its transaction waits a quarter of a second.
    for (let looks = 0; looks < 200 && !isWaiting; looks += 1)
      isWaiting = (await db.pool.query(open)).rows.length > 0 || (await delay(5, false))
    during = await rowCount()
    return written
  }
  assert.equal((await backend.stow([buildInstance({ seed: 'flushed', image: small })])).status, 200)
  assert.deepEqual([isWaiting, during, await rowCount()], [true, before, before + 1])
})

test('the same bytes again succeed and leave no second copy', async () => {
  const file = buildInstance({ seed: 'again', image: small })
  assert.equal((await backend.stow([file])).status, 200)
  const [blobs, rows] = [await blobCount(objectPrefix), await rowCount()]
  assert.equal((await backend.stow([file, file])).status, 200)
  assert.deepEqual([await blobCount(objectPrefix), await rowCount()], [blobs, rows])
})

test('other bytes under a taken SOP Instance UID fail for that instance alone', async () => {
  const first = buildInstance({ seed: 'taken', image: small })
  const other = buildInstance({ seed: 'taken', image: small, attributes: attributesOf({ PatientName: 'Another' }) })
  const next = buildInstance({ seed: 'taken', sopInstanceUid: uidOf('taken', 'next'), image: small })
  assert.equal((await backend.stow([first])).status, 200)
  const answer = await backend.stow([other, next])
  assert.equal(answer.status, 202)
  const dataset = await read(answer)
  assert.deepEqual(failures(dataset), [failureReasons.duplicateSopInstance])
  assert.equal(storedCount(dataset), 1)
})

test('a SOP Instance UID taken in another series fails and leaves no empty view or inspection', async () => {
  const sopInstanceUid = uidOf('moved', 'instance')
  assert.equal((await backend.stow([buildInstance({ seed: 'moved', sopInstanceUid, image: small })])).status, 200)
  assert.equal(
    (await backend.stow([buildInstance({ seed: 'moved-elsewhere', sopInstanceUid, image: small })])).status,
    409,
  )
  const { rows } = await backend.db.pool.query('select from study where study_instance_uid = $1', [
    uidOf('moved-elsewhere', 'study'),
  ])
  assert.equal(rows.length, 0)
})

test('an instance whose study UID differs from the address is refused', async () => {
  const file = buildInstance({ seed: 'address', image: small })
  assert.equal((await backend.stow([file], { study: '1.2.3' })).status, 409)
  assert.equal((await backend.stow([file], { study: uidOf('address', 'study') })).status, 200)
})

test('UIDs that are paths, empty, padded inside or too long are refused', async () => {
  for (const uid of ['../../etc/passwd', '1.2 .3', '1..2', `1.${'2'.repeat(70)}`]) {
    const file = buildInstance({
      seed: 'uid',
      image: small,
      attributes: { [tags.sopInstanceUid]: { vr: 'UI', Value: [uid] } },
    })
    assert.equal((await backend.stow([file])).status, 409, uid)
  }
})

test('content types that are no instances are 415, and a missing boundary is 400', async () => {
  assert.equal((await backend.stow([], { contentType: 'application/json' })).status, 415)
  assert.equal(
    (await backend.stow([], { contentType: 'multipart/related; type="application/dicom+json"; boundary=x' })).status,
    415,
  )
  assert.equal((await backend.stow([], { contentType: 'multipart/related; type="application/dicom"' })).status, 400)
  const part = await backend.stow([buildInstance({ seed: 'part', image: small })], { partType: 'image/png' })
  assert.equal(part.status, 409)
})

test('an answer of another type than DICOM JSON is refused before the body is taken', async () => {
  const answer = await signedFetch(`${backend.url}/dicom-web/studies`, {
    method: 'POST',
    headers: { 'content-type': 'application/dicom', accept: 'application/dicom+xml' },
    body: buildInstance({ seed: 'xml', image: small }) as Uint8Array<ArrayBuffer>,
  })
  assert.equal(answer.status, 406)
})

test('a body without its final delimiter is 400, and whole parts before it are stored', async () => {
  const file = buildInstance({ seed: 'cut', image: small })
  const body = Buffer.concat([
    Buffer.from('--b\r\nContent-Type: application/dicom\r\n\r\n'),
    file,
    Buffer.from('\r\n--b\r\nContent-Type: application/dicom\r\n\r\nabc'),
  ])
  const answer = await signedFetch(`${backend.url}/dicom-web/studies`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; boundary=b' },
    body,
  })
  assert.equal(answer.status, 400)
  const { rows } = await backend.db.pool.query('select from study where study_instance_uid = $1', [
    uidOf('cut', 'study'),
  ])
  assert.equal(rows.length, 1)
})

test('a file over the limit is 413 and leaves nothing', async () => {
  const limited = await startTestBackend({ STORE_MAX_INSTANCE_BYTES: 4096 })
  try {
    const answer = await signedFetch(`${limited.url}/dicom-web/studies`, {
      method: 'POST',
      headers: { 'content-type': 'application/dicom' },
      body: buildInstance({ seed: 'large', image: { rows: 128, columns: 128 } }) as Uint8Array<ArrayBuffer>,
    })
    assert.equal(answer.status, 413)
    for await (const blob of limited.deps.blobs.list(objectPrefix)) assert.fail(`${blob.key} was left`)
  } finally {
    await limited.stop()
  }
})

test('a client that goes away in the middle leaves neither row nor blob', async () => {
  const file = buildInstance({ seed: 'gone', image: { rows: 256, columns: 256 } })
  const [rows, blobs] = [await rowCount(), await blobCount(objectPrefix)]
  const socket = net.connect(Number(new URL(backend.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `POST /dicom-web/studies HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${testCaller.authorization}\r\nContent-Type: application/dicom\r\nContent-Length: ${file.length}\r\n\r\n`,
  )
  socket.write(file.subarray(0, file.length >> 1))
  await new Promise((resolve) => setTimeout(resolve, 100))
  socket.destroy()
  for (let wait = 0; wait < 50 && (await blobCount(temporaryPrefix)) > 0; wait += 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
  assert.deepEqual(
    [await rowCount(), await blobCount(objectPrefix), await blobCount(temporaryPrefix)],
    [rows, blobs, 0],
  )
})

test('totals stay right when many requests insert into the same series at once', async () => {
  const files = Array.from({ length: 120 }, (_, index) =>
    buildInstance({ seed: 'many', sopInstanceUid: uidOf('many', index), image: small }),
  )
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, lane) => backend.stow(files.slice(lane * 10, lane * 10 + 12))),
  )
  assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200])
  const { rows } = await backend.db.pool.query(
    `select s.series_count, s.instance_count, r.instance_count as in_series, s.byte_size = (select sum(byte_size) from instance i where i.study_id = s.id) as sums
      from study s join series r on r.study_id = s.id where s.study_instance_uid = $1`,
    [uidOf('many', 'study')],
  )
  assert.deepEqual(rows, [{ series_count: 1, instance_count: 120, in_series: 120, sums: true }])
})

test('a study of a project the caller may not see is refused without telling whose it is', async () => {
  await backend.db.pool.query(`insert into project (slug, name) values ('other', 'Other')`)
  assert.equal((await backend.stow([buildInstance({ seed: 'foreign', image: small })])).status, 200)
  await backend.db.pool.query(
    `with p as (select id from project where slug = 'other'), s as (update study set project_id = (select id from p) where study_instance_uid = $1 returning id),
      r as (update series set project_id = (select id from p) where study_id in (select id from s))
      update instance set project_id = (select id from p) where study_id in (select id from s)`,
    [uidOf('foreign', 'study')],
  )
  const answer = await backend.stow([
    buildInstance({ seed: 'foreign', sopInstanceUid: uidOf('foreign', 'second'), image: small }),
  ])
  assert.equal(answer.status, 409)
  assert.ok(!(await answer.text()).includes('Other'))
})

test('text no database takes does not stop an instance: NUL, half a surrogate pair, very long', async () => {
  const file = buildInstance({
    seed: 'odd-text',
    image: small,
    attributes: attributesOf({
      PatientName: 'A\0B',
      PatientID: 'C\uD800D',
      StudyDescription: 'x'.repeat(3000),
      InstanceNumber: '1160501010100',
    }),
  })
  assert.equal((await backend.stow([file])).status, 200)
})
