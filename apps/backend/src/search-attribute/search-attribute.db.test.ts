import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { SearchAttribute, SearchAttributeList } from '@instandt/api'
import { type Dataset, getString, tags } from '@instandt/dicom'
import { attributesOf, buildInstance, sequenceOf, uidOf } from '@instandt/testkit/files'
import { addPerson, addProject, sessionHeaders, tokenHeaders } from '../identity.fixture.ts'
import { indexAttributes } from '../jobs/index-attributes.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
let administrator: Record<string, string>

type Attributes = Parameters<typeof attributesOf>[0]
const make = (seed: string, number: number, attributes: Attributes, more: Dataset = {}): Uint8Array =>
  buildInstance({
    seed,
    sopInstanceUid: uidOf(seed, number),
    image: { rows: 4, columns: 4 },
    attributes: {
      ...attributesOf({ PatientID: seed, InstanceNumber: String(number), StudyDate: '20260101', ...attributes }),
      ...more,
    },
  })
const evaluators = (...names: string[]): Dataset =>
  sequenceOf(
    'EvaluatorSequence',
    names.map((name) => attributesOf({ EvaluatorName: name })),
  )
const acme = (value: string, block = '10'): Dataset => ({
  [`000900${block}`]: { vr: 'LO', Value: ['ACME 1.0'] },
  [`0009${block}02`]: { vr: 'LO', Value: [value] },
})

before(async () => {
  backend = await startTestBackend()
  const { id } = await addPerson(backend.db, { isAdministrator: true })
  administrator = await sessionHeaders(backend.db, id, backend.url)
  const answer = await backend.stow([
    make(
      'W-1',
      1,
      { MaterialThickness: 12.5, ComponentShape: 'FLAT', SecondaryReviewDate: '20260110' },
      evaluators('Müller^Jörg', 'Weiß^Anna'),
    ),
    make(
      'W-1',
      2,
      { MaterialThickness: [12.5, 14], ComponentShape: 'CURVED', SecondaryReviewTime: '0815' },
      acme('filter 3'),
    ),
    make(
      'W-2',
      1,
      { MaterialThickness: 8, ComponentShape: 'FLAT', SecondaryReviewTime: '101500.5' },
      acme('filter 7', '11'),
    ),
    make('W-3', 1, { ComponentShape: 'RING', FocalSpots: 0.4 }),
  ])
  assert.equal(answer.status, 200, await answer.text())
})
after(() => backend.stop())

const send = (method: string, path: string, body?: object, headers = administrator): Promise<Response> =>
  fetch(backend.url + path, {
    method,
    headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })

async function declare(body: object): Promise<SearchAttribute> {
  const answer = await send('POST', '/api/search-attributes', body)
  assert.equal(answer.status, 201, await answer.clone().text())
  return (await answer.json()) as SearchAttribute
}
async function index(): Promise<void> {
  const isMore = await indexAttributes(backend.deps, await readArchiveScope(backend.db), { rest: 0 })
  assert.equal(isMore, false)
}
const list = async (): Promise<SearchAttribute[]> =>
  ((await (await send('GET', '/api/search-attributes')).json()) as SearchAttributeList).items

async function search(path: string): Promise<{ found: Dataset[]; warning: string | null }> {
  // What is declared is remembered for a second; a change by this server counts at once.
  const answer = await backend.get(`/dicom-web${path}`)
  const warning = answer.headers.get('warning')
  if (answer.status === 204) return { found: [], warning }
  assert.equal(answer.status, 200, await answer.clone().text())
  return { found: (await answer.json()) as Dataset[], warning }
}
const parts = async (path: string): Promise<string[]> =>
  (await search(path)).found.map((match) => getString(match, tags.patientId) ?? '')
const instances = async (path: string): Promise<string[]> =>
  (await search(path)).found.map(
    (match) => `${getString(match, tags.patientId)}/${getString(match, tags.instanceNumber)}`,
  )

test('before it is declared an attribute is no key; while it is indexed a warning says so; then it is searched', async () => {
  assert.match((await search('/studies?ComponentShape=RING')).warning ?? '', /ComponentShape is not supported/)
  const declared = await declare({ attribute: 'ComponentShape', level: 'study' })
  assert.deepEqual(
    [declared.path, declared.vr, declared.matching, declared.state, declared.progress],
    ['00140050', 'CS', 'text', 'indexing', 0],
  )
  const early = await search('/studies?ComponentShape=RING')
  assert.deepEqual(
    [early.found.length, /ComponentShape is not indexed completely/.test(early.warning ?? '')],
    [0, true],
  )
  await index()
  const [ready] = await list()
  assert.deepEqual([ready?.state, ready?.progress, ready?.skippedCount], ['ready', 1, 0])
  const found = await search('/studies?ComponentShape=RING')
  assert.deepEqual([found.found.length, found.warning], [1, null])
  assert.deepEqual(found.found[0]?.['00140050']?.Value, ['RING'], 'a key that matched is returned')
})

test('a study matches by the value of any of its instances, by name, tag and wildcard', async () => {
  assert.deepEqual((await parts('/studies?ComponentShape=FLAT')).toSorted(), ['W-1', 'W-2'])
  assert.deepEqual(await parts('/studies?00140050=CURVED'), ['W-1'])
  assert.deepEqual((await parts('/studies?ComponentShape=*R*')).toSorted(), ['W-1', 'W-3'])
  assert.deepEqual(await parts('/studies?ComponentShape=flat'), [])
  assert.deepEqual(await instances('/instances?ComponentShape=RING'), ['W-3/1'])
  assert.deepEqual(await parts('/studies?ComponentShape=FLAT&PatientID=W-2'), ['W-2'])
})

test('numbers match exactly, whatever they were written like, and by range; several values of one row are one match', async () => {
  await declare({ attribute: '0014,0030', level: 'instance' })
  await index()
  assert.deepEqual((await instances('/instances?MaterialThickness=12.50')).toSorted(), ['W-1/1', 'W-1/2'])
  assert.deepEqual((await instances('/instances?MaterialThickness=12..')).toSorted(), ['W-1/1', 'W-1/2'])
  assert.deepEqual(await instances('/instances?MaterialThickness=..12'), ['W-2/1'])
  assert.deepEqual(await instances('/instances?MaterialThickness=13..1.5e1'), ['W-1/2'])
  assert.equal((await backend.get('/dicom-web/instances?MaterialThickness=thick')).status, 400)
  assert.equal((await backend.get('/dicom-web/instances?MaterialThickness=..')).status, 400)
  assert.match((await search('/studies?MaterialThickness=8')).warning ?? '', /not supported here/)
  const total = await backend.get('/dicom-web/instances?MaterialThickness=0..100&count=true')
  assert.equal(total.headers.get('x-total-count'), '3')
})

test('names inside a sequence match whatever their case and accents, whole and in parts', async () => {
  await declare({ attribute: 'EvaluatorSequence.EvaluatorName', level: 'series' })
  await index()
  const key = 'EvaluatorSequence.EvaluatorName'
  assert.deepEqual(await parts(`/series?${key}=${encodeURIComponent('muller^jorg')}`), ['W-1'])
  assert.deepEqual(await parts(`/series?00142002.00142006=${encodeURIComponent('WEISS*')}`), ['W-1'])
  assert.deepEqual(await parts(`/series?${key}=anna&fuzzymatching=true`), ['W-1'])
  assert.deepEqual(await parts(`/series?${key}=nobody`), [])
})

test('dates and times match by range, a time without minutes stands for its whole hour', async () => {
  await declare({ attribute: 'SecondaryReviewDate', level: 'study' })
  await declare({ attribute: 'SecondaryReviewTime', level: 'study' })
  await index()
  assert.deepEqual(await parts('/studies?SecondaryReviewDate=20260101-20260131'), ['W-1'])
  assert.deepEqual(await parts('/studies?SecondaryReviewDate=20260111-'), [])
  assert.deepEqual(await parts('/studies?SecondaryReviewTime=10'), ['W-2'])
  assert.deepEqual(await parts('/studies?SecondaryReviewTime=0814-081501'), ['W-1'])
  assert.deepEqual(await parts('/studies?SecondaryReviewTime=0816-'), ['W-2'])
  assert.equal((await backend.get('/dicom-web/studies?SecondaryReviewDate=soon')).status, 400)
})

test('a private element is found by its name, and by its tag with its creator, whatever block a file gives it', async () => {
  await declare({ attribute: '0009"ACME 1.0"02', level: 'study', name: 'AcmeFilter', vr: 'LO' })
  await index()
  assert.deepEqual(await parts(`/studies?AcmeFilter=${encodeURIComponent('filter 3')}`), ['W-1'])
  const { found } = await search('/studies?00090010=ACME%201.0&00091002=filter*')
  assert.deepEqual(new Set(found.map((match) => getString(match, tags.patientId))), new Set(['W-1', 'W-2']))
  // Block 11 is where W-2 has it, and there it is returned.
  const second = found.find((match) => getString(match, tags.patientId) === 'W-2')
  assert.deepEqual([second?.['00090011']?.Value, second?.['00091102']?.Value], [['ACME 1.0'], ['filter 7']])
  assert.match((await search('/studies?00090010=OTHER&00091002=filter*')).warning ?? '', /00091002 is not supported/)
})

test('private bytes without a VR are read as they were declared', async () => {
  const unknown = {
    '00110010': { vr: 'LO', Value: ['ACME 2.0'] },
    '00111001': { vr: 'UN', InlineBinary: Buffer.from([0xd2, 0x04]).toString('base64') },
  } as const
  assert.equal((await backend.stow([make('W-4', 1, {}, unknown as unknown as Dataset)])).status, 200)
  await declare({ attribute: '0011"ACME 2.0"01', level: 'instance', name: 'AcmeGain', vr: 'US' })
  await index()
  assert.deepEqual(await instances('/instances?AcmeGain=1234'), ['W-4/1'])
})

test('an instance stored later is found at once, without any indexing', async () => {
  assert.equal(
    (await backend.stow([make('W-5', 1, { MaterialThickness: 77, ComponentShape: 'CONE' }, acme('filter 9'))])).status,
    200,
  )
  assert.deepEqual(await instances('/instances?MaterialThickness=77'), ['W-5/1'])
  assert.deepEqual(await parts('/studies?ComponentShape=CONE'), ['W-5'])
  assert.deepEqual(await parts(`/studies?AcmeFilter=${encodeURIComponent('filter 9')}`), ['W-5'])
})

test('an instance that is refused adds nothing to the index', async () => {
  const other = make('W-5', 1, { MaterialThickness: 99, ComponentShape: 'OTHER' })
  assert.equal((await backend.stow([other])).status, 409)
  assert.deepEqual(await instances('/instances?MaterialThickness=99'), [])
  assert.deepEqual(await parts('/studies?ComponentShape=OTHER'), [])
})

test('what lies in another project is not found', async () => {
  await addProject(backend.db, 'secret')
  const sender = await tokenHeaders(backend.db, 'sender', ['secret'])
  const body = make('S-1', 1, { MaterialThickness: 55, ComponentShape: 'HIDDEN' })
  const stored = await fetch(`${backend.url}/dicom-web/projects/secret/studies`, {
    method: 'POST',
    headers: { ...sender, 'content-type': 'application/dicom' },
    body: body as Uint8Array<ArrayBuffer>,
  })
  assert.equal(stored.status, 200)
  const ask = async (projects: string[], path: string): Promise<number> =>
    (await fetch(`${backend.url}/dicom-web${path}`, { headers: await tokenHeaders(backend.db, 'reader', projects) }))
      .status
  for (const path of [
    '/instances?MaterialThickness=55',
    '/instances?MaterialThickness=50..60',
    '/studies?ComponentShape=HID*',
    '/series?ComponentShape=HIDDEN',
  ]) {
    assert.equal(await ask(['default'], path), 204, path)
    assert.equal(await ask(['secret'], path), 200, path)
    assert.equal(await ask(['default', 'secret'], path), 200, path)
  }
})

test('several projects are one list, newest first', async () => {
  const headers = await tokenHeaders(backend.db, 'reader', ['default', 'secret'])
  const answer = await fetch(`${backend.url}/dicom-web/instances?limit=3`, { headers })
  const found = (await answer.json()) as Dataset[]
  assert.deepEqual(
    found.map((match) => getString(match, tags.patientId)),
    ['S-1', 'W-5', 'W-4'],
  )
})

test('a faulty declaration is refused and names the fault', async () => {
  for (const [body, code, words] of [
    [{ attribute: 'NoSuchThing', level: 'study' }, 'attribute-unknown', /NoSuchThing/],
    [{ attribute: 'PatientID.StudyID', level: 'study' }, 'attribute-no-sequence', /Component ID Number/],
    [{ attribute: 'PixelData', level: 'study' }, 'attribute-vr', /bytes/],
    [{ attribute: 'EvaluatorSequence', level: 'study' }, 'attribute-vr', /inside it/],
    [{ attribute: '00091001', level: 'study' }, 'attribute-unknown', /00091001/],
    [{ attribute: '0009"ACME"01', level: 'study', vr: 'LO' }, 'attribute-name', /needs a name/],
    [{ attribute: '0009"ACME"01', level: 'study', vr: 'LO', name: 'PatientID' }, 'attribute-name', /PatientID/],
    [{ attribute: '0009"ACME"01', level: 'study', name: 'Acme' }, 'attribute-vr', /value representation/],
    [{ attribute: 'ComponentShape', level: 'study', vr: 'DS' }, 'attribute-vr', /CS/],
    [{ attribute: 'PatientID', level: 'study' }, 'attribute-searchable', /Component ID Number/],
    [{ attribute: 'ComponentShape', level: 'series' }, 'attribute-declared', /declared already/],
    [{ attribute: 'MaterialGrade', level: 'project' }, 'malformed-body', /level/],
  ] as const) {
    const answer = await send('POST', '/api/search-attributes', body)
    const problem = (await answer.json()) as { code: string; detail: string }
    assert.equal(problem.code, code, JSON.stringify(body))
    assert.match(problem.detail, words)
  }
})

test('the number of attributes is bounded', async () => {
  const { rows } = await backend.db.pool.query<{ id: number }>(
    `insert into search_attribute (path, name, vr, level, first_id, indexed_id, last_id, state, created_by)
     select lpad(n::text, 8, '0'), 'Filler' || n, 'LO', 'study', 0, 0, 0, 'ready', 'test' from generate_series(1, 40) n returning id`,
  )
  const answer = await send('POST', '/api/search-attributes', { attribute: 'MaterialGrade', level: 'study' })
  assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [409, 'too-many-attributes'])
  await backend.db.pool.query('delete from search_attribute where id = any($1)', [rows.map((row) => row.id)])
})

test('a removed attribute is no key any more, its values go, and it can be declared anew', async () => {
  const shape = (await list()).find((one) => one.name === 'ComponentShape')
  assert.equal((await send('DELETE', `/api/search-attributes/${shape?.id}`)).status, 204)
  assert.equal((await send('DELETE', `/api/search-attributes/${shape?.id}`)).status, 404)
  assert.match((await search('/studies?ComponentShape=RING')).warning ?? '', /not supported here/)
  await index()
  const { rows } = await backend.db.pool.query(
    `select (select count(*) from attribute_value where attribute_id = $1) as values,
    (select count(*) from study_value v where not exists (select from attribute_value a where a.id = v.value_id)) as owners`,
    [shape?.id],
  )
  assert.deepEqual(rows, [{ values: 0, owners: 0 }])
  await declare({ attribute: 'ComponentShape', level: 'instance' })
  await index()
  assert.deepEqual(await instances('/instances?ComponentShape=RING'), ['W-3/1'])
})

test('declaring and removing is in the audit', async () => {
  const { rows } = await backend.db.pool.query<{ action: string; target: string }>(
    `select action, target from audit_event where action like 'search-attribute.%' and target = 'ComponentShape' order by id`,
  )
  assert.deepEqual(
    rows.map((row) => row.action),
    ['search-attribute.add', 'search-attribute.remove', 'search-attribute.add'],
  )
})

test('only administrators change what is searched', async () => {
  const headers = await tokenHeaders(backend.db, 'level-iii', ['default'])
  assert.equal((await send('GET', '/api/search-attributes', undefined, headers)).status, 200)
  assert.equal(
    (await send('POST', '/api/search-attributes', { attribute: 'MaterialGrade', level: 'study' }, headers)).status,
    403,
  )
})
