// Stored bytes that were found damaged, and come again from whoever still has them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { storeAnswer } from '@instandt/api'
import {
  blobKeys,
  inspectionFiles,
  instanceOf,
  makeUnreadable,
  post,
  replaceBytes,
  retrieveInstance,
  seriesOf,
  studyOf,
} from '../archive.fixture.ts'
import { addProject, tokenHeaders } from '../identity.fixture.ts'
import { correctInspections } from '../jobs/correct-inspections.ts'
import { startJobs } from '../jobs/index.ts'
import { proveDue } from '../jobs/prove-objects.ts'
import { reindex } from '../jobs/reindex.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { newObjectKey, objectPrefix } from '../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { ask, partBytes, senderOf, sha256Of, upload } from '../upload/upload.fixture.ts'

let backend: TestBackend
let scope: ArchiveScope
let jobs: Awaited<ReturnType<typeof startJobs>>
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0, UPLOAD_PART_BYTES: partBytes })
  scope = await readArchiveScope(backend.db)
  jobs = await startJobs(backend.deps)
  await addProject(backend.db, 'elsewhere')
})
after(async () => {
  await jobs.stop()
  await backend.stop()
})

interface Stored {
  file: Buffer
  key: string
}

const rowOf = async (seed: string, table = 'instance'): Promise<{ key: string; isProven: boolean }> => {
  const { rows } = await backend.db.pool.query<{ key: string; isProven: boolean }>(
    `select o.blob_key as key, o.proven_at is not null as "isProven" from ${table} o
       join instance i on i.id = o.${table === 'instance' ? 'id' : 'instance_id'} where i.sop_instance_uid = $1`,
    [instanceOf(seed, 0)],
  )
  assert.equal(rows.length, 1)
  return rows[0] as { key: string; isProven: boolean }
}

/** Reads everything again, until all that is wrong is known. */
async function prove(): Promise<void> {
  const { rows } = await backend.db.pool.query<{ bytes: number }>(
    `select ((select coalesce(sum(byte_size), 0) from instance) + (select coalesce(sum(byte_size), 0) from instance_version))::bigint as bytes`,
  )
  assert.ok(await proveDue(backend.deps, scope, { shareBytes: rows[0]?.bytes ?? 0 }))
}

async function store(seed: string): Promise<Stored> {
  const [file] = inspectionFiles(seed, 1) as [Buffer]
  assert.equal((await backend.stow([file])).status, 200)
  return { file, key: (await rowOf(seed)).key }
}

/** With one bit turned, or without its bytes. */
async function damage({ file, key }: Stored, isLost = false): Promise<void> {
  const other = Buffer.from(file)
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1
  await replaceBytes(backend, key, isLost ? undefined : other)
  await prove()
}

/** Sends files as STOW-RS; how many of them the answer calls stored before. */
async function send(files: readonly Buffer[]): Promise<number> {
  const answer = await backend.stow(files)
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  return text.split(`"${storeAnswer.present}"`).length - 1
}

const faultsOf = async (seed: string): Promise<number> =>
  (await backend.db.pool.query('select from fixity_fault where study_instance_uid = $1', [studyOf(seed)])).rowCount ??
  -1

const isKnown = async (file: Buffer): Promise<boolean> => {
  const answer = await ask(senderOf(backend), 'POST', '/api/uploads/known', {
    sha256: [sha256Of(file).toString('hex')],
  })
  return ((await answer.json()) as { items: unknown[] }).items.length === 1
}

const eventsOf = async (seed: string): Promise<unknown[]> => {
  const { rows } = await backend.db.pool.query<{ result: string; target: string; detail: unknown; kind: string }>(
    `select result, target, detail, actor_kind as kind from audit_event
     where action = 'archive.fixity' and study_instance_uid = $1 order by id`,
    [studyOf(seed)],
  )
  return rows
}

test('bytes that come again take the place of damaged ones, and only of those', async () => {
  const stored = await store('bits')
  await prove()
  assert.deepEqual([await isKnown(stored.file), (await rowOf('bits')).isProven], [true, true])
  await damage(stored)
  assert.deepEqual([await isKnown(stored.file), await faultsOf('bits')], [false, 1])
  const changes = await backend.db.pool.query('select from change')

  assert.equal(await send([stored.file]), 0)
  const { key, isProven } = await rowOf('bits')
  assert.notEqual(key, stored.key)
  // Nobody has read the new ones yet.
  assert.equal(isProven, false)
  assert.deepEqual(await retrieveInstance(backend, 'bits', 0), stored.file)
  assert.deepEqual([await isKnown(stored.file), await faultsOf('bits')], [true, 0])
  assert.deepEqual((await eventsOf('bits')).at(-1), {
    result: 'done',
    target: instanceOf('bits', 0),
    detail: { place: 'current', fault: null, blobKey: key, replaced: stored.key },
    kind: 'token',
  })
  assert.equal((await backend.db.pool.query('select from change')).rowCount, changes.rowCount)

  await prove()
  assert.deepEqual([(await rowOf('bits')).isProven, await faultsOf('bits')], [true, 0])
  assert.equal(await send([stored.file]), 1)
  assert.equal((await rowOf('bits')).key, key)
})

test('lost bytes come back by an upload in parts', async () => {
  const stored = await store('lost')
  await damage(stored, true)
  const { outcome } = await upload(senderOf(backend), stored.file)
  assert.equal(outcome?.kind, 'stored')
  assert.deepEqual(await retrieveInstance(backend, 'lost', 0), stored.file)
  assert.equal(await faultsOf('lost'), 0)
})

test('what cannot be read any more comes back by the same file', async () => {
  const stored = await store('sector')
  await makeUnreadable(backend, stored.key)
  await prove()
  assert.deepEqual([await isKnown(stored.file), await faultsOf('sector')], [false, 1])
  assert.equal(await send([stored.file]), 0)
  assert.deepEqual(await retrieveInstance(backend, 'sector', 0), stored.file)
  assert.deepEqual([await isKnown(stored.file), await faultsOf('sector')], [true, 0])
})

test('of many that come at once one is taken, and nobody leaves bytes behind', async () => {
  const stored = await store('many')
  await damage(stored)
  const before = (await blobKeys(backend, objectPrefix)).length
  const inOne = await send([stored.file, stored.file, stored.file])
  const apart = await Promise.all(Array.from({ length: 6 }, () => send([stored.file])))
  assert.deepEqual([inOne, ...apart], [2, 1, 1, 1, 1, 1, 1])
  assert.deepEqual(await retrieveInstance(backend, 'many', 0), stored.file)
  // What was taken; the damaged ones are left to the sweep.
  assert.equal((await blobKeys(backend, objectPrefix)).length, before + 1)

  await damage({ file: stored.file, key: (await rowOf('many')).key })
  const together = await Promise.all(Array.from({ length: 8 }, () => send([stored.file])))
  assert.equal(
    together.reduce((sum, known) => sum + known, 0),
    7,
  )
  assert.deepEqual(await retrieveInstance(backend, 'many', 0), stored.file)
})

test('the version before a correction comes back, too; what is shown stays', async () => {
  const stored = await store('version')
  const address = `/api/inspections/${studyOf('version')}/corrections`
  assert.equal((await post(backend, address, { changes: { material: 'Steel' }, reason: 'because' })).status, 202)
  // By this one or by the worker, whoever is first.
  await correctInspections(backend.deps, scope)
  const isDone = async (): Promise<boolean> =>
    (await backend.db.pool.query(`select from correction where state in ('waiting', 'running')`)).rowCount === 0
  for (let tries = 0; tries < 200 && !(await isDone()); tries += 1) await delay(25)
  const shown = await rowOf('version')
  assert.equal((await rowOf('version', 'instance_version')).key, stored.key)
  await damage(stored)
  assert.equal(await faultsOf('version'), 1)
  assert.equal(await send([stored.file]), 0)
  assert.equal((await rowOf('version')).key, shown.key)
  assert.notEqual((await rowOf('version', 'instance_version')).key, stored.key)
  await prove()
  assert.equal(await faultsOf('version'), 0)
  assert.equal(await send([stored.file]), 1)
})

test('other bytes, and senders of other projects, replace nothing', async () => {
  const stored = await store('foreign')
  await damage(stored)
  const other = Buffer.from(stored.file)
  other[other.length - 2] = (other.at(-2) ?? 0) ^ 1
  assert.equal((await backend.stow([other])).status, 409)
  const foreign = senderOf(backend, await tokenHeaders(backend.db, 'sender', ['elsewhere']))
  assert.equal((await upload(foreign, stored.file)).outcome?.kind, 'refused')
  assert.deepEqual([(await rowOf('foreign')).key, await faultsOf('foreign')], [stored.key, 1])
})

/** ETags and bytes of all that is shown of the first instance. */
async function shown(seed: string): Promise<Map<string, string>> {
  const instance = `/dicom-web/studies/${studyOf(seed)}/series/${seriesOf(seed)}/instances/${instanceOf(seed, 0)}`
  const found = new Map<string, string>()
  for (const path of [
    instance,
    `${instance}/frames/1`,
    `${instance}/rendered`,
    `${instance}/thumbnail`,
    `${instance}/pixeldata`,
    `/dicom-web/studies/${studyOf(seed)}`,
    `${instance}/metadata`,
  ]) {
    const answer = await backend.get(path, { accept: '*/*' })
    assert.equal(answer.status, 200, path)
    await answer.arrayBuffer()
    found.set(path, answer.headers.get('etag') ?? '')
  }
  return found
}

const renditionOf = async (seed: string): Promise<unknown> =>
  (
    await backend.db.pool.query(
      `select j.state, j.thumbnail, (select count(*)::integer from rendition r where r.instance_id = j.instance_id) as renditions
       from rendition_job j join instance i on i.id = j.instance_id where i.sop_instance_uid = $1`,
      [instanceOf(seed, 0)],
    )
  ).rows[0]

for (const way of ['sent again', 'brought back'] as const)
  test(`what was made of damaged bytes is made again, and no cache keeps it: ${way}`, async () => {
    const seed = `made ${way}`
    const stored = await store(seed)
    await damage(stored)
    await backend.db.pool.query(
      `update rendition_job j set state = 'made', thumbnail = 'made', thumbnail_key = null from instance i
       where i.id = j.instance_id and i.sop_instance_uid = $1`,
      [instanceOf(seed, 0)],
    )
    const damaged = await shown(seed)
    if (way === 'sent again') await send([stored.file])
    else {
      await replaceBytes(backend, stored.key, stored.file)
      await backend.db.pool.query(`update fixity_fault set seen_at = now() - interval '2 days'`)
      await prove()
    }
    assert.equal(await faultsOf(seed), 0)
    assert.deepEqual(await renditionOf(seed), { state: 'waiting', thumbnail: 'waiting', renditions: 0 })
    for (const [path, etag] of await shown(seed)) assert.notEqual(etag, damaged.get(path), path)
  })

for (const isKnown of [true, false])
  test(`a whole copy without a row heals at a reindex, its fault ${isKnown ? 'known' : 'unknown'}`, async () => {
    const seed = `copy ${isKnown}`
    const stored = await store(seed)
    if (isKnown) await damage(stored)
    // As in a database put back that is older than the fault.
    else await replaceBytes(backend, stored.key)
    const key = newObjectKey()
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield stored.file
    }
    await backend.deps.blobs.write(key, bytes())
    const report = await reindex(backend.deps, scope, { graceHours: 0 })
    assert.equal(report.replaced, 1)
    assert.deepEqual([(await rowOf(seed)).key, await faultsOf(seed)], [key, 0])
    assert.deepEqual(await retrieveInstance(backend, seed, 0), stored.file)
  })
