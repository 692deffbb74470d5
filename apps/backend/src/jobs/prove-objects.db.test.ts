import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import path from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type FixityReport, fixityReportSchema, historySchema } from '@instandt/api'
import {
  inspectionFiles,
  instanceOf,
  makeReadable,
  makeUnreadable,
  post,
  remove,
  replaceBytes,
  studyOf,
  whileStoreIsAway,
} from '../archive.fixture.ts'
import { withLock } from '../data/upkeep-lock.ts'
import { addPerson, sessionHeaders } from '../identity.fixture.ts'
import { type ArchiveScope, readArchiveScope } from '../plugins/access.ts'
import { collectErrors, startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { correctInspections } from './correct-inspections.ts'
import { startJobs } from './index.ts'
import { proveDue, proveRequested, shareOf } from './prove-objects.ts'

let backend: TestBackend
let scope: ArchiveScope
let admin: Record<string, string>
let lines: Record<string, unknown>[]

before(async () => {
  backend = await startTestBackend({ DERIVE_THREADS: 0 })
  scope = await readArchiveScope(backend.db)
  const { id } = await addPerson(backend.db, { isAdministrator: true })
  admin = await sessionHeaders(backend.db, id, backend.url)
  lines = collectErrors(backend)
})
after(() => backend.stop())
beforeEach(async () => {
  lines.length = 0
  await backend.db.pool.query('delete from fixity_fault')
})

const all = { shareBytes: Number.MAX_SAFE_INTEGER }
/** Everything once: without a share a turn would go round and round. */
async function proveAll(): Promise<{ objects: number; faults: number }> {
  const { rows } = await backend.db.pool.query<{ bytes: number }>(
    `select (select coalesce(sum(byte_size), 0) from instance)::bigint + (select coalesce(sum(byte_size), 0) from instance_version)::bigint
       + (select coalesce(sum(byte_size), 0) from bin_instance)::bigint as bytes`,
  )
  const report = await proveDue(backend.deps, scope, { shareBytes: rows[0]?.bytes ?? 0 })
  assert.ok(report)
  return { objects: report.objects, faults: report.faults }
}

async function report(): Promise<FixityReport> {
  const answer = await fetch(`${backend.url}/api/archive/fixity`, { headers: admin })
  assert.equal(answer.status, 200)
  return fixityReportSchema.parse(await answer.json())
}

const proofOf = async (seed: string): Promise<Record<string, unknown>> => {
  const answer = await backend.get(`/api/inspections/${studyOf(seed)}/history`)
  return historySchema.parse(await answer.json()).proof
}

async function keyOf(seed: string, index: number): Promise<string> {
  const { rows } = await backend.db.pool.query<{ key: string }>(
    'select blob_key as key from instance where sop_instance_uid = $1',
    [instanceOf(seed, index)],
  )
  return rows[0]?.key ?? ''
}

test('everything stored is read again: what is shown, versions before corrections, and the bin', async () => {
  assert.equal((await backend.stow([...inspectionFiles('good', 3), ...inspectionFiles('binned', 2)])).status, 200)
  const address = `/api/inspections/${studyOf('good')}/corrections`
  assert.equal((await post(backend, address, { changes: { material: 'Steel' }, reason: 'because' })).status, 202)
  await correctInspections(backend.deps, scope)
  await remove(backend, studyOf('binned'))
  assert.deepEqual(await proofOf('good'), {
    provenAt: null,
    provenCount: 0,
    objectCount: 6,
    faultCount: 0,
    isRunning: false,
  })
  const unread = await report()
  assert.deepEqual([unread.objectCount, unread.provenCount], [8, 0])
  assert.equal(Date.parse(unread.dueAt ?? ''), Date.parse(unread.oldestAt ?? '') + 90 * 86_400_000)
  assert.deepEqual(await proveAll(), { objects: 8, faults: 0 })
  const proof = await proofOf('good')
  assert.deepEqual([proof['provenCount'], proof['objectCount']], [6, 6])
  assert.ok(Date.now() - Date.parse(String(proof['provenAt'])) < 60_000)
  const shown = await report()
  assert.deepEqual(
    [shown.objectCount, shown.provenCount, shown.overdueCount, shown.lastDay.objectCount, shown.faults],
    [8, 8, 0, 8, []],
  )
  assert.equal(shown.byteSize, shown.lastDay.byteSize)
})

test('bytes that changed, are fewer or are gone are told once: log, audit, report and inspection', async () => {
  const files = inspectionFiles('bad', 4)
  assert.equal((await backend.stow(files)).status, 200)
  const keys = await Promise.all([0, 1, 2].map((index) => keyOf('bad', index)))
  const flipped = Buffer.from(files[0] as Buffer)
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  await replaceBytes(backend, keys[0] ?? '', flipped)
  await replaceBytes(backend, keys[1] ?? '', (files[1] as Buffer).subarray(0, -2))
  await replaceBytes(backend, keys[2] ?? '', undefined)
  assert.equal((await proveAll()).faults, 3)
  const found = (await report()).faults
  assert.deepEqual(
    new Set(found.map((one) => `${one.fault} ${one.place} ${one.sopInstanceUid} ${one.blobKey}`)),
    new Set([
      `bytes current ${instanceOf('bad', 0)} ${keys[0]}`,
      `length current ${instanceOf('bad', 1)} ${keys[1]}`,
      `missing current ${instanceOf('bad', 2)} ${keys[2]}`,
    ]),
  )
  assert.equal((await proofOf('bad'))['faultCount'], 3)
  assert.deepEqual(
    new Set(lines.map((line) => `${String(line['code'])} ${String(line['fault'])} ${String(line['blobKey'])}`)),
    new Set([`fixity-fault bytes ${keys[0]}`, `fixity-fault length ${keys[1]}`, `fixity-fault missing ${keys[2]}`]),
  )
  const events = async (): Promise<unknown[]> =>
    (
      await backend.db.pool.query(
        `select result, target from audit_event where action = 'archive.fixity' and study_instance_uid = $1 order by id`,
        [studyOf('bad')],
      )
    ).rows
  assert.equal((await events()).length, 3)

  // Not again and again, and nothing else waits behind them.
  lines.length = 0
  assert.equal((await proveAll()).faults, 0)
  await backend.db.pool.query(`update fixity_fault set seen_at = now() - interval '2 days'`)
  assert.equal((await proveAll()).faults, 3)
  assert.deepEqual([lines, (await events()).length], [[], 3])

  // What stays missing for years is not late: nothing is read faster because of it.
  const ageOfMissing = (days: number): Promise<unknown> =>
    backend.db.pool.query('update instance set stored_at = now() - make_interval(days => $2) where blob_key = $1', [
      keys[2],
      days,
    ])
  await ageOfMissing(200)
  const { overdueCount, oldestAt } = await report()
  await ageOfMissing(0)
  assert.equal(overdueCount, 0)
  assert.ok(Date.now() - Date.parse(oldestAt ?? '') < 86_400_000)

  // Brought back from a copy of the store: the fault is over.
  await replaceBytes(backend, keys[0] ?? '', files[0])
  await backend.db.pool.query(`update fixity_fault set seen_at = now() - interval '2 days'`)
  assert.equal((await proveAll()).faults, 2)
  assert.deepEqual((await events()).at(-1), { result: 'done', target: instanceOf('bad', 0) })
  assert.equal((await proofOf('bad'))['faultCount'], 2)
})

test('an object that cannot be read is a fault, and no other waits behind it', async () => {
  const files = inspectionFiles('sector', 3)
  assert.equal((await backend.stow(files)).status, 200)
  const key = await keyOf('sector', 0)
  await makeUnreadable(backend, key)
  // The oldest, and asked for: what comes first in every turn.
  await backend.db.pool.query(`update instance set stored_at = now() - interval '400 days' where blob_key = $1`, [key])
  const faults = async (): Promise<string[]> =>
    (await report()).faults.filter((one) => one.blobKey === key).map(({ fault, place }) => `${fault} ${place}`)
  const incoming = path.join(backend.deps.config.STORAGE_DIR ?? '', 'incoming')
  await rename(incoming, `${incoming}-away`)
  try {
    await assert.rejects(proveDue(backend.deps, scope, all), { code: 'storage-unavailable' })
    assert.deepEqual(await faults(), [], 'a store that is away')
  } finally {
    await rename(`${incoming}-away`, incoming)
  }
  await proveAll()
  assert.deepEqual([await faults(), (await proofOf('sector'))['provenCount']], [['unreadable current'], 2])
  assert.deepEqual(
    lines.filter((line) => line['blobKey'] === key).map((line) => `${String(line['code'])} ${String(line['fault'])}`),
    ['fixity-fault unreadable'],
  )
  assert.equal((await post(backend, `/api/inspections/${studyOf('sector')}/proof`)).status, 202)
  assert.equal(await proveRequested(backend.deps, scope), 1)
  assert.equal((await proofOf('sector'))['isRunning'], false)

  await makeReadable(backend, key, files[0] as Buffer)
  await backend.db.pool.query(`update fixity_fault set seen_at = now() - interval '2 days'`)
  await proveAll()
  assert.deepEqual([await faults(), (await proofOf('sector'))['provenCount']], [[], 3])
})

test('a store that is away proves nothing', async () => {
  await whileStoreIsAway(backend, async () => {
    await assert.rejects(proveDue(backend.deps, scope, all), { code: 'storage-unavailable' })
  })
  assert.deepEqual((await report()).faults, [])
})

test('each turn takes its share: everything within the period, evenly, and faster when it is late', () => {
  const size = { objectCount: 1000, byteSize: 90_000_000 }
  const nothing = { objectCount: 0, byteSize: 0 }
  const now = Date.now()
  const young = new Date(now - 86_400_000)
  const turn = shareOf(size, nothing, 90, young, now)
  // 144 turns a day, of which a few may be left out.
  assert.equal(turn, Math.floor((2 * 1_100_000) / 144))
  assert.equal(shareOf(size, { objectCount: 12, byteSize: 1_100_000 }, 90, young, now), 0)
  assert.equal(shareOf(nothing, nothing, 90, null, now), 0)
  const late = new Date(now - 91 * 86_400_000)
  assert.ok(shareOf(size, nothing, 90, late, now) > 3.9 * turn)

  // Over a whole period, with every tenth turn lost, each byte comes round.
  let read = 0
  const days: number[] = []
  for (let index = 0; index < 90 * 144; index += 1) {
    if (index % 10 === 0) continue
    const day = Math.floor(index / 144)
    const share = shareOf(size, { objectCount: 0, byteSize: days[day] ?? 0 }, 90, young, now)
    days[day] = (days[day] ?? 0) + share
    read += share
  }
  assert.ok(read >= size.byteSize, `${read} of ${size.byteSize}`)
  assert.ok(Math.max(...days) < 1.2 * Math.min(...days), 'evenly')
})

test('one process at a time, the oldest first, no more than its share', async () => {
  await withLock(backend.db, 4_410_032, async () => assert.equal(await proveDue(backend.deps, scope, all), undefined))
  await backend.db.pool.query(
    `update instance set proven_at = now() - interval '100 days' where sop_instance_uid = $1`,
    [instanceOf('good', 1)],
  )
  assert.equal((await report()).overdueCount, 1)
  assert.equal((await proveDue(backend.deps, scope, { shareBytes: 1 }))?.objects, 1)
  assert.equal((await report()).overdueCount, 0)
})

test('an inspection is read at once for whoever may ask, also after a killed worker', async () => {
  assert.equal((await backend.stow(inspectionFiles('asked', 3))).status, 200)
  const address = `/api/inspections/${studyOf('asked')}/proof`
  const viewer = await sessionHeaders(
    backend.db,
    (await addPerson(backend.db, { memberships: { default: 'viewer' } })).id,
    backend.url,
  )
  assert.equal((await post(backend, address, {}, viewer)).status, 403)
  assert.equal((await post(backend, '/api/archive/fixity/1.2.3', {}, admin)).code, 'inspection-not-found')
  assert.equal((await post(backend, `/api/archive/fixity/${studyOf('asked')}`, {})).status, 403)
  assert.equal((await post(backend, `/api/archive/fixity/${studyOf('asked')}`, {}, admin)).status, 202)
  assert.equal((await proofOf('asked'))['isRunning'], true)
  assert.equal(await proveRequested(backend.deps, scope), 1)
  assert.deepEqual([(await proofOf('asked'))['isRunning'], (await proofOf('asked'))['provenCount']], [false, 3])

  assert.equal((await post(backend, address)).status, 202)
  await backend.db.pool.query(`update proof_request set leased_until = now() + interval '1 minute'`)
  assert.equal(await proveRequested(backend.deps, scope), 0, 'somebody else is at it')
  await backend.db.pool.query('update proof_request set leased_until = now()')
  const jobs = await startJobs(backend.deps)
  try {
    await jobs.addJob('prove-requested', {})
    for (let wait = 0; wait < 100 && (await proofOf('asked'))['isRunning'] === true; wait += 1) await delay(50)
  } finally {
    await jobs.stop()
  }
  assert.equal((await proofOf('asked'))['isRunning'], false)
})
