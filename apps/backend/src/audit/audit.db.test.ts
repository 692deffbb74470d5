import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { testCaller } from '@instandt/testkit'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import pg from 'pg'
import { addAuditEvents } from '../data/audit.ts'
import { addPerson, addProject, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { type AnchorStore, fileAnchors } from './anchor.ts'
import { type ChainedEvent, chainedColumns, chainStart, linkHash } from './chain.ts'
import { csvField } from '@instandt/api'
import { anchorHead, sealAll, sealEvents } from './seal.ts'
import { verifyAudit } from './verify.ts'

let backend: TestBackend
let admin: pg.Client
let folder: string
let anchors: AnchorStore

before(async () => {
  backend = await startTestBackend()
  admin = new pg.Client({ connectionString: backend.database.adminUrl })
  await admin.connect()
  folder = await mkdtemp(path.join(tmpdir(), 'instandt-audit-'))
})
beforeEach(async () => {
  await admin.query('truncate audit_event, audit_seal restart identity')
  await rm(path.join(folder, 'anchors.jsonl'), { force: true })
  anchors = fileAnchors(path.join(folder, 'anchors.jsonl'))
})
after(async () => {
  await admin.end()
  await backend.stop()
  await rm(folder, { recursive: true, force: true })
})

async function addEvents(count: number): Promise<void> {
  const scope = await readArchiveScope(backend.db)
  await addAuditEvents(
    backend.db.pool,
    Array.from({ length: count }, (_, at) => ({
      scope,
      entry: { action: 'image.view' as const, target: `image ${at}` },
    })),
  )
}

const faults = async (): Promise<string[]> =>
  (await verifyAudit(backend.db, await readArchiveScope(backend.db), anchors)).faults

const events = async (where = 'true'): Promise<Record<string, unknown>[]> =>
  (
    await backend.db.pool.query<Record<string, unknown>>(
      `select action, result, actor_kind, actor_name, address, study_instance_uid, component, project, count, detail from audit_event
       where ${where} order by id`,
    )
  ).rows

test('the backend’s role may add events and links, and neither change nor remove any', async () => {
  await addEvents(1)
  await sealAll(backend.db)
  for (const table of ['audit_event', 'audit_seal']) {
    for (const sql of [
      `update ${table} set ${table === 'audit_seal' ? 'seq' : 'count'} = 7`,
      `delete from ${table}`,
      `truncate ${table}`,
    ])
      await assert.rejects(backend.db.pool.query(sql), { code: '42501' }, sql)
  }
})

test('an intact chain is intact, however often it is sealed', async () => {
  await addEvents(7)
  await sealAll(backend.db)
  await addEvents(3)
  await Promise.all([sealEvents(backend.db, 0), sealEvents(backend.db, 0)])
  await sealAll(backend.db)
  await anchorHead(backend.db, anchors, 0)
  const report = await verifyAudit(backend.db, await readArchiveScope(backend.db), anchors)
  assert.deepEqual(report, { events: 10, head: 10, anchors: 1, unsealed: 0, faults: [] })
})

test('an event that commits late is linked later, and nothing is left out', async () => {
  const slow = await backend.db.pool.connect()
  await slow.query('begin')
  await addAuditEvents(slow, [{ scope: await readArchiveScope(backend.db), entry: { action: 'image.store' } }])
  await addEvents(2)
  await sealAll(backend.db)
  await slow.query('commit')
  slow.release()
  await sealAll(backend.db)
  const { rows } = await backend.db.pool.query('select event_id from audit_seal order by seq')
  assert.deepEqual(rows, [{ event_id: 2 }, { event_id: 3 }, { event_id: 1 }])
  assert.deepEqual(await faults(), [])
})

test('what is rolled back leaves no event', async () => {
  const { id } = await addPerson(backend.db, { isAdministrator: true })
  const headers = await sessionHeaders(backend.db, id, backend.url)
  const answer = await fetch(`${backend.url}/api/projects`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ slug: 'default', name: 'Taken' }),
  })
  assert.equal(answer.status, 409)
  assert.deepEqual(await events(`action = 'project.create'`), [])
})

for (const [what, sql, words] of [
  ['one letter of an event', `update audit_event set target = 'Image 4' where id = 5`, /event 5 \(link 5, .*altered/],
  [
    'the time of an event',
    `update audit_event set at = at + interval '1 microsecond' where id = 5`,
    /event 5 .*altered/,
  ],
  ['a missing event', 'delete from audit_event where id = 5', /event 5 \(link 5\) is missing/],
  ['a missing link', 'delete from audit_seal where seq = 5', /link 5 is missing/],
  [
    'an event and its link',
    'with s as (delete from audit_seal where seq = 5) delete from audit_event where id = 5',
    /link 5 is missing/,
  ],
  [
    'two events in each other’s place',
    `update audit_seal set event_id = case event_id when 5 then 6 when 6 then -1 else event_id end where seq in (5, 6); update audit_seal set event_id = 5 where event_id = -1`,
    /altered or moved/,
  ],
  [
    'the end of the chain cut off',
    'delete from audit_seal where seq > 6; delete from audit_event where id > 6',
    /chain ends at link 6, but link 10 was anchored/,
  ],
] as const) {
  test(`verify names ${what}`, async () => {
    await addEvents(10)
    await sealAll(backend.db)
    await anchorHead(backend.db, anchors, 0)
    // The unique index would be in the way of swapping.
    await admin.query('alter table audit_seal drop constraint if exists audit_seal_event_id_key')
    for (const statement of sql.split('; ')) await admin.query(statement)
    assert.match((await faults()).join('\n'), words)
  })
}

test('an event put in afterwards has no link', async () => {
  await addEvents(2)
  await sealAll(backend.db)
  await admin.query(
    `insert into audit_event (at, actor_kind, actor_id, actor_name, address, request_id, action, result)
     values (now() - interval '1 day', 'local', 'x', 'x', '', '', 'image.view', 'done')`,
  )
  assert.match((await faults()).join(), /event 3 has no link/)
})

test('a chain that was made anew after a change is caught by its anchors', async () => {
  await addEvents(10)
  await sealAll(backend.db)
  await anchorHead(backend.db, anchors, 0)
  await admin.query(`update audit_event set target = 'something else' where id = 3`)
  const { rows } = await admin.query<ChainedEvent & { seq: string }>(
    `select s.seq, ${chainedColumns} from audit_seal s join audit_event e on e.id = s.event_id order by s.seq`,
  )
  let hash: Buffer = chainStart
  for (const row of rows) {
    hash = linkHash(hash, Number(row.seq), { ...row, id: Number(row.id) })
    await admin.query('update audit_seal set hash = $2 where seq = $1', [row.seq, hash])
  }
  assert.deepEqual(
    await faults(),
    (await faults()).filter((words) => words.includes('the chain was made anew')),
  )
  assert.equal((await faults()).length, 1)
  // Without the anchors nobody would know.
  anchors = fileAnchors(path.join(folder, 'none.jsonl'))
  assert.deepEqual(await faults(), [])
})

test('a line of the anchors cut off by a crash is passed over', async () => {
  await addEvents(1)
  await sealAll(backend.db)
  await anchorHead(backend.db, anchors, 0)
  await writeFile(path.join(folder, 'anchors.jsonl'), '{"seq":9', { flag: 'a' })
  assert.deepEqual(await faults(), [])
})

test('storing and reading is told once for each request and study: who, what, how much', async () => {
  const study = uidOf('audit')
  const files = [1, 2, 3].map((number) =>
    buildInstance({
      seed: number,
      studyInstanceUid: study,
      seriesInstanceUid: uidOf('audit', 's'),
      image: { rows: 4, columns: 4 },
    }),
  )
  assert.equal((await backend.stow(files)).status, 200)
  const stored = await events(`action = 'image.store'`)
  assert.equal(
    stored.reduce((sum, event) => sum + (event['count'] as number), 0),
    3,
  )
  assert.deepEqual(
    [stored[0]?.['actor_name'], stored[0]?.['actor_kind'], stored[0]?.['address'], stored[0]?.['study_instance_uid']],
    ['tests', 'token', '127.0.0.1', study],
  )
  // The same again stores nothing; a cut-off file is refused and told.
  assert.equal((await backend.stow(files)).status, 200)
  assert.equal((await events(`action = 'image.store'`)).length, stored.length)
  assert.equal((await backend.stow([(files[0] as Uint8Array).subarray(0, 300)])).status, 409)
  assert.equal((await events(`action = 'image.store' and result = 'refused'`)).length, 1)

  const series = `/dicom-web/studies/${study}/series/${uidOf('audit', 's')}`
  for (let round = 0; round < 5; round += 1) {
    assert.equal((await backend.get(`${series}/metadata`)).status, 200)
    assert.equal(
      (
        await backend.get(`/dicom-web/studies/${study}`, {
          accept: 'multipart/related; type="application/dicom"; transfer-syntax=*',
        })
      ).status,
      200,
    )
  }
  assert.deepEqual(
    (await events(`action in ('image.view', 'image.download')`)).map((event) => event['action']),
    ['image.view', 'image.download'],
  )
  assert.equal((await backend.get('/dicom-web/studies/1.2.3.4.5/metadata')).status, 404)
  assert.equal((await events(`study_instance_uid = '1.2.3.4.5'`)).length, 0)
})

test('a refusal for want of a right is told', async () => {
  await addProject(backend.db, 'narrow')
  const headers = await tokenHeaders(backend.db, 'sender', ['narrow'])
  assert.equal((await fetch(`${backend.url}/api/inspections`, { headers })).status, 403)
  const [event] = await events(`action = 'access.refused'`)
  assert.deepEqual([event?.['actor_name'], event?.['result']], ['sender', 'refused'])
})

test('events are found by person, component, kind and time, and come as pages and files', async () => {
  const { id } = await addPerson(backend.db, { isAdministrator: true, name: 'Petra "Pit" Weber' })
  const headers = await sessionHeaders(backend.db, id, backend.url)
  const get = (query: string): Promise<Response> => fetch(`${backend.url}/api/audit${query}`, { headers })
  const found = async (query: string): Promise<number> =>
    ((await (await get(query)).json()) as { items: unknown[] }).items.length
  const study = uidOf('audit', 'search')
  assert.equal(
    (await backend.stow([buildInstance({ seed: 'search', studyInstanceUid: study, image: { rows: 4, columns: 4 } })]))
      .status,
    200,
  )
  await addEvents(30)
  assert.equal(await found('?action=image.store'), 1)
  assert.equal(await found('?action=image'), 31)
  assert.equal(await found('?person=INSTANDT'), 30)
  assert.equal(await found('?person=100%25'), 0)
  assert.equal(await found(`?component=${study}`), 1)
  assert.equal(await found(`?from=${new Date(Date.now() + 60_000).toISOString()}`), 0)
  assert.equal(await found(`?to=${new Date(Date.now() - 3_600_000).toISOString()}`), 0)
  const first = (await (await get('?limit=20')).json()) as { items: { id: number }[]; next: string }
  const second = (await (await get(`?limit=20&cursor=${first.next}`)).json()) as { items: { id: number }[]; next: null }
  assert.equal(new Set([...first.items, ...second.items].map((event) => event.id)).size, 31)
  assert.equal(second.next, null)
  for (const query of ['?from=yesterday', '?limit=0', '?cursor=x']) assert.equal((await get(query)).status, 400, query)

  const lines = (await (await get('/export?format=jsonl&action=image')).text()).trim().split('\n')
  assert.equal(lines.length, 31)
  assert.equal((JSON.parse(lines[0] ?? '') as { action: string }).action, 'image.store')
  const csv = (await (await get('/export?format=csv&action=audit')).text()).trim().split('\r\n')
  assert.match(csv[0] ?? '', /^id,at,actorKind/)
  assert.match(csv[1] ?? '', /"Petra ""Pit"" Weber"/)
  assert.equal((await events(`action = 'audit.export'`)).length, 2)
  assert.equal((await fetch(`${backend.url}/api/audit`, { headers: testCaller })).status, 403)
})

test('a field of the export runs as no formula', () => {
  assert.equal(csvField('=cmd()'), `'=cmd()`)
  assert.equal(csvField('a,"b"'), '"a,""b"""')
  assert.equal(csvField(null), '')
})
