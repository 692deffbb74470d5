// What the sweep and reindex make of objects that are there twice, are kept by the store, or go while they are looked at.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { testAzurite } from '@instandt/testkit'
import { AppError } from '../app-error.ts'
import { blobKeys, emptyArchive, inspectionFiles, replaceBytes, retrieveInstance } from '../archive.fixture.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { newObjectKey, objectPrefix, quarantineKey, quarantinePrefix, temporaryPrefix } from '../storage/blob-keys.ts'
import { chunksOf } from '../storage/bytes.fixture.ts'
import { startFaultyAzure } from '../storage/faulty-azure.fixture.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { reindex } from './reindex.ts'
import { sweepOrphans } from './sweep-orphans.ts'

let backend: TestBackend
let scope: ArchiveScope
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0 })
  scope = await readArchiveScope(backend.db)
})
after(() => backend.stop())
beforeEach(() => emptyArchive(backend))

const later = (days: number): Date => new Date(Date.now() + days * 24 * 3_600_000)
const put = (key: string, bytes: Uint8Array, one = backend): Promise<unknown> =>
  one.deps.blobs.write(key, chunksOf(bytes, 100_000))

/** Stores a file; its key. */
async function stored(seed: string): Promise<{ key: string; bytes: Buffer }> {
  const [bytes] = inspectionFiles(seed, 1) as [Buffer]
  const before = new Set(await blobKeys(backend, objectPrefix))
  assert.equal((await backend.stow([bytes])).status, 200)
  const [key = ''] = (await blobKeys(backend, objectPrefix)).filter((one) => !before.has(one))
  return { key, bytes }
}

test('an object that is at its place and in the quarantine becomes one again', async () => {
  const { key, bytes } = await stored('twice')
  await put(quarantineKey(key, new Date()), bytes)
  const report = await sweepOrphans(backend.deps, scope)
  assert.deepEqual([report.restored, report.failed], [[key], []])
  assert.deepEqual(await blobKeys(backend, quarantinePrefix), [])
  assert.deepEqual(await retrieveInstance(backend, 'twice', 0), bytes)
})

test('other bytes at its place are told, stay, and hold up nothing else', async () => {
  const taken = await stored('taken')
  const free = await stored('free')
  // The one that sorts first is the one that cannot return.
  await backend.deps.blobs.move(free.key, quarantineKey(free.key, later(1)))
  const aside = quarantineKey(taken.key, new Date())
  await backend.deps.blobs.move(taken.key, aside)
  await put(taken.key, Buffer.from('other bytes'))
  const unfinished = `${temporaryPrefix}${randomUUID()}`
  await put(unfinished, Buffer.from('left by a crash'))
  const report = await sweepOrphans(backend.deps, scope, { now: later(2) })
  assert.deepEqual([report.restored, report.removedTemporary], [[free.key], 1])
  assert.deepEqual(report.failed, [{ blobKey: aside, reason: 'A stored object is never overwritten.' }])
  assert.deepEqual(await blobKeys(backend, quarantinePrefix), [aside])
})

test('what goes while the sweep looks at it holds up nothing', async () => {
  for (const text of ['one', 'two']) await put(newObjectKey(), Buffer.from(text))
  const [gone = '', left] = await blobKeys(backend, objectPrefix)
  const { blobs } = backend.deps
  const deps = {
    ...backend.deps,
    blobs: Object.assign(Object.create(blobs) as typeof blobs, {
      move: async (from: string, to: string) => {
        if (from === gone) await blobs.delete(gone)
        await blobs.move(from, to)
      },
    }),
  }
  const report = await sweepOrphans(deps, scope, { now: later(2) })
  assert.deepEqual([report.quarantined, report.failed], [[left], []])
})

test('reindex goes on after an object that cannot return to its place', async () => {
  const files = inspectionFiles('back', 2) as [Buffer, Buffer]
  const [taken, free] = [newObjectKey(), newObjectKey()].toSorted() as [string, string]
  for (const [at, key] of [taken, free].entries()) await put(quarantineKey(key, new Date()), files[at] as Buffer)
  await put(taken, Buffer.from('no image'))
  const report = await reindex(backend.deps, scope, { graceHours: 0, hasQuarantine: true })
  assert.equal(report.indexed, 1)
  assert.deepEqual(
    report.failed.map(({ blobKey }) => blobKey),
    [taken, quarantineKey(taken, new Date())],
  )
  // Once its place is free it returns, and one that was cut off after its copy does, too.
  await replaceBytes(backend, taken, files[0])
  const again = await reindex(backend.deps, scope, { hasQuarantine: true })
  assert.deepEqual([again.indexed, again.failed], [1, []])
  assert.deepEqual(await blobKeys(backend, quarantinePrefix), [])
  for (const index of [0, 1]) assert.deepEqual(await retrieveInstance(backend, 'back', index), files[index])
})

test('reindex goes on after an object that cannot be read, and names it', async () => {
  const files = inspectionFiles('sector', 4)
  const keys = files.map(() => newObjectKey()).toSorted()
  for (const [at, key] of keys.entries()) await put(key, files[at] as Buffer)
  const bad = keys[1]
  const { blobs } = backend.deps
  const read: typeof blobs.read = (key, ...more) =>
    key === bad ? Promise.reject(new AppError('storage-unavailable', 503, 'a bad sector')) : blobs.read(key, ...more)
  const report = await reindex({ ...backend.deps, blobs: { ...blobs, read } }, scope, { graceHours: 0 })
  assert.deepEqual([report.indexed, report.failed], [3, [{ blobKey: bad, reason: 'its bytes cannot be read' }]])
  const away = { ...blobs, read, check: () => Promise.reject(new AppError('storage-unavailable', 503, 'away')) }
  await assert.rejects(reindex({ ...backend.deps, blobs: away }, scope, { graceHours: 0 }), {
    code: 'storage-unavailable',
  })
  assert.equal((await reindex(backend.deps, scope, { graceHours: 0 })).indexed, 1)
})

test('an orphan that a policy of the cloud keeps is copied once, not every night', async () => {
  let isKeeping = true
  const azure = await startFaultyAzure(await testAzurite(), ({ method }) =>
    method === 'DELETE' && isKeeping ? 'kept' : undefined,
  )
  const one = await startTestBackend({
    DERIVE_THREADS: 0,
    STORAGE: 'azure',
    AZURE_STORAGE_CONNECTION_STRING: azure.connectionString,
    AZURE_STORAGE_CONTAINER: `test-${randomUUID()}`,
  })
  try {
    const orphan = newObjectKey()
    await put(orphan, Buffer.from('orphan'), one)
    const sweep = (days: number) => sweepOrphans(one.deps, scope, { now: later(days) })
    for (const days of [2, 3, 40]) {
      const report = await sweep(days)
      assert.deepEqual([report.quarantined, report.removed, report.failed], [[], [], []])
      assert.deepEqual(await blobKeys(one, quarantinePrefix), [quarantineKey(orphan, later(2))])
    }
    isKeeping = false
    await sweep(41)
    assert.deepEqual((await sweep(42)).quarantined, [orphan])
    assert.deepEqual(await blobKeys(one, objectPrefix), [])
    assert.deepEqual((await sweep(80)).removed, [orphan])
    assert.deepEqual(await blobKeys(one, quarantinePrefix), [])
  } finally {
    await one.stop()
    azure.stop()
  }
})
