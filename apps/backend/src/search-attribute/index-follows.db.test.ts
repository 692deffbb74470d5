import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { closeDb, openDb } from '@instandt/db'
import { type Dataset, getString, tags } from '@instandt/dicom'
import { type Headers, inspectionFiles, instanceOf, post, remove, restore, studyOf } from '../archive.fixture.ts'
import { correctionsOf } from '../correction/correction.fixture.ts'
import { untilBlocked } from '../data/until-blocked.fixture.ts'
import { addPerson, addProject, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { indexAttributes } from '../jobs/index-attributes.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
let here: Headers
let there: Headers
let administrator: Headers
const corrections = correctionsOf(() => backend)

before(async () => {
  backend = await startTestBackend()
  await addProject(backend.db, 'there')
  const person = async (options: Parameters<typeof addPerson>[1]): Promise<Headers> =>
    sessionHeaders(backend.db, (await addPerson(backend.db, options)).id, backend.url)
  here = await person({ memberships: { default: 'level-iii', there: 'level-iii' } })
  there = await person({ memberships: { there: 'viewer' } })
  administrator = await person({ isAdministrator: true })
  for (const seed of ['weld', 'pipe']) {
    const [thin] = inspectionFiles(seed, 2)
    const [, strong] = inspectionFiles(seed, 2, 1, { MaterialThickness: '14' })
    assert.equal((await backend.stow([thin as Buffer, strong as Buffer])).status, 200)
  }
  await declare('MaterialThickness', 'study')
  await index()
})
after(() => backend.stop())

async function declare(attribute: string, level: string): Promise<void> {
  const { status, body } = await post(backend, '/api/search-attributes', { attribute, level }, administrator)
  assert.equal(status, 201, JSON.stringify(body))
}
const index = async (): Promise<boolean> =>
  indexAttributes(backend.deps, await readArchiveScope(backend.db), { rest: 0 })

/** Orders of the inspections that have a part of this thickness. */
const thick = (headers: Headers = here): Promise<string[]> => orders('/studies?MaterialThickness=14', headers)

async function orders(place: string, headers: Headers): Promise<string[]> {
  const address = `${backend.url}/dicom-web${place}&includefield=AccessionNumber`
  const answer = await fetch(address, { headers: { ...headers, accept: 'application/dicom+json' } })
  if (answer.status === 204) return []
  assert.equal(answer.status, 200, await answer.clone().text())
  return ((await answer.json()) as Dataset[]).map((match) => getString(match, tags.accessionNumber) ?? '').toSorted()
}

test('what is deleted is found no more by its declared attributes, and again when it is restored', async () => {
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld'])
  const one = await remove(backend, studyOf('weld'), { instances: [instanceOf('weld', 1)] })
  assert.deepEqual(await thick(), ['JOB-pipe'], 'the only image with the value went, the inspection stayed')
  await restore(backend, one.id)
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld'])
  const all = await remove(backend, studyOf('weld'))
  assert.deepEqual(await thick(), ['JOB-pipe'])
  await restore(backend, all.id)
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld'])
})

test('a correction leaves declared attributes where they are', async () => {
  await corrections.correct('weld', { orderNumber: 'JOB-weld-2' })
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld-2'])
})

test('what is moved is found where it is, and nowhere else', async () => {
  assert.deepEqual(await thick(there), [])
  const { status } = await post(
    backend,
    `/api/inspections/${studyOf('pipe')}/move`,
    { project: 'there', reason: 'customer' },
    here,
  )
  assert.equal(status, 204)
  assert.deepEqual(await thick(there), ['JOB-pipe'])
  assert.deepEqual(await thick(), ['JOB-pipe', 'JOB-weld-2'])
})

test('an index that meets a move waits for it, and has the new project', async (t) => {
  const [file] = inspectionFiles('raced', 1, 1, { ComponentShape: 'RING' })
  assert.equal((await backend.stow([file as Buffer])).status, 200)
  await declare('ComponentShape', 'series')
  // The move stands still where it has dropped the old values, with its update not committed.
  const barrier = openDb({ connectionString: backend.database.adminUrl })
  t.after(() => closeDb(barrier))
  const holder = await barrier.pool.connect()
  await holder.query(`create function stand_still() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock(77); return null; end $$;
    create trigger stand_still after delete on series_value for each statement execute function stand_still();
    select pg_advisory_lock(77)`)
  const address = `/api/inspections/${studyOf('raced')}/move`
  const moving = post(backend, address, { project: 'there', reason: 'customer' }, here)
  await untilBlocked(backend.db)
  const indexing = index()
  await Promise.race([indexing, untilBlocked(backend.db, 2)])
  await holder.query('select pg_advisory_unlock(77)')
  assert.deepEqual([(await moving).status, await indexing], [204, false])
  await holder.query('drop function stand_still cascade')
  holder.release()
  const { rows } = await backend.db.pool.query<{ slug: string }>(
    'select p.slug from series_value v join project p on p.id = v.project_id',
  )
  assert.deepEqual(
    rows.map((row) => row.slug),
    ['there'],
  )
  const reader = await tokenHeaders(backend.db, 'reader', ['default'])
  assert.deepEqual(await orders('/series?ComponentShape=RING', reader), [])
  assert.deepEqual(await orders('/series?ComponentShape=RING', there), ['JOB-raced'])
})

test('a value that names a wrong project opens nothing of another one', async () => {
  const reader = await tokenHeaders(backend.db, 'reader', ['default'])
  const planted = `from attribute_value a, project p where a.text_value = '14' and p.slug = 'default'`
  await backend.db.pool.query(
    `update study_value v set project_id = p.id ${planted} and v.value_id = a.id and v.project_id <> p.id`,
  )
  // More than are looked up one by one: the search begins from the value.
  await backend.db.pool.query(
    `insert into study (project_id, component_id, study_instance_uid, study_date, search_text, attributes, is_diconde,
       modalities, sop_classes, series_count, instance_count, byte_size)
     select project_id, component_id, '2.25.' || n, '20990101', '', '{}', false, '{}', '{}', 0, 0, 0
     from study, generate_series(1, 2100) n where study_instance_uid = $1`,
    [studyOf('pipe')],
  )
  await backend.db.pool.query(
    `insert into study_value (study_id, value_id, project_id, study_date)
     select s.id, v.id, v.project_id, s.study_date from study s, (select a.id, p.id as project_id ${planted}) v
     where s.study_date = '20990101'`,
  )
  for (const place of [
    '/studies?MaterialThickness=14',
    '/studies?MaterialThickness=13..15',
    '/studies?MaterialThickness=14&AccessionNumber=JOB-*',
    '/series?MaterialThickness=14',
    '/instances?MaterialThickness=14&Modality=DX',
  ]) {
    const expected = place.startsWith('/instances') ? ['JOB-weld-2', 'JOB-weld-2'] : ['JOB-weld-2']
    assert.deepEqual(await orders(place, reader), expected, place)
    const counted = await fetch(`${backend.url}/dicom-web${place}&count=true`, { headers: reader })
    assert.equal(counted.headers.get('x-total-count'), String(expected.length), place)
  }
})
