import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { AppError } from '../app-error.ts'
import { blobKeys, emptyArchive, post } from '../archive.fixture.ts'
import { runCommand } from '../commands.ts'
import { createInstanceWriter } from '../data/group-commit.ts'
import { addSetupLink } from '../data/links.ts'
import { withUpkeepLock } from '../data/upkeep-lock.ts'
import { storeInstance } from '../dicomweb/stow/store-instance.ts'
import { addPerson, addProject, sessionHeaders } from '../identity.fixture.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import { readArchiveScope, systemScope } from '../plugins/access.ts'
import { newObjectKey, objectPrefix, quarantineKey, quarantinePrefix } from '../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { correctInspections } from './correct-inspections.ts'
import { forgetExpired } from './forget-expired.ts'
import { startJobs } from './index.ts'
import { reindex, type ReindexOptions, type ReindexReport } from './reindex.ts'
import { sweepOrphans } from './sweep-orphans.ts'

let backend: TestBackend
let scope: ArchiveScope
before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0 })
  scope = await readArchiveScope(backend.db)
})
after(() => backend.stop())
beforeEach(() => emptyArchive(backend))

const image = { rows: 8, columns: 8 }
/** Nothing stores meanwhile. */
const atOnce = { graceHours: 0 }
const day = 24 * 3_600_000
const later = (days: number): Date => new Date(Date.now() + days * day)
const fileOf = (seed: string): Buffer => Buffer.from(buildInstance({ seed, image }))

const keys = (prefix: string): Promise<string[]> => blobKeys(backend, prefix)

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function putObject(bytes: Uint8Array): Promise<string> {
  const key = newObjectKey()
  await backend.deps.blobs.write(key, once(bytes))
  return key
}

async function rowKeys(): Promise<string[]> {
  const { rows } = await backend.db.pool.query<{ blob_key: string }>('select blob_key from instance order by 1')
  return rows.map((row) => row.blob_key)
}

test('the sweep leaves stored objects and fresh orphans alone', async () => {
  assert.equal((await backend.stow([fileOf('kept')])).status, 200)
  const orphan = await putObject(Buffer.from('an upload that is about to commit'))
  const report = await sweepOrphans(backend.deps, scope)
  assert.deepEqual(report, { seen: 2, quarantined: [], restored: [], removed: [], removedTemporary: 0, failed: [] })
  assert.ok((await keys(objectPrefix)).includes(orphan))
})

test('an old orphan goes to the quarantine, and only weeks later it is removed', async () => {
  assert.equal((await backend.stow([fileOf('row')])).status, 200)
  const orphan = await putObject(Buffer.from('orphan'))
  const first = await sweepOrphans(backend.deps, scope, { now: later(2) })
  assert.deepEqual(first.quarantined, [orphan])
  assert.deepEqual(await keys(quarantinePrefix), [quarantineKey(orphan, later(2))])
  assert.deepEqual(await keys(objectPrefix), await rowKeys())
  assert.deepEqual((await sweepOrphans(backend.deps, scope, { now: later(31) })).removed, [])
  assert.deepEqual((await sweepOrphans(backend.deps, scope, { now: later(33) })).removed, [orphan])
  assert.deepEqual(await keys(quarantinePrefix), [])
  assert.deepEqual(await keys(objectPrefix), await rowKeys())
})

const canMark =
  process.getuid?.() === 0 && spawnSync('chattr', ['-V'], { stdio: 'ignore' }).error === undefined
    ? false
    : 'marking a file immutable takes root and chattr'

test('an orphan that the store keeps holds up no other, and goes when it may', { skip: canMark }, async () => {
  const orphans = [await putObject(Buffer.from('one')), await putObject(Buffer.from('two'))].toSorted()
  const kept = path.join(backend.deps.config.STORAGE_DIR ?? '', orphans[0] ?? '')
  execFileSync('chattr', ['+i', kept])
  try {
    assert.deepEqual((await sweepOrphans(backend.deps, scope, { now: later(2) })).quarantined, [orphans[1]])
  } finally {
    execFileSync('chattr', ['-i', kept])
  }
  assert.deepEqual((await sweepOrphans(backend.deps, scope, { now: later(3) })).quarantined, [orphans[0]])
})

test('a dry run touches nothing', async () => {
  const orphan = await putObject(Buffer.from('orphan'))
  const report = await sweepOrphans(backend.deps, scope, { now: later(2), isDryRun: true })
  assert.deepEqual(report.quarantined, [orphan])
  assert.deepEqual(await keys(objectPrefix), [orphan])
})

test('an object in quarantine whose row is there returns to its place', async () => {
  assert.equal((await backend.stow([fileOf('back')])).status, 200)
  const [key] = (await rowKeys()) as [string]
  await backend.deps.blobs.move(key, quarantineKey(key, new Date()))
  const report = await sweepOrphans(backend.deps, scope)
  assert.deepEqual(report.restored, [key])
  assert.deepEqual(await keys(objectPrefix), [key])
})

test('a database that knows hardly any of the objects stops the sweep before it moves one', async () => {
  for (let count = 0; count < 101; count += 1) await putObject(Buffer.from(`orphan ${count}`))
  await assert.rejects(
    sweepOrphans(backend.deps, scope, { now: later(2) }),
    (error) => error instanceof AppError && error.code === 'too-many-orphans',
  )
  assert.equal((await keys(objectPrefix)).length, 101)
  const forced = await sweepOrphans(backend.deps, scope, { now: later(2), isForced: true })
  assert.equal(forced.quarantined.length, 101)
})

test('sweep and reindex never run at once', async () => {
  await withUpkeepLock(backend.db, async () => {
    for (const work of [sweepOrphans(backend.deps, scope), reindex(backend.deps, scope)])
      await assert.rejects(work, (error) => error instanceof AppError && error.code === 'upkeep-busy')
  })
  assert.equal((await sweepOrphans(backend.deps, scope)).seen, 0)
})

test('reindex gives objects their rows, skips what has one, and names what is no image', async () => {
  assert.equal((await backend.stow([fileOf('known')])).status, 200)
  const lost = await putObject(fileOf('lost'))
  const copy = await putObject(fileOf('known'))
  const junk = await putObject(Buffer.from('junk'))
  const report = await reindex(backend.deps, scope, atOnce)
  assert.deepEqual(
    { ...report, failed: report.failed.map(({ blobKey }) => blobKey) },
    {
      known: 1,
      indexed: 1,
      versions: 0,
      replaced: 0,
      copies: 1,
      vanished: 0,
      held: 0,
      young: 0,
      failed: [junk],
      verified: 0,
    },
  )
  assert.ok((await rowKeys()).includes(lost))
  assert.ok(!(await rowKeys()).includes(copy))
  const again = await reindex(backend.deps, scope, atOnce)
  assert.equal(again.indexed, 0)
  const found = await backend.get(`/dicom-web/studies/${uidOf('lost', 'study')}`, { accept: '*/*' })
  assert.equal(found.status, 200)
  await found.arrayBuffer()
})

/** Stores into a project while reindex runs between the bytes and their row. */
async function storeBesideReindex(
  seed: string,
  options: ReindexOptions,
): Promise<{ report: ReindexReport; kind: string }> {
  await addProject(backend.db, seed)
  const { rows } = await backend.db.pool.query<{ id: number }>('select id from project where slug = $1', [seed])
  const project = rows[0]?.id ?? 0
  let report: ReindexReport | undefined
  const { blobs } = backend.deps
  const deps = {
    ...backend.deps,
    blobs: Object.assign(Object.create(blobs) as typeof blobs, {
      write: async (...args: Parameters<typeof blobs.write>) => {
        const written = await blobs.write(...args)
        report = await reindex(backend.deps, scope, options)
        return written
      },
    }),
  }
  const there = systemScope([project], project)
  const { kind } = await storeInstance(deps, createInstanceWriter(backend.db), there, once(fileOf(seed)))
  assert.ok(report)
  assert.deepEqual(await keys(objectPrefix), await rowKeys(), 'each row has its bytes')
  return { report, kind }
}

const projectOf = async (seed: string): Promise<string | undefined> => {
  const { rows } = await backend.db.pool.query<{ slug: string }>(
    'select p.slug from study s join project p on p.id = s.project_id where s.study_instance_uid = $1',
    [uidOf(seed, 'study')],
  )
  return rows[0]?.slug
}

test('reindex beside a running server leaves what is being stored to whoever stores it', async () => {
  const { report, kind } = await storeBesideReindex('beside', {})
  assert.deepEqual([report.indexed, report.young, kind], [0, 1, 'stored'])
  assert.equal(await projectOf('beside'), 'beside')
})

test('a row that reindex made of bytes being stored keeps them, also in another project', async () => {
  const { report, kind } = await storeBesideReindex('overtaken', atOnce)
  assert.deepEqual([report.indexed, kind], [1, 'stored'])
  assert.equal(await projectOf('overtaken'), 'default')
})

test('reindex takes back from the quarantine only what gives a row', async () => {
  const lost = await putObject(fileOf('aside'))
  const copy = await putObject(fileOf('aside'))
  await sweepOrphans(backend.deps, scope, { now: later(2) })
  assert.equal((await reindex(backend.deps, scope, atOnce)).indexed, 0)
  const report = await reindex(backend.deps, scope, { ...atOnce, hasQuarantine: true })
  assert.deepEqual([report.indexed, report.copies], [1, 1])
  const stored = await rowKeys()
  assert.deepEqual(await keys(objectPrefix), stored)
  const left = stored[0] === lost ? copy : lost
  assert.deepEqual(await keys(quarantinePrefix), [quarantineKey(left, later(2))])
})

test('verify finds objects that changed or are gone', async () => {
  assert.equal((await backend.stow([fileOf('whole'), fileOf('changed'), fileOf('gone')])).status, 200)
  const keyOf = async (seed: string): Promise<string> => {
    const { rows } = await backend.db.pool.query<{ blob_key: string }>(
      'select blob_key from instance where sop_instance_uid = $1',
      [uidOf(seed, 'instance')],
    )
    return rows[0]?.blob_key ?? ''
  }
  const [changed, gone] = [await keyOf('changed'), await keyOf('gone')]
  await backend.deps.blobs.delete(gone)
  await backend.deps.blobs.delete(changed)
  const bytes = fileOf('changed')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  await backend.deps.blobs.write(changed, once(bytes))
  const report = await reindex(backend.deps, scope, { ...atOnce, isVerifying: true })
  assert.equal(report.verified, 1)
  assert.deepEqual(report.failed.map(({ blobKey }) => blobKey).sort(), [changed, gone].sort())
})

test('reindex without a database puts corrected files in front of those they replace, in whatever order it finds them', async () => {
  const correct = async (componentNumber: string): Promise<void> => {
    const address = `/api/inspections/${uidOf('chain', 'study')}/corrections`
    const { status } = await post(backend, address, { changes: { componentNumber }, reason: 'typing error' })
    assert.equal(status, 202)
    assert.equal(await correctInspections(backend.deps, scope), 1)
  }
  const chain = async (): Promise<unknown> => {
    const { rows } = await backend.db.pool.query(
      `select version, blob_key, true as is_current from instance union all select version, blob_key, false from instance_version
       order by version`,
    )
    return rows
  }
  for (let round = 0; round < 6; round += 1) {
    for (const table of ['instance_version', 'instance', 'series', 'study'])
      await backend.db.pool.query(`delete from ${table}`)
    for (const key of await keys(objectPrefix)) await backend.deps.blobs.delete(key)
    assert.equal((await backend.stow([fileOf('chain')])).status, 200)
    await correct('B-2')
    await correct('B-3')
    const before = await chain()
    // The database is lost; random keys make the order another one each time.
    for (const table of ['instance_version', 'correction', 'instance', 'series', 'study', 'component'])
      await backend.db.pool.query(`delete from ${table}`)
    const report = await reindex(backend.deps, scope, atOnce)
    assert.deepEqual([report.indexed, report.versions, report.failed], [1, 2, []])
    assert.deepEqual(await chain(), before)
    const found = await backend.get(`/dicom-web/studies?PatientID=B-3`)
    assert.equal(found.status, 200)
    assert.equal(((await found.json()) as unknown[]).length, 1)
    assert.deepEqual((await reindex(backend.deps, scope, { ...atOnce, isVerifying: true })).verified, 3)
  }
})

test('the command tells faults by its exit code and wrong usage by another', async () => {
  const words: string[] = []
  const command = (...args: string[]): Promise<number> =>
    runCommand(
      args,
      async () => ({ deps: backend.deps, close: async () => undefined }),
      (text) => words.push(text),
    )
  assert.equal(await command('reindex'), 0)
  await putObject(Buffer.from('junk'))
  assert.equal(await command('reindex'), 0)
  assert.match(words.join(''), /1 without a row are younger/)
  assert.equal(await command('reindex', '--grace-hours', '0'), 1)
  assert.equal(await command('sweep', '--grace-hours', '0', '--dry-run'), 0)
  assert.match(words.join(''), /1 put in quarantine/)
  assert.equal(await command('sweep', '--grace-hours', 'soon'), 2)
  assert.equal(await command('swep'), 2)
  await withUpkeepLock(backend.db, async () => assert.equal(await command('sweep'), 1))
})

test('the worker runs the sweep as a job, with the rights of the backend alone', async () => {
  const jobs = await startJobs(backend.deps)
  try {
    const orphan = quarantineKey(await putObject(Buffer.from('orphan')), new Date(Date.now() - 60 * day))
    await backend.deps.blobs.move((await keys(objectPrefix))[0] as string, orphan)
    await jobs.addJob('sweep-orphans', {})
    for (let wait = 0; wait < 100 && (await keys(quarantinePrefix)).length > 0; wait += 1) await delay(50)
    assert.deepEqual(await keys(quarantinePrefix), [])
  } finally {
    await jobs.stop()
  }
})

test('sessions, links and counts that are over are removed, and no others', async () => {
  const { id } = await addPerson(backend.db)
  await sessionHeaders(backend.db, id, '')
  await sessionHeaders(backend.db, id, '')
  await addSetupLink(backend.db, scope, 'over')
  await addSetupLink(backend.db, scope, 'open')
  await backend.db.pool.query(
    `update session set expires_at = now() - interval '2 days' where id = (select id from session where account_id = $1 limit 1)`,
    [id],
  )
  await backend.db.pool.query(
    `update one_time_link set expires_at = now() - interval '1 minute' where token_hash = sha256('over')`,
  )
  assert.equal(await forgetExpired(backend, scope), 2)
  const { rows } = await backend.db.pool.query(
    'select (select count(*) from session) as sessions, (select count(*) from one_time_link) as links',
  )
  assert.deepEqual(rows, [{ sessions: 1, links: 1 }])
})
