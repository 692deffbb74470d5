// Files of other formats that became objects: their bytes are read again as all others.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type FixityFault, type FixityReport, fixityReportSchema, type History, historySchema } from '@instandt/api'
import { post, remove, replaceBytes } from '../archive.fixture.ts'
import { filmContent, filmOf } from '../conversion/film.fixture.ts'
import { createInstanceWriter } from '../data/group-commit.ts'
import { addPerson, sessionHeaders } from '../identity.fixture.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { collectErrors, startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { begin, complete, look, putAll, type Sender, senderOf } from '../upload/upload.fixture.ts'
import { assembleUpload } from './assemble-upload.ts'
import { proveDue, proveRequested } from './prove-objects.ts'
import { purgeBin } from './purge-bin.ts'
import { reindex } from './reindex.ts'

let backend: TestBackend
let sender: Sender
let scope: ArchiveScope
let admin: Record<string, string>
let lines: Record<string, unknown>[]
before(async () => {
  backend = await startTestBackend({ UPLOAD_PART_BYTES: 64 * 1024, DERIVE_THREADS: 0 })
  sender = senderOf(backend)
  scope = await readArchiveScope(backend.db)
  const { id } = await addPerson(backend.db, { isAdministrator: true })
  admin = await sessionHeaders(backend.db, id, backend.url)
  lines = collectErrors(backend)
})
after(() => backend.stop())

interface Film {
  study: string
  key: string
  bytes: Buffer
}

/** A film of two pages: two objects and their original. */
async function convert(seed: number): Promise<Film> {
  const bytes = Buffer.from(filmOf(seed))
  const begun = await begin(sender, bytes, filmContent)
  await putAll(sender, begun, bytes)
  assert.equal((await complete(sender, begun)).status, 202)
  await assembleUpload(backend.deps, createInstanceWriter(backend.db), scope, begun.id)
  const { outcome } = await look(sender, begun)
  assert.ok(outcome?.kind === 'stored', JSON.stringify(outcome))
  const study = outcome.studyInstanceUid
  const { rows } = await backend.db.pool.query<{ key: string }>(
    `select distinct o.blob_key as key from study s join instance i on i.study_id = s.id
       join original_instance oi on oi.instance_id = i.id join original o on o.id = oi.original_id
     where s.study_instance_uid = $1`,
    [study],
  )
  assert.equal(rows.length, 1)
  return { study, key: rows[0]?.key ?? '', bytes }
}

function rotted(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[1000] = (copy[1000] ?? 0) ^ 1
  return copy
}

async function report(): Promise<FixityReport> {
  const answer = await fetch(`${backend.url}/api/archive/fixity`, { headers: admin })
  assert.equal(answer.status, 200)
  return fixityReportSchema.parse(await answer.json())
}
const faultsOf = async ({ study }: Film): Promise<Partial<FixityFault>[]> =>
  (await report()).faults
    .filter((one) => one.studyInstanceUid === study)
    .map(({ place, fault, blobKey }) => ({ place, fault, blobKey }))
const proofOf = async ({ study }: Film): Promise<History['proof']> =>
  historySchema.parse(await (await backend.get(`/api/inspections/${study}/history`)).json()).proof

/** Everything once. */
async function proveAll(): Promise<{ objects: number; faults: number }> {
  const done = await proveDue(backend.deps, scope, { shareBytes: (await report()).byteSize })
  assert.ok(done)
  return { objects: done.objects, faults: done.faults }
}

test('an original is one of the things to be read again, and is read in its turn', async () => {
  const film = await convert(1)
  const { objectCount, byteSize } = await report()
  const { rows } = await backend.db.pool.query<{ bytes: number }>(
    'select sum(byte_size)::bigint as bytes from instance',
  )
  assert.deepEqual([objectCount, byteSize], [3, (rows[0]?.bytes ?? 0) + film.bytes.length])
  assert.deepEqual([(await proofOf(film)).objectCount, (await proofOf(film)).provenCount], [3, 0])
  assert.deepEqual(await proveAll(), { objects: 3, faults: 0 })
  assert.equal((await proofOf(film)).provenCount, 3)
  assert.equal((await report()).lastDay.objectCount, 3)
  await backend.db.pool.query(`update original set proven_at = now() - interval '100 days' where blob_key = $1`, [
    film.key,
  ])
  const late = await report()
  assert.equal(late.overdueCount, 1)
  assert.ok(Date.now() - Date.parse(late.oldestAt ?? '') > 99 * 86_400_000)
})

test('an original whose bytes changed and one that is missing are found by the job, told once, and over when right', async () => {
  const [changed, missing] = [await convert(2), await convert(3)]
  await replaceBytes(backend, changed.key, rotted(changed.bytes))
  await replaceBytes(backend, missing.key)
  lines.length = 0
  assert.equal((await proveAll()).faults, 2)
  assert.deepEqual(await faultsOf(changed), [{ place: 'original', fault: 'bytes', blobKey: changed.key }])
  assert.deepEqual(await faultsOf(missing), [{ place: 'original', fault: 'missing', blobKey: missing.key }])
  assert.deepEqual([(await proofOf(changed)).faultCount, (await proofOf(missing)).faultCount], [1, 1])
  assert.deepEqual(
    new Set(lines.map((line) => `${String(line['code'])} ${String(line['place'])} ${String(line['blobKey'])}`)),
    new Set([`fixity-fault original ${changed.key}`, `fixity-fault original ${missing.key}`]),
  )
  const { rows } = await backend.db.pool.query(
    `select result, detail ->> 'place' as place from audit_event where action = 'archive.fixity' and study_instance_uid = $1`,
    [changed.study],
  )
  assert.deepEqual(rows, [{ result: 'failed', place: 'original' }])
  for (const film of [changed, missing]) {
    await replaceBytes(backend, film.key, film.bytes)
    assert.equal((await post(backend, `/api/inspections/${film.study}/proof`)).status, 202)
  }
  assert.equal(await proveRequested(backend.deps, scope), 2)
  assert.deepEqual([await faultsOf(changed), await faultsOf(missing)], [[], []])
})

test('asked for, the original of an inspection is read at once', async () => {
  const [asked, other] = [await convert(4), await convert(5)]
  await replaceBytes(backend, asked.key, rotted(asked.bytes))
  await replaceBytes(backend, other.key)
  assert.equal((await post(backend, `/api/inspections/${asked.study}/proof`)).status, 202)
  await proveRequested(backend.deps, scope)
  assert.deepEqual(await faultsOf(asked), [{ place: 'original', fault: 'bytes', blobKey: asked.key }])
  assert.deepEqual([(await proofOf(asked)).provenCount, (await proofOf(asked)).isRunning], [2, false])
  assert.deepEqual(await faultsOf(other), [], 'of nothing else')
})

test('reindex --verify names an original that changed and one that is missing', async () => {
  const [changed, missing] = [await convert(6), await convert(7)]
  await replaceBytes(backend, changed.key, rotted(changed.bytes))
  await replaceBytes(backend, missing.key)
  const { failed } = await reindex(backend.deps, scope, { isVerifying: true })
  const named = failed.map(({ blobKey }) => blobKey)
  assert.ok(named.includes(changed.key) && named.includes(missing.key), named.join())
  assert.equal((await faultsOf(changed)).length, 1)
})

test('it is read while its objects lie in the bin, and its fault goes with it', async () => {
  const film = await convert(8)
  await purgeBin(backend.deps, scope)
  const { id } = await remove(backend, film.study)
  await replaceBytes(backend, film.key)
  await proveAll()
  assert.deepEqual(await faultsOf(film), [{ place: 'original', fault: 'missing', blobKey: film.key }])
  await backend.db.pool.query('update deletion set purge_at = now() where id = $1', [id])
  assert.equal((await purgeBin(backend.deps, scope)).purged, 1)
  assert.deepEqual(await faultsOf(film), [])
})
