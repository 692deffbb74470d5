// What a sender sees of an upload in parts, from its beginning to its end.
import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { formatDigest, uploadPartUrl, uploadSchema, uploadUrl } from '@instandt/api'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import { tokenHeaders } from '../identity.fixture.ts'
import { startJobs } from '../jobs/index.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import {
  ask,
  begin,
  blobKeys,
  complete,
  jobCount,
  look,
  partBytes,
  partOf,
  problemOf,
  putAll,
  putPart,
  type Sender,
  senderOf,
  settled,
  sha256Of,
  upload,
} from './upload.fixture.ts'

let backend: TestBackend
let sender: Sender
let jobs: Awaited<ReturnType<typeof startJobs>>
before(async () => {
  backend = await startTestBackend({
    DERIVE_THREADS: 0,
    UPLOAD_PART_BYTES: partBytes,
    STORE_MAX_INSTANCE_BYTES: 2_000_000,
  })
  sender = senderOf(backend)
  jobs = await startJobs(backend.deps)
})
after(async () => {
  await jobs.stop()
  await backend.stop()
})

/** Some 200 KiB: four parts, the last one short. */
const fileOf = (seed: string, more: object = {}): Uint8Array =>
  buildInstance({ seed, image: { rows: 320, columns: 320 }, ...more })

const rowsOf = async (seed: string): Promise<number> =>
  (await backend.db.pool.query('select from instance where sop_instance_uid = $1', [uidOf(seed, 'instance')]))
    .rowCount ?? -1

test('a file in parts, in any order, is stored as STOW-RS stores it', async () => {
  const bytes = fileOf('whole')
  const begun = await begin(sender, bytes, { name: 'Werk 7/Naht 12.dcm' })
  uploadSchema.parse(begun)
  assert.deepEqual(
    [begun.state, begun.partSize, begun.partCount, begun.received, begun.project],
    ['open', partBytes, 4, [], 'default'],
  )
  for (const number of [3, 0, 1])
    assert.equal((await putPart(sender, begun, number, partOf(begun, bytes, number))).status, 204)
  const halfway = await look(sender, begun)
  assert.deepEqual(halfway.received, [
    [0, 1],
    [3, 3],
  ])
  assert.equal(halfway.receivedBytes, bytes.length - partBytes)
  assert.equal((await putPart(sender, begun, 2, partOf(begun, bytes, 2))).status, 204)
  const completed = await complete(sender, begun)
  assert.equal(completed.status, 202)
  assert.equal(completed.headers.get('location'), uploadUrl(begun.id))
  const ended = await settled(sender, begun)
  uploadSchema.parse(ended)
  assert.deepEqual(ended.outcome, {
    kind: 'stored',
    studyInstanceUid: uidOf('whole', 'study'),
    seriesInstanceUid: uidOf('whole', 'series'),
    sopInstanceUid: uidOf('whole', 'instance'),
    sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
    sha256: sha256Of(bytes).toString('hex'),
  })
  assert.deepEqual([ended.state, ended.received, ended.readBytes], ['stored', [[0, 3]], bytes.length])
  assert.ok(ended.finishedAt !== null && ended.expiresAt === null && halfway.expiresAt !== null)
  const back = await backend.get(
    `/dicom-web/studies/${uidOf('whole', 'study')}/series/${uidOf('whole', 'series')}/instances/${uidOf('whole', 'instance')}`,
    { accept: 'application/dicom; transfer-syntax=*' },
  )
  assert.ok(Buffer.from(await back.arrayBuffer()).equals(bytes))
  const { rows } = await backend.db.pool.query(
    `select action, result, actor_kind, actor_name, target from audit_event where action like 'upload.%'
      or (action = 'image.store' and study_instance_uid = $1) order by id`,
    [uidOf('whole', 'study')],
  )
  assert.deepEqual(rows, [
    { action: 'upload.create', result: 'done', actor_kind: 'token', actor_name: 'tests', target: begun.id },
    { action: 'image.store', result: 'done', actor_kind: 'token', actor_name: 'tests', target: '' },
  ])
  assert.equal(
    (await backend.db.pool.query('select from upload_part where upload_id = $1', [begun.id])).rowCount,
    0,
    'parts are needed no more',
  )
})

test('every request may be repeated', async () => {
  const bytes = fileOf('again')
  const begun = await begin(sender, bytes)
  await putAll(sender, begun, bytes)
  await putAll(sender, begun, bytes)
  for (let times = 0; times < 3; times += 1) assert.equal((await complete(sender, begun)).status, 202)
  assert.equal((await settled(sender, begun)).state, 'stored')
  const again = await complete(sender, begun)
  assert.equal(again.status, 202)
  assert.equal(((await again.json()) as { state: string }).state, 'stored')
  assert.equal(await rowsOf('again'), 1)
})

test('beginning with the same key is the same upload, for the same sender and the same file', async () => {
  const bytes = fileOf('keyed')
  const key = randomUUID()
  const first = await begin(sender, bytes, { key })
  await putPart(sender, first, 0, partOf(first, bytes, 0))
  const again = await Promise.all([1, 2, 3].map(() => begin(sender, bytes, { key })))
  assert.deepEqual(
    again.map(({ id, received }) => [id, received]),
    again.map(() => [first.id, [[0, 0]]]),
  )
  const other = await ask(sender, 'POST', '/api/uploads', { name: 'weld.dcm', byteSize: 9, key })
  assert.deepEqual([other.status, (await problemOf(other)).code], [409, 'key-taken'])
  const colleague = senderOf(backend, await tokenHeaders(backend.db, 'sender', ['default']))
  assert.notEqual((await begin(colleague, bytes, { key })).id, first.id)
  assert.equal((await ask(sender, 'DELETE', uploadUrl(first.id))).status, 204)
  assert.notEqual((await begin(sender, bytes, { key })).id, first.id)
})

test('a part that is not what it says is refused, and what is here stays whole', async () => {
  const bytes = fileOf('faulty')
  const begun = await begin(sender, bytes)
  const first = partOf(begun, bytes, 0)
  const other = new Uint8Array(randomBytes(first.length))
  const put = async (number: number, body: Uint8Array, headers: Record<string, string>): Promise<string> => {
    const answer = await putPart(sender, begun, number, body, headers)
    return `${answer.status} ${answer.status === 204 ? '' : (await problemOf(answer)).code}`.trim()
  }
  const digest = formatDigest(sha256Of(first))
  assert.equal(await put(0, other, { 'content-digest': digest }), '400 digest-mismatch')
  assert.deepEqual((await look(sender, begun)).received, [])
  assert.equal(await put(0, first, { 'content-digest': '', 'repr-digest': digest }), '204')
  assert.equal(await put(0, other, { 'content-digest': digest }), '204', 'here already: its bytes are not looked at')
  assert.equal(await put(0, other, {}), '409 part-differs')
  assert.equal(await put(1, first.subarray(1), {}), '400 part-length-mismatch')
  assert.equal(await put(3, first, {}), '400 part-length-mismatch')
  assert.equal(await put(4, first, {}), '400 part-unknown')
  assert.equal(await put(1, partOf(begun, bytes, 1), { 'content-encoding': 'gzip' }), '415 unsupported-encoding')
  assert.equal(await put(1, partOf(begun, bytes, 1), { 'content-digest': 'md5=:AAAA:' }), '400 digest-needed')
  const numbered = await fetch(`${sender.url}${uploadUrl(begun.id)}/parts/first`, {
    method: 'PUT',
    headers: sender.headers,
    body: 'x',
  })
  assert.equal((await problemOf(numbered)).code, 'part-unknown')
  const chunked = await fetch(sender.url + uploadPartUrl(begun.id, 1), {
    method: 'PUT',
    headers: { ...sender.headers, 'content-digest': digest },
    body: new Blob([first]).stream(),
    duplex: 'half',
  } as RequestInit)
  assert.equal(chunked.status, 411)
  await putAll(sender, begun, bytes)
  await complete(sender, begun)
  assert.equal((await settled(sender, begun)).state, 'stored')
})

test('a digest that is missing is asked for (RFC 9530)', async () => {
  const bytes = fileOf('asked')
  const begun = await begin(sender, bytes)
  const answer = await putPart(sender, begun, 0, partOf(begun, bytes, 0), { 'content-digest': '' })
  assert.equal(answer.status, 400)
  assert.equal(answer.headers.get('want-content-digest'), 'sha-256=10')
})

test('complete names the parts that are missing and changes nothing', async () => {
  const bytes = fileOf('missing')
  const begun = await begin(sender, bytes)
  await putPart(sender, begun, 1, partOf(begun, bytes, 1))
  const answer = await complete(sender, begun)
  assert.equal(answer.status, 409)
  const { code, detail } = await problemOf(answer)
  assert.equal(code, 'parts-missing')
  assert.match(detail, /^3 parts \(\d+ bytes\) are missing: 0, 2, 3\.$/)
  assert.equal((await look(sender, begun)).state, 'open')
  assert.equal(await jobCount(backend, 'assemble-upload'), 0)
  await putAll(sender, begun, bytes)
  assert.equal((await complete(sender, begun)).status, 202)
  assert.equal((await settled(sender, begun)).state, 'stored')
})

test('what is wrong with a new upload is named', async () => {
  const post = async (body: object): Promise<[number, string, string]> => {
    const answer = await ask(sender, 'POST', '/api/uploads', body)
    const { code, detail } = await problemOf(answer)
    return [answer.status, code, detail]
  }
  const good = { name: 'a.dcm', byteSize: 10 }
  assert.deepEqual(await post({ ...good, byteSize: 2_000_001 }), [
    413,
    'file-too-large',
    'The file is larger than 2000000 bytes.',
  ])
  for (const [body, word] of [
    [{ ...good, byteSize: 0 }, /byteSize/],
    [{ ...good, byteSize: 1.5 }, /byteSize/],
    [{ ...good, name: ' ' }, /name/],
    [{ ...good, sha256: 'AB' }, /sha256/],
    [{ ...good, content: { kind: 'film' } }, /content/],
    [{ ...good, partSize: 1 }, /partSize/],
    [{ byteSize: 1 }, /name/],
  ] as const) {
    const [status, code, detail] = await post(body)
    assert.deepEqual([status, code], [400, 'malformed-body'])
    assert.match(detail, word)
  }
  assert.equal((await post({ ...good, name: 'a\0b' }))[1], 'malformed-text')
  assert.equal((await post({ ...good, project: 'nowhere' }))[0], 404)
})

test('the same file again is already stored, and its bytes are dropped', async () => {
  const bytes = fileOf('present')
  const first = await upload(sender, bytes)
  const keys = await blobKeys(backend)
  const second = await upload(sender, bytes)
  assert.equal(second.state, 'stored')
  assert.deepEqual(second.outcome, { ...first.outcome, kind: 'already-stored' })
  await unchanged(keys)
  assert.equal(await rowsOf('present'), 1)
})

test('a refused file has the failure reason and the words of STOW-RS, and its bytes are dropped', async () => {
  const bytes = fileOf('taken')
  assert.equal((await upload(sender, bytes)).state, 'stored')
  const keys = await blobKeys(backend)
  const other = await upload(sender, fileOf('taken', { attributes: attributesOf({ PatientName: 'Another' }) }))
  assert.deepEqual(other.outcome, {
    kind: 'refused',
    failureReason: 0x0111,
    comment: 'Another file with this SOP Instance UID is stored; it was kept.',
    studyInstanceUid: uidOf('taken', 'study'),
    seriesInstanceUid: uidOf('taken', 'series'),
    sopInstanceUid: uidOf('taken', 'instance'),
    sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
  })
  const junk = await upload(sender, randomBytes(3 * partBytes))
  assert.equal(junk.state, 'refused')
  assert.equal(junk.outcome?.kind === 'refused' && junk.outcome.failureReason, 0xc000)
  await unchanged(keys)
  const { rows } = await backend.db.pool.query(
    `select count(*)::int as count from audit_event where action = 'image.store' and result = 'refused'`,
  )
  assert.deepEqual(rows, [{ count: 2 }])
})

test('a file that is not the one announced fails, and its bytes are dropped', async () => {
  const bytes = fileOf('announced')
  const keys = await blobKeys(backend)
  const failed = await upload(sender, bytes, { sha256: sha256Of(randomBytes(9)).toString('hex') })
  assert.equal(failed.state, 'failed')
  assert.equal(failed.outcome?.kind === 'failed' && failed.outcome.code, 'digest-mismatch')
  await unchanged(keys)
  assert.equal(await rowsOf('announced'), 0)
  const right = await upload(sender, bytes, { sha256: sha256Of(bytes).toString('hex') })
  assert.equal(right.state, 'stored')
})

/** Deleting bytes comes after telling how it ended. */
async function unchanged(keys: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 100 && (await blobKeys(backend)).length > keys.length; tries += 1) await delay(20)
  assert.deepEqual(await blobKeys(backend), keys)
}

test('which files are known is told by hash, without storing', async () => {
  const bytes = fileOf('known')
  const hash = sha256Of(bytes).toString('hex')
  const unknown = sha256Of(randomBytes(8)).toString('hex')
  await upload(sender, bytes)
  const answer = await ask(sender, 'POST', '/api/uploads/known', { sha256: [unknown, hash, hash] })
  assert.equal(answer.status, 200)
  assert.deepEqual(await answer.json(), {
    items: [
      {
        sha256: hash,
        project: 'default',
        studyInstanceUid: uidOf('known', 'study'),
        seriesInstanceUid: uidOf('known', 'series'),
        sopInstanceUid: uidOf('known', 'instance'),
      },
    ],
  })
  const tooMany = { sha256: Array.from({ length: 1001 }, () => hash) }
  assert.equal((await ask(sender, 'POST', '/api/uploads/known', tooMany)).status, 400)
})

test('an open upload is removed with its bytes, a finished one only from the list of what happened', async () => {
  const bytes = fileOf('removed')
  const keys = await blobKeys(backend)
  const begun = await begin(sender, bytes)
  await putPart(sender, begun, 0, partOf(begun, bytes, 0))
  assert.ok((await blobKeys(backend)).some((key) => key.startsWith('staged/')))
  assert.equal((await ask(sender, 'DELETE', uploadUrl(begun.id))).status, 204)
  assert.equal((await ask(sender, 'DELETE', uploadUrl(begun.id))).status, 404)
  assert.equal((await ask(sender, 'GET', uploadUrl(begun.id))).status, 404)
  assert.equal((await putPart(sender, begun, 1, partOf(begun, bytes, 1))).status, 404)
  assert.equal((await complete(sender, begun)).status, 404)
  await unchanged(keys)

  const stored = await upload(sender, bytes)
  assert.equal((await ask(sender, 'DELETE', uploadUrl(stored.id))).status, 204)
  assert.equal((await ask(sender, 'GET', uploadUrl(stored.id))).status, 404)
  assert.equal(await rowsOf('removed'), 1)
})

test('my uploads under way are listed, newest first, and no finished ones', async () => {
  for (const { id } of ((await (await ask(sender, 'GET', '/api/uploads')).json()) as { items: { id: string }[] }).items)
    await ask(sender, 'DELETE', uploadUrl(id))
  const bytes = fileOf('listed')
  const begun = [await begin(sender, bytes), await begin(sender, bytes)]
  await upload(sender, bytes)
  await putPart(sender, begun[0]!, 1, partOf(begun[0]!, bytes, 1))
  const { items } = (await (await ask(sender, 'GET', '/api/uploads')).json()) as {
    items: { id: string; received: unknown }[]
  }
  assert.deepEqual(
    items.map(({ id, received }) => [id, received]),
    [
      [begun[1]!.id, []],
      [begun[0]!.id, [[1, 1]]],
    ],
  )
  for (const { id } of begun) assert.equal((await ask(sender, 'DELETE', uploadUrl(id))).status, 204)
})
