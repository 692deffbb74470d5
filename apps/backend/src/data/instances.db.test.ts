import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openDb, closeDb } from '@instandt/db'
import { type TestDatabase, testDatabase } from '@instandt/testkit'
import { uidOf } from '@instandt/testkit/files'
import { AppError } from '../app-error.ts'
import { systemScope, readArchiveScope, type StoreScope } from '../plugins/access.ts'
import { createInstanceWriter, type InstanceWriter } from './group-commit.ts'
import { makeRow } from './insert-rows.fixture.ts'

let database: TestDatabase
let writer: InstanceWriter
let scope: StoreScope
before(async () => {
  database = await testDatabase()
  writer = createInstanceWriter(database.db)
  scope = await readArchiveScope(database.db)
})
after(() => database.stop())

async function query<T extends object>(text: string, values: unknown[] = []): Promise<T[]> {
  return (await database.db.pool.query<T>(text, values)).rows
}

/** Every total that differs from what the rows add up to, and every parent without children. */
async function wrongTotals(): Promise<object[]> {
  return query(`
    select 'study' as level, s.study_instance_uid as uid from study s
    where (s.series_count, s.instance_count, s.byte_size) is distinct from (
        (select count(*) from series r where r.study_id = s.id), (select count(*) from instance i where i.study_id = s.id),
        (select sum(i.byte_size) from instance i where i.study_id = s.id))
      or s.modalities is distinct from array(select distinct modality from series r where r.study_id = s.id order by 1)
      or s.sop_classes is distinct from array(select distinct sop_class_uid from instance i where i.study_id = s.id order by 1)
    union all
    select 'series', r.series_instance_uid from series r
    where (r.instance_count, r.byte_size) is distinct from (
        (select count(*) from instance i where i.series_id = r.id), (select sum(i.byte_size) from instance i where i.series_id = r.id))
    union all
    select 'component', c.identity_key from component c where not exists (select from study s where s.component_id = c.id)`)
}

test('totals, modalities and classes are right after several processes inserted into the same studies', async () => {
  const script = path.join(import.meta.dirname, 'insert-rows.fixture.ts')
  const names = ['a', 'bb', 'ccc']
  const codes = await Promise.all(
    names.map(
      (name) =>
        new Promise((resolve) =>
          spawn(process.execPath, [script, database.appUrl, name, '300', '7'], { stdio: 'inherit' }).once(
            'exit',
            resolve,
          ),
        ),
    ),
  )
  assert.deepEqual(codes, [0, 0, 0])
  assert.deepEqual(await wrongTotals(), [])
  const [totals] = await query<{ instances: number; studies: number }>(
    'select sum(instance_count)::int as instances, count(*)::int as studies from study',
  )
  assert.equal(totals?.studies, 7)
  assert.ok((totals?.instances ?? 0) >= 600)
})

test('a row the database cannot take fails alone in its batch', async () => {
  const rows = Array.from({ length: 20 }, (_, number) =>
    makeRow({ study: 'alone', instance: `alone-${number}`, ...(number === 13 ? { photometric: 'no\0text' } : {}) }),
  )
  const results = await Promise.all(rows.map((row) => writer.insert(scope, row)))
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    rows.map((_, number) => (number === 13 ? 'failed' : 'stored')),
  )
  assert.deepEqual(await wrongTotals(), [])
})

test('the same bytes are there already, other bytes and another view are conflicts, also inside one batch', async () => {
  const insert = (...rows: Parameters<typeof makeRow>[0][]) =>
    Promise.all(rows.map((row) => writer.insert(scope, makeRow(row))))
  const results = await insert(
    { study: 'twice', instance: 'twice', bytes: 'one', blobKey: 'objects/aa/first' },
    { study: 'twice', instance: 'twice', bytes: 'one', blobKey: 'objects/aa/second' },
    { study: 'twice', instance: 'twice', bytes: 'two', blobKey: 'objects/aa/third' },
    { study: 'twice', series: 'other', instance: 'twice', bytes: 'one', blobKey: 'objects/aa/fourth' },
    { study: 'elsewhere', instance: 'twice', bytes: 'one', blobKey: 'objects/aa/fifth' },
  )
  assert.deepEqual(results, [
    { outcome: 'stored' },
    { outcome: 'already-stored' },
    { outcome: 'conflict', reason: 'other-bytes' },
    { outcome: 'conflict', reason: 'other-series' },
    { outcome: 'conflict', reason: 'other-series' },
  ])
  // Also what was made for a refused instance is gone: view, study and component.
  assert.deepEqual(await wrongTotals(), [])
})

test('the same row again, as after a commit whose answer got lost, is stored', async () => {
  const row = makeRow({ study: 'again', instance: 'again' })
  assert.equal((await writer.insert(scope, row)).outcome, 'stored')
  assert.equal((await writer.insert(scope, row)).outcome, 'stored')
})

test('the first instance decides about study and component; a later one makes no component of its own', async () => {
  await writer.insert(scope, makeRow({ study: 'first', instance: 'first-1', component: 'right' }))
  await createInstanceWriter(database.db).insert(
    scope,
    makeRow({ study: 'first', instance: 'first-2', component: 'wrong' }),
  )
  const rows = await query<{ component_number: string }>(
    `select c.component_number from study s join component c on c.id = s.component_id where s.study_instance_uid = $1`,
    [uidOf('row', 'first')],
  )
  assert.deepEqual(rows, [{ component_number: 'right' }])
  assert.deepEqual(await wrongTotals(), [])
})

test('what stood above an instance that was stored before, and was removed meanwhile, is there again with the next', async () => {
  const rowOf = (series: string, number: number) =>
    makeRow({ study: 'back', series, instance: `back-${series}-${number}` })
  const remove = (series: string): Promise<object[]> =>
    query(
      `with gone as (delete from instance where series_id = (select id from series where series_instance_uid = $1) returning id),
        jobs as (delete from rendition_job where instance_id in (select id from gone))
        update study set instance_count = instance_count - 2, series_count = series_count - 1, byte_size = byte_size - 2000
        where study_instance_uid = $2 returning id`,
      [uidOf('row', 'back', series), uidOf('row', 'back')],
    ).then(() =>
      query('delete from series where series_instance_uid = $1 returning id', [uidOf('row', 'back', series)]),
    )
  for (const [series, number] of [
    ['x', 1],
    ['x', 2],
    ['y', 1],
    ['y', 2],
  ] as const)
    assert.deepEqual(await writer.insert(scope, rowOf(series, number)), { outcome: 'stored' })

  assert.equal((await remove('x')).length, 1)
  assert.deepEqual(await writer.insert(scope, rowOf('x', 3)), { outcome: 'stored' })
  assert.deepEqual(await wrongTotals(), [])

  await query(`delete from instance where study_id = (select id from study where study_instance_uid = $1)`, [
    uidOf('row', 'back'),
  ])
  await query(`delete from series where study_id = (select id from study where study_instance_uid = $1)`, [
    uidOf('row', 'back'),
  ])
  await query('delete from study where study_instance_uid = $1', [uidOf('row', 'back')])
  await query(`delete from component where identity_key = 'number:back'`)
  assert.deepEqual(await writer.insert(scope, rowOf('y', 3)), { outcome: 'stored' })
  assert.deepEqual(await wrongTotals(), [])
  // In a series that is known, too, what is there already is told.
  assert.deepEqual(await writer.insert(scope, rowOf('y', 4)), { outcome: 'stored' })
  assert.deepEqual(await writer.insert(scope, { ...rowOf('y', 4), blobKey: 'objects/aa/back-again' }), {
    outcome: 'already-stored',
  })
  assert.deepEqual(
    await writer.insert(scope, { ...rowOf('y', 4), blobKey: 'objects/aa/back-other', sha256: new Uint8Array(32) }),
    {
      outcome: 'conflict',
      reason: 'other-bytes',
    },
  )
})

test('a study of a project outside the scope takes nothing, and callers with other rights share no batch', async () => {
  const [other] = await query<{ id: number }>(`insert into project (slug, name) values ('other', 'Other') returning id`)
  const stranger = systemScope([other?.id ?? -1], other?.id ?? -1)
  const results = await Promise.all([
    writer.insert(scope, makeRow({ study: 'mine', instance: 'mine-1' })),
    writer.insert(stranger, makeRow({ study: 'mine', instance: 'mine-2' })),
    writer.insert(stranger, makeRow({ study: 'theirs', instance: 'theirs-1' })),
  ])
  assert.deepEqual(results, [
    { outcome: 'stored' },
    { outcome: 'conflict', reason: 'other-project' },
    { outcome: 'stored' },
  ])
  const projects = await query(
    `select p.slug, s.study_instance_uid as uid from study s join project p on p.id = s.project_id where s.study_instance_uid = any($1) order by 1`,
    [[uidOf('row', 'mine'), uidOf('row', 'theirs')]],
  )
  assert.deepEqual(projects, [
    { slug: 'default', uid: uidOf('row', 'mine') },
    { slug: 'other', uid: uidOf('row', 'theirs') },
  ])
  assert.deepEqual(await wrongTotals(), [])
})

test('a batch is one transaction, whoever asked for its rows', async () => {
  await Promise.all(
    Array.from({ length: 50 }, (_, number) =>
      writer.insert(scope, makeRow({ study: 'group', instance: `group-${number}` })),
    ),
  )
  const [found] = await query<{ count: number }>(
    `select count(distinct i.xmin::text)::int as count from instance i join study s on s.id = i.study_id where s.study_instance_uid = $1`,
    [uidOf('row', 'group')],
  )
  assert.ok((found?.count ?? 99) <= 2, `${found?.count} transactions`)
})

test('without a database an insert is refused with 503, and the writer goes on when it is back', async () => {
  const lost = openDb({ connectionString: database.appUrl, max: 2, onBrokenConnection: () => undefined })
  try {
    const itsWriter = createInstanceWriter(lost)
    assert.equal((await itsWriter.insert(scope, makeRow({ study: 'lost', instance: 'lost-1' }))).outcome, 'stored')
    // A lock makes the insert wait, so that its connection ends in the middle.
    const holder = await database.db.pool.connect()
    await holder.query('begin')
    await holder.query('select from study where study_instance_uid = $1 for update', [uidOf('row', 'lost')])
    const waiting = itsWriter.insert(scope, makeRow({ study: 'lost', instance: 'lost-2' }))
    const ended = assert.rejects(
      waiting,
      (error) => error instanceof AppError && error.code === 'database-unavailable' && error.status === 503,
    )
    for (let tries = 0; tries < 100; tries += 1) {
      const killed = await query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and usename = current_user`,
      )
      if (killed.length > 0) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await ended
    await holder.query('rollback')
    holder.release()
    assert.equal((await itsWriter.insert(scope, makeRow({ study: 'lost', instance: 'lost-2' }))).outcome, 'stored')
    assert.deepEqual(await wrongTotals(), [])
  } finally {
    await closeDb(lost)
  }
})

/** Keys of the rows that everybody sees. */
async function storedKeys(study: string): Promise<string[]> {
  const rows = await query<{ blob_key: string }>('select blob_key from instance where blob_key like $1 order by 1', [
    `objects/aa/${study}-%`,
  ])
  return rows.map((row) => row.blob_key)
}

const rowOf = (study: string, instance: string) =>
  makeRow({ study, instance: `${study}-${instance}`, blobKey: `objects/aa/${study}-${instance}` })

test('a row is committed behind its bytes', async () => {
  const flush = Promise.withResolvers<void>()
  const inserted = writer.insert(scope, rowOf('behind', 'a'), { durable: flush.promise })
  // Longer than a transaction waits for them, too.
  for (const pause of [100, 300]) {
    await delay(pause)
    assert.deepEqual(await storedKeys('behind'), [])
  }
  flush.resolve()
  assert.deepEqual(await inserted, { outcome: 'stored' })
  assert.deepEqual(await storedKeys('behind'), ['objects/aa/behind-a'])
})

test('bytes that cannot be flushed take their own row with them, and no other of the batch', async () => {
  const full = new AppError('storage-unavailable', 503, 'The image store is full.')
  const failing = delay(20).then(() => Promise.reject(full))
  const results = await Promise.allSettled([
    writer.insert(scope, rowOf('failing', 'a')),
    writer.insert(scope, rowOf('failing', 'b'), { durable: failing }),
    writer.insert(scope, rowOf('failing', 'c'), { durable: delay(60) }),
    writer.insert(scope, rowOf('failing', 'd'), { durable: delay(1) }),
  ])
  assert.deepEqual(results, [
    { status: 'fulfilled', value: { outcome: 'stored' } },
    { status: 'rejected', reason: full },
    { status: 'fulfilled', value: { outcome: 'stored' } },
    { status: 'fulfilled', value: { outcome: 'stored' } },
  ])
  assert.deepEqual(
    await storedKeys('failing'),
    ['a', 'c', 'd'].map((instance) => `objects/aa/failing-${instance}`),
  )
})

test('bytes that are long in coming hold up no other row of their study', async () => {
  const flush = Promise.withResolvers<void>()
  const late = writer.insert(scope, rowOf('late', 'a'), { durable: flush.promise })
  assert.deepEqual(await writer.insert(scope, rowOf('late', 'b')), { outcome: 'stored' })
  assert.deepEqual(await writer.insert(scope, rowOf('late', 'c')), { outcome: 'stored' })
  flush.resolve()
  assert.deepEqual(await late, { outcome: 'stored' })
})
