// Files that corrections left behind: reindex must not make a correction that nobody decided, and tells those it finds.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AppError } from '../app-error.ts'
import {
  blobKeys,
  type Headers,
  inspectionFiles,
  instanceOf,
  post,
  retrieveInstance,
  studyOf,
} from '../archive.fixture.ts'
import { correctionsOf } from '../correction/correction.fixture.ts'
import { addPerson, sessionHeaders } from '../identity.fixture.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { objectPrefix, quarantinePrefix } from '../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { correctInspections } from './correct-inspections.ts'
import { indexAttributes } from './index-attributes.ts'
import { reindex } from './reindex.ts'
import { sweepOrphans } from './sweep-orphans.ts'

let backend: TestBackend
let scope: ArchiveScope
let administrator: Headers
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0 })
  scope = await readArchiveScope(backend.db)
  const { id } = await addPerson(backend.db, { isAdministrator: true })
  administrator = await sessionHeaders(backend.db, id, backend.url)
})
after(() => backend.stop())

const { order, history, versions } = correctionsOf(() => backend)
const atOnce = { graceHours: 0 }
const later = (): Date => new Date(Date.now() + 2 * 24 * 3_600_000)

/** A correction of two images that fails at the second one, by a worker that cannot remove what it made; the key of that. */
async function leaveBehind(seed: string, changes: object): Promise<string> {
  assert.equal((await backend.stow(inspectionFiles(seed, 2))).status, 200)
  const { rows } = await backend.db.pool.query<{ key: string }>(
    'select blob_key as key from instance where sop_instance_uid = $1',
    [instanceOf(seed, 1)],
  )
  const bad = rows[0]?.key ?? ''
  const before = await blobKeys(backend, objectPrefix)
  assert.equal((await order(seed, changes)).status, 202)
  const { blobs } = backend.deps
  let isMade = false
  const stubborn = Object.assign(Object.create(blobs) as typeof blobs, {
    read: async (...args: Parameters<typeof blobs.read>) => {
      // Only once the first one has its file.
      for (let wait = 0; args[0] === bad && !isMade && wait < 200; wait += 1) {
        await new Promise((resolve) => setTimeout(resolve, 25))
        isMade = (await backend.db.pool.query('select from correction_instance')).rowCount === 1
      }
      if (args[0] === bad) throw new AppError('blob-missing', 500, 'gone')
      return blobs.read(...args)
    },
    delete: () => Promise.reject(new AppError('storage-unavailable', 503, 'the store is away')),
  })
  assert.equal(await correctInspections({ ...backend.deps, blobs: stubborn }, scope), 1)
  assert.equal((await history(seed)).corrections[0]?.state, 'failed')
  const left = (await blobKeys(backend, objectPrefix)).filter((key) => !before.includes(key))
  assert.equal(left.length, 1)
  return left[0] as string
}

/** Nothing of the correction is seen. */
async function isAsItCame(seed: string): Promise<void> {
  assert.ok((await retrieveInstance(backend, seed, 0)).equals(inspectionFiles(seed, 2)[0] as Buffer))
  assert.equal((await versions(seed, 0)).length, 1)
}

test('a file of a correction that failed gets no row, and the sweep removes it without a quarantine', async () => {
  const key = await leaveBehind('failed', { componentNumber: 'B-WRONG' })
  const { failed, versions: adopted, indexed } = await reindex(backend.deps, scope, atOnce)
  assert.deepEqual([failed.map(({ blobKey }) => blobKey), adopted, indexed], [[key], 0, 0])
  await isAsItCame('failed')
  const swept = await sweepOrphans(backend.deps, scope, { now: later() })
  assert.deepEqual([swept.removed, swept.quarantined], [[key], []])
  assert.ok(!(await blobKeys(backend, objectPrefix)).includes(key))
  assert.deepEqual(await blobKeys(backend, quarantinePrefix), [])
  assert.equal((await backend.db.pool.query('select from discarded_blob')).rowCount, 0)
})

test('what is in quarantine of a correction that failed stays there', async () => {
  const key = await leaveBehind('aside', { componentNumber: 'B-WRONG' })
  // As when the process died before anything was told of the file.
  await backend.db.pool.query('delete from discarded_blob')
  assert.deepEqual((await sweepOrphans(backend.deps, scope, { now: later() })).quarantined, [key])
  const report = await reindex(backend.deps, scope, { ...atOnce, hasQuarantine: true })
  assert.deepEqual([report.versions, report.indexed, report.failed.length], [0, 0, 1])
  await isAsItCame('aside')
  assert.equal((await blobKeys(backend, quarantinePrefix)).length, 1)
  for (const aside of await blobKeys(backend, quarantinePrefix)) await backend.deps.blobs.delete(aside)
})

test('a correction that a restored database does not know is found again: told, and found by its values', async () => {
  const declared = await post(
    backend,
    '/api/search-attributes',
    { attribute: 'ComponentManufacturer', level: 'study' },
    administrator,
  )
  assert.equal(declared.status, 201, JSON.stringify(declared.body))
  await indexAttributes(backend.deps, scope, { rest: 0 })
  await leaveBehind('restored', { componentManufacturer: 'Inconel' })
  for (const table of ['discarded_blob', 'correction']) await backend.db.pool.query(`delete from ${table}`)
  await backend.db.pool.query('delete from change')
  const report = await reindex(backend.deps, scope, atOnce)
  assert.deepEqual([report.versions, report.failed], [1, []])
  assert.equal((await versions('restored', 0)).length, 2)
  const { rows: changes } = await backend.db.pool.query('select kind, study_instance_uid as study from change')
  assert.deepEqual(changes, [{ kind: 'corrected', study: studyOf('restored') }])
  const { rows: events } = await backend.db.pool.query(
    `select actor_kind, project, detail ->> 'sopInstanceUid' as instance from audit_event
     where action = 'image.correct' and detail ->> 'step' = 'reindexed'`,
  )
  assert.deepEqual(events, [{ actor_kind: 'system', project: 'default', instance: instanceOf('restored', 0) }])
  const { rows: found } = await backend.db.pool.query(
    `select text_value from attribute_value where lower(text_value) = 'inconel'`,
  )
  assert.equal(found.length, 1)
})
