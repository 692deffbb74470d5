// What goes wrong around an upload: refused in the middle, a store or database that fails, clients that stop.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { type Dataset, failureReasons, tags } from '@instandt/dicom'
import pg from 'pg'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import { AppError } from '../../app-error.ts'
import { objectPrefix } from '../../storage/blob-keys.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'
import { signedFetch, testCaller } from '@instandt/testkit'

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

const large = { rows: 1024, columns: 1024, bitsAllocated: 16 as const }
const small = { rows: 8, columns: 8 }

async function count(of: TestBackend): Promise<{ blobs: number; rows: number }> {
  let blobs = 0
  for await (const _ of of.deps.blobs.list(objectPrefix)) blobs += 1
  const { rows } = await of.db.pool.query<{ count: number }>('select count(*)::int as count from instance')
  return { blobs, rows: rows[0]?.count ?? -1 }
}

/** One upload over a given agent, so that a test sees whether its connection can be used again. */
async function post(
  url: string,
  agent: http.Agent,
  pieces: readonly Uint8Array[],
  contentType = 'application/dicom',
): Promise<{ status: number; text: string; connection: string | undefined }> {
  const request = http.request(`${url}/dicom-web/studies`, {
    method: 'POST',
    agent,
    headers: { ...testCaller, 'content-type': contentType },
  })
  const answered = once(request, 'response') as Promise<[http.IncomingMessage]>
  answered.catch(() => undefined)
  for (const piece of pieces) if (!request.write(piece)) await once(request, 'drain')
  request.end()
  const [answer] = await answered
  let text = ''
  for await (const chunk of answer) text += String(chunk)
  return { status: answer.statusCode ?? 0, text, connection: answer.headers.connection }
}

test('a large body that is no image is refused with words, and its connection serves the next upload', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const junk = new Uint8Array(1024 * 1024).fill(0x41)
  const refused = await post(
    backend.url,
    agent,
    Array.from({ length: 40 }, () => junk),
  )
  assert.equal(refused.status, 409)
  assert.match(refused.text, /00000902/)
  assert.equal(refused.connection, 'keep-alive')
  const next = await post(backend.url, agent, [buildInstance({ seed: 'after-junk', image: small })])
  assert.equal(next.status, 200)
  agent.destroy()
})

test('a file whose announced length is over the limit is refused before its bytes are taken', async () => {
  const limited = await startTestBackend({ STORE_MAX_INSTANCE_BYTES: 100_000 })
  try {
    const answer = await signedFetch(`${limited.url}/dicom-web/studies`, {
      method: 'POST',
      headers: { 'content-type': 'application/dicom' },
      body: buildInstance({ seed: 'announced', image: large }) as Uint8Array<ArrayBuffer>,
    })
    assert.equal(answer.status, 413)
    assert.equal(((await answer.json()) as { code: string }).code, 'file-too-large')
    const parts = await limited.stow([
      buildInstance({ seed: 'announced', image: large }),
      buildInstance({ seed: 'beside', image: small }),
    ])
    assert.equal(parts.status, 202)
    const [item] = (((await parts.json()) as Dataset)[tags.otherFailuresSequence]?.Value ?? []) as Dataset[]
    assert.deepEqual(item?.[tags.failureReason]?.Value, [failureReasons.outOfResources])
    assert.deepEqual(await count(limited), { blobs: 1, rows: 1 })
  } finally {
    await limited.stop()
  }
})

test('a store that fails in the middle answers 503 and registers nothing of that part', async () => {
  const failing = await startTestBackend()
  let writes = 0
  const store: BlobStore = failing.deps.blobs
  const write = store.write.bind(store)
  store.write = async (key, body, options) => {
    writes += 1
    if (writes !== 2) return write(key, body, options)
    for await (const chunk of body) if (chunk.length > 0) break
    throw new AppError('storage-unavailable', 503, 'The image store is full.')
  }
  try {
    const files = [1, 2, 3].map((number) =>
      buildInstance({ seed: 'full', sopInstanceUid: uidOf('full', number), image: large }),
    )
    const answer = await failing.stow(files)
    assert.equal(answer.status, 503)
    assert.equal(((await answer.json()) as { code: string }).code, 'storage-unavailable')
    const left = await count(failing)
    assert.deepEqual(left, { blobs: left.rows, rows: left.rows })
    const { rows } = await failing.db.pool.query('select from instance where sop_instance_uid = $1', [uidOf('full', 2)])
    assert.equal(rows.length, 0)
    assert.equal((await failing.stow(files)).status, 200, 'the same request succeeds once the store is back')
  } finally {
    await failing.stop()
  }
})

test('a file whose last flush fails is 503 and has no row, the one beside it is stored', async () => {
  const failing = await startTestBackend()
  const store: BlobStore = failing.deps.blobs
  const write = store.write.bind(store)
  let writes = 0
  store.write = async (key, body, options) => {
    writes += 1
    if (writes !== 2) return write(key, body, options)
    for await (const _ of body);
    options?.onWritten?.()
    await delay(100)
    throw new AppError('storage-unavailable', 503, 'The image store is full.')
  }
  try {
    const files = [1, 2, 3].map((number) =>
      buildInstance({ seed: 'flush', sopInstanceUid: uidOf('flush', number), image: small }),
    )
    const answers = await Promise.all(files.map((file) => failing.stow([file])))
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 200, 503],
    )
    assert.deepEqual(await count(failing), { blobs: 2, rows: 2 })
    assert.equal((await failing.stow(files)).status, 200)
  } finally {
    await failing.stop()
  }
})

test('a database that fails answers 503 and leaves no object behind', async () => {
  const file = buildInstance({ seed: 'no-database', image: small })
  const before = await count(backend)
  // Who asks is remembered for two seconds: what fails next is the commit, however slow the tests before were.
  assert.equal((await backend.get('/api/session')).status, 200)
  const connect = backend.db.pool.connect.bind(backend.db.pool)
  backend.db.pool.connect = () => Promise.reject(new Error('connect ECONNREFUSED')) as never
  try {
    const answer = await backend.stow([file])
    assert.equal(answer.status, 503)
    assert.equal(((await answer.json()) as { code: string }).code, 'database-unavailable')
  } finally {
    backend.db.pool.connect = connect
  }
  assert.deepEqual(await count(backend), before)
  assert.equal((await backend.stow([file])).status, 200)
})

test('what a commit has stored keeps its bytes when the database goes away during the rest of its batch', async () => {
  const files = ['good-1', 'good-2', 'good-3', 'refused'].map((name) =>
    buildInstance({ seed: 'parts', sopInstanceUid: uidOf('parts', name), image: small }),
  )
  const admin = new pg.Client({ connectionString: backend.database.adminUrl })
  await admin.connect()
  await admin.query(
    `alter table instance add constraint refusing check (sop_instance_uid <> '${uidOf('parts', 'refused')}')`,
  )
  const before = await count(backend)
  assert.equal((await backend.get('/api/session')).status, 200)
  const { pool } = backend.db
  const connect = pool.connect.bind(pool) as (...given: unknown[]) => Promise<never>
  const isQueued = Promise.withResolvers<void>()
  let transactions = 0
  // The first commit waits until the others share the next one, which is refused; its first half is the last that connects.
  pool.connect = async (...given: unknown[]) => {
    if (given.length > 0) return connect(...given)
    transactions += 1
    if (transactions > 3) throw new Error('connect ECONNREFUSED')
    if (transactions === 1) await isQueued.promise
    return connect()
  }
  const untilWritten = async (more: number): Promise<void> => {
    while ((await count(backend)).blobs < before.blobs + more) await delay(10)
    await delay(100)
  }
  try {
    const first = backend.stow([buildInstance({ seed: 'parts', sopInstanceUid: uidOf('parts', 0), image: small })])
    await untilWritten(1)
    const others: Promise<Response>[] = []
    for (const file of files) {
      others.push(backend.stow([file]))
      await untilWritten(1 + others.length)
    }
    isQueued.resolve()
    assert.equal((await first).status, 200)
    assert.deepEqual(
      (await Promise.all(others)).map(({ status }) => status),
      [200, 200, 503, 503],
    )
    assert.equal(transactions, 4)
  } finally {
    pool.connect = connect as typeof pool.connect
  }
  assert.deepEqual(await count(backend), { blobs: before.blobs + 3, rows: before.rows + 3 })
  await admin.query('alter table instance drop constraint refusing')
  await admin.end()
  // Sent again, all of them are there, and come back as they were.
  assert.equal((await backend.stow(files)).status, 200)
  const { rows } = await backend.db.pool.query<{ blob_key: string; byte_size: number }>(
    'select blob_key, byte_size from instance',
  )
  for (const { blob_key: key, byte_size: byteSize } of rows)
    assert.equal((await buffer(await backend.deps.blobs.read(key))).length, byteSize)
})

test('a DICOMDIR is refused, saying what to send instead', async () => {
  const file = Buffer.from(buildInstance({ seed: 'dicomdir', image: small }))
  const sopClass = Buffer.from('1.2.840.10008.5.1.4.1.1')
  const at = file.indexOf(sopClass)
  const end = file.indexOf(Buffer.from([2, 0, 3, 0]), at)
  file.fill(0, at, end).write('1.2.840.10008.1.3.10', at)
  const answer = await backend.stow([file])
  assert.equal(answer.status, 409)
  assert.match(await answer.text(), /DICOMDIR/)
})

test('text that no index entry can hold does not stop an instance', async () => {
  let state = 7
  // Does not compress, three bytes a sign, and the ligature becomes many letters when folded.
  const long = (seed: number): string =>
    Array.from({ length: 3000 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223 + seed) >>> 0
      return state % 5 === 0 ? '\ufdfa' : String.fromCharCode(0x4e00 + (state % 20000))
    }).join('')
  const answer = await backend.stow([
    buildInstance({
      seed: 'long-text',
      image: small,
      attributes: attributesOf({
        SpecificCharacterSet: 'ISO_IR 192',
        PatientID: long(1),
        IssuerOfPatientID: long(2),
        PatientName: long(3),
        ReferringPhysicianName: long(4),
        AccessionNumber: long(5),
        StudyID: long(6),
        StudyDescription: long(7),
        Modality: 'X'.repeat(4000),
      }),
    }),
  ])
  assert.equal(answer.status, 200, await answer.text())
})

test('components of other issuers never meet, whatever their numbers look like', async () => {
  const file = (seed: string, issuer: string, number: string): Uint8Array =>
    buildInstance({
      seed,
      image: small,
      attributes: attributesOf({ PatientID: number, IssuerOfPatientID: issuer }),
    })
  const answer = await backend.stow([file('issuer-1', 'a', 'b:c'), file('issuer-2', 'a:b', 'c')])
  assert.equal(answer.status, 200)
  const { rows } = await backend.db.pool.query(
    'select distinct component_id from study where study_instance_uid = any($1)',
    [[uidOf('issuer-1', 'study'), uidOf('issuer-2', 'study')]],
  )
  assert.equal(rows.length, 2)
})

test('a body without a part is 400, a packed one 415, and nothing is stored', async () => {
  const before = await count(backend)
  const send = (body: string | Buffer<ArrayBuffer>, headers: Record<string, string>): Promise<Response> =>
    signedFetch(`${backend.url}/dicom-web/studies`, { method: 'POST', headers, body })
  const empty = await send('--a--\r\n', { 'content-type': 'multipart/related; type="application/dicom"; boundary=a' })
  assert.equal(empty.status, 400)
  assert.equal(((await empty.json()) as { code: string }).code, 'no-instances')
  const packed = await send(gzipSync(buildInstance({ seed: 'packed', image: small })), {
    'content-type': 'application/dicom',
    'content-encoding': 'gzip',
  })
  assert.equal(packed.status, 415)
  assert.deepEqual(await count(backend), before)
})
