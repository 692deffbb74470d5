import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Dataset, getString, tags } from '@instandt/dicom'
import { attributesOf, buildInstance, sequenceOf, uidOf } from '@instandt/testkit/files'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'

let backend: TestBackend
const image = { rows: 8, columns: 8 }

const make = (
  seed: string,
  number: number,
  attributes: Parameters<typeof attributesOf>[0],
  more: Dataset = {},
): Uint8Array =>
  buildInstance({
    seed,
    sopInstanceUid: uidOf(seed, number),
    image,
    attributes: { ...attributesOf({ InstanceNumber: String(number), ...attributes }), ...more },
  })

before(async () => {
  backend = await startTestBackend()
  const weld = {
    PatientName: 'Müller^Schweißnaht',
    PatientID: 'W-100%',
    StudyDate: '20260110',
    StudyTime: '0815',
    AccessionNumber: 'J1',
    Modality: 'DX',
    KVP: '160',
  }
  const answer = await backend.stow([
    make('weld', 1, weld),
    make('weld', 2, weld),
    make('casting', 1, {
      PatientName: 'CASTING-7 housing',
      PatientID: 'C-7',
      StudyDate: '20260215',
      StudyTime: '101500.5',
      Modality: 'CT',
      EthnicGroup: 'AlSi9',
      OperatorsName: 'Núñez^Inés',
    }),
    make('undated', 1, { PatientName: 'Panel', PatientID: 'P_1', StudyDate: [], Modality: 'US' }),
  ])
  assert.equal(answer.status, 200)
  await backend.db.pool.query(`insert into project (slug, name) values ('other', 'Other')`)
  assert.equal((await backend.stow([make('hidden', 1, { PatientName: 'Hidden', PatientID: 'H-1' })])).status, 200)
  await backend.db.pool.query(
    `with p as (select id from project where slug = 'other'), s as (update study set project_id = (select id from p) where study_instance_uid = $1 returning id),
      r as (update series set project_id = (select id from p) where study_id in (select id from s))
      update instance set project_id = (select id from p) where study_id in (select id from s)`,
    [uidOf('hidden', 'study')],
  )
})
after(() => backend.stop())

async function search(path: string): Promise<Dataset[]> {
  const answer = await backend.get(`/dicom-web${path}`)
  if (answer.status === 204) return []
  assert.equal(answer.status, 200, await answer.clone().text())
  return (await answer.json()) as Dataset[]
}
const numbers = async (path: string): Promise<(string | undefined)[]> =>
  (await search(path)).map((match) => getString(match, tags.patientId))

test('matching is exact, by wildcard, by range, by list, and universal', async () => {
  assert.deepEqual(await numbers('/studies?PatientID=C-7'), ['C-7'])
  assert.deepEqual(await numbers('/studies?PatientID=c-7'), [])
  assert.deepEqual(await numbers(`/studies?PatientID=${encodeURIComponent('W-1*')}`), ['W-100%'])
  assert.deepEqual(await numbers('/studies?PatientID=%3F-7'), ['C-7'])
  assert.deepEqual(await numbers('/studies?PatientID=P%3F1'), ['P_1'])
  assert.deepEqual(await numbers('/studies?PatientID=W-100%25'), ['W-100%'])
  assert.deepEqual(await numbers('/studies?StudyDate=20260101-20260131'), ['W-100%'])
  assert.deepEqual(await numbers('/studies?StudyDate=20260201-'), ['C-7'])
  assert.deepEqual(await numbers('/studies?StudyDate=-20260131'), ['W-100%'])
  assert.deepEqual(await numbers('/studies?StudyTime=0815-0816'), ['W-100%'])
  assert.deepEqual(await numbers('/studies?StudyTime=101500-101500'), ['C-7'])
  assert.deepEqual(await numbers('/studies?StudyTime=08'), ['W-100%'])
  assert.deepEqual(await numbers('/studies?StudyTime=0816'), [])
  // From the 10th at 08:00 to the 15th at 09:00, at whatever time in between.
  assert.deepEqual(await numbers('/studies?StudyDate=20260110-20260216&StudyTime=0800-0900'), ['C-7', 'W-100%'])
  assert.deepEqual(await numbers('/studies?StudyDate=20260110-20260215&StudyTime=0800-0900'), ['W-100%'])
  assert.deepEqual(await numbers('/studies?StudyDate=-20260215&StudyTime=-1016'), ['C-7', 'W-100%'])
  assert.deepEqual(await numbers(`/studies?StudyInstanceUID=${uidOf('weld', 'study')},${uidOf('casting', 'study')}`), [
    'C-7',
    'W-100%',
  ])
  assert.deepEqual(await numbers('/studies?ModalitiesInStudy=US'), ['P_1'])
  assert.deepEqual(await numbers('/studies?EthnicGroup=AlSi*'), ['C-7'])
  assert.equal((await search('/studies?PatientID=')).length, 3)
})

test('names match whatever their case and accents, whole and in parts', async () => {
  assert.deepEqual(await numbers(`/studies?PatientName=${encodeURIComponent('muller^schweissnaht')}`), ['W-100%'])
  assert.deepEqual(await numbers(`/studies?ComponentName=${encodeURIComponent('*SCHWEISS*')}`), ['W-100%'])
  assert.deepEqual(await numbers('/studies?PatientName=housing%20casting&fuzzymatching=true'), ['C-7'])
  assert.deepEqual(await numbers(`/series?OperatorsName=${encodeURIComponent('nunez^in?s')}`), ['C-7'])
})

test('newest first, undated last; other orders when asked for', async () => {
  assert.deepEqual(await numbers('/studies'), ['C-7', 'W-100%', 'P_1'])
  assert.deepEqual(await numbers('/studies?orderby=PatientName'), ['C-7', 'W-100%', 'P_1'])
  assert.deepEqual(await numbers('/studies?orderby=-PatientID'), ['W-100%', 'P_1', 'C-7'])
})

test('limit and offset page, and the total is told when asked for', async () => {
  assert.deepEqual(await numbers('/studies?limit=1&offset=1'), ['W-100%'])
  const answer = await backend.get('/dicom-web/studies?limit=1&count=true')
  assert.equal(answer.headers.get('x-total-count'), '3')
})

test('every level path answers with its attributes in ascending order', async () => {
  const study = uidOf('weld', 'study')
  const series = uidOf('weld', 'series')
  const paths: [string, number][] = [
    ['/studies', 3],
    ['/series', 3],
    ['/instances', 4],
    [`/studies/${study}/series`, 1],
    [`/studies/${study}/instances`, 2],
    [`/studies/${study}/series/${series}/instances`, 2],
  ]
  for (const [path, count] of paths) {
    const answer = await backend.get(`/dicom-web${path}`)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/dicom\+json/)
    const text = await answer.text()
    assert.equal((JSON.parse(text) as unknown[]).length, count, path)
    for (const line of text.slice(1, -1).split(/,\n(?=\{)/)) {
      const found = [...line.matchAll(/(?<=[{,])"([0-9A-F]{8})":\{"vr"/g)].map((match) => match[1] ?? '')
      // Nested tags stand between; the top level alone must ascend.
      const top = Object.keys(JSON.parse(line) as object)
      assert.deepEqual(
        found.filter((tag) => top.includes(tag)),
        top.toSorted(),
        path,
      )
    }
  }
})

test('a study tells its modalities, totals and address', async () => {
  const [match] = await search('/studies?PatientID=W-100%25')
  assert.deepEqual(match?.[tags.modalitiesInStudy]?.Value, ['DX'])
  assert.deepEqual(
    [match?.[tags.numberOfStudyRelatedSeries]?.Value, match?.[tags.numberOfStudyRelatedInstances]?.Value],
    [[1], [2]],
  )
  assert.equal(getString(match ?? {}, tags.retrieveUrl), `${backend.url}/dicom-web/studies/${uidOf('weld', 'study')}`)
})

test('addresses follow the public address when one is set', async () => {
  const proxied = await startTestBackend({ PUBLIC_URL: 'https://ndt.example.com' })
  try {
    assert.equal((await proxied.stow([make('proxied', 1, {})])).status, 200)
    const [match] = (await (await proxied.get('/dicom-web/studies')).json()) as Dataset[]
    assert.equal(
      getString(match ?? {}, tags.retrieveUrl),
      `https://ndt.example.com/dicom-web/studies/${uidOf('proxied', 'study')}`,
    )
  } finally {
    await proxied.stop()
  }
})

test('includefield brings attributes that are not returned by themselves', async () => {
  const [plain] = await search('/studies?PatientID=W-100%25')
  assert.equal(plain?.['00180060'], undefined)
  const [match] = await search('/studies?PatientID=W-100%25&includefield=KVP,00080060')
  assert.deepEqual([match?.['00180060']?.Value, match?.[tags.modality]?.Value], [[160], ['DX']])
  const [all] = await search(`/studies/${uidOf('weld', 'study')}/instances?includefield=all&InstanceNumber=1`)
  assert.match(all?.[tags.pixelData]?.BulkDataURI ?? '', /^http:.*\/bulkdata\/7FE00010$/)
})

test('unsupported keys are ignored with a warning, malformed values are 400', async () => {
  const ignored = await backend.get('/dicom-web/studies?Nonsense=1')
  assert.equal(ignored.status, 200)
  assert.match(ignored.headers.get('warning') ?? '', /^299 .*Nonsense/)
  const malformed = await backend.get('/dicom-web/studies?StudyDate=tomorrow')
  assert.equal(malformed.status, 400)
  assert.match(((await malformed.json()) as { detail: string }).detail, /StudyDate/)
})

test('nothing found is 204', async () => {
  assert.equal((await backend.get('/dicom-web/studies?PatientID=none')).status, 204)
  assert.equal((await backend.get('/dicom-web/studies/1.2.3/series')).status, 204)
})

test('what lies in another project is not found on any path', async () => {
  const study = uidOf('hidden', 'study')
  const paths = [
    '/studies?PatientID=H-1',
    '/studies?PatientName=hidden&fuzzymatching=true',
    `/series?StudyInstanceUID=${study}`,
    `/instances?StudyInstanceUID=${study}`,
    `/studies/${study}/series`,
    `/studies/${study}/instances`,
    `/studies/${study}/series/${uidOf('hidden', 'series')}/instances`,
  ]
  for (const path of paths) assert.deepEqual(await search(path), [], path)
  assert.equal((await backend.get(`/api/inspections/${study}`)).status, 404)
  assert.equal(
    (await backend.get(`/api/inspections/${study}/views/${uidOf('hidden', 'series')}/instances`)).status,
    404,
  )
  assert.deepEqual(((await (await backend.get('/api/inspections?q=hidden')).json()) as { items: unknown[] }).items, [])
})

test('of a list any value matches, exactly or by wildcard, and none together with its neighbour', async () => {
  const requests = (...ids: [requested: string, scheduled: string][]) =>
    sequenceOf(
      'RequestAttributesSequence',
      ids.map(([RequestedProcedureID, ScheduledProcedureStepID]) =>
        attributesOf({ RequestedProcedureID, ScheduledProcedureStepID }),
      ),
    )
  const ordered = (seed: string, sequence: Dataset, modality: string): Uint8Array =>
    make(seed, 1, { PatientID: seed, Modality: modality }, sequence)
  const answer = await backend.stow([
    ordered('O-1', requests(['WO-17', 'a'], ['X_9', 'b']), 'CR'),
    ordered('O-2', requests(['WO-2, left', 'c']), 'PT'),
    ordered('O-3', {}, 'OT'),
  ])
  assert.equal(answer.status, 200)
  const ofOrders = (value: string, key = 'RequestedProcedureID'): Promise<(string | undefined)[]> =>
    numbers(`/series?orderby=PatientID&RequestAttributesSequence.${key}=${encodeURIComponent(value)}`)
  assert.deepEqual(await ofOrders('WO-17'), ['O-1'])
  assert.deepEqual(await ofOrders('X_9'), ['O-1'])
  assert.deepEqual(await ofOrders('WO-*'), ['O-1', 'O-2'])
  assert.deepEqual(await ofOrders('*9'), ['O-1'])
  assert.deepEqual(await ofOrders('*-17'), ['O-1'])
  assert.deepEqual(await ofOrders('*O-1?'), ['O-1'])
  assert.deepEqual(await ofOrders('X?9'), ['O-1'])
  assert.deepEqual(await ofOrders('XX9*'), [], 'signs of SQL mean themselves')
  assert.deepEqual(await ofOrders('O-*'), [], 'from its beginning')
  assert.deepEqual(await ofOrders('*-1'), [], 'to its end')
  assert.deepEqual(await ofOrders('W????'), ['O-1'])
  assert.deepEqual(await ofOrders('W???'), [])
  for (let signs = 1; signs <= 16; signs += 1)
    assert.deepEqual(await ofOrders(`7${'?'.repeat(signs)}X_9`), [], 'not over the end of a value')
  assert.deepEqual(await ofOrders('WO-1*9'), [], 'from one value into the next')
  assert.deepEqual(await ofOrders('WO*7'), ['O-1'])
  assert.deepEqual(await ofOrders('WO-2, left'), ['O-2'])
  assert.deepEqual(await ofOrders('WO-2'), [])
  assert.deepEqual(await ofOrders('WO-2, left\\X_9'), ['O-1', 'O-2'])
  assert.deepEqual(await ofOrders('?', 'ScheduledProcedureStepID'), ['O-1', 'O-2'])
  // Each key matches in an item of its own.
  const both =
    'RequestAttributesSequence.RequestedProcedureID=WO-17&RequestAttributesSequence.ScheduledProcedureStepID=b'
  assert.deepEqual(await numbers(`/series?${both}`), ['O-1'])

  assert.deepEqual(await numbers('/studies?ModalitiesInStudy=*T&orderby=PatientID'), ['C-7', 'O-2', 'O-3'])
  assert.deepEqual(await numbers('/studies?ModalitiesInStudy=C%3F&orderby=PatientID'), ['C-7', 'O-1'])
  assert.deepEqual(await numbers('/studies?ModalitiesInStudy=US,CR&orderby=PatientID'), ['O-1', 'P_1'])
  assert.equal((await backend.get('/dicom-web/studies?ModalitiesInStudy=US,C*')).status, 400)
})

test('any of several inspectors is found by the name, whole, by wildcard and all together', async () => {
  const both = ['Weber^Anna', 'Kaya^Emre']
  assert.equal((await backend.stow([make('I-1', 1, { PatientID: 'I-1', OperatorsName: both })])).status, 200)
  const of = (name: string): Promise<(string | undefined)[]> =>
    numbers(`/series?OperatorsName=${encodeURIComponent(name)}`)
  for (const name of [
    'Weber^Anna',
    'KAYA^emre',
    'kaya*',
    '*Emre',
    '?aya^Em??',
    'weber*anna',
    both.join('\\'),
    'weber*\\kaya*',
  ])
    assert.deepEqual(await of(name), ['I-1'], name)
  for (const name of ['Weber', 'Anna', 'aya*', '*Em', 'Anna?Kaya', 'Kaya^Emre\\Weber^Anna', 'weber^ann_', 'weber*emre'])
    assert.deepEqual(await of(name), [], name)
  assert.deepEqual(await of('Núñez^Inés'), ['C-7'])
  assert.deepEqual(await numbers('/series?OperatorsName=emre%20weber&fuzzymatching=true'), ['I-1'])
  assert.equal((await search('/series?OperatorsName=%3F*&orderby=OperatorsName')).length, 2)
})
