import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type InspectionPage,
  inspectionDetailSchema,
  inspectionPageSchema,
  instancePageSchema,
  projectPermissions,
  sessionSchema,
} from '@instandt/api'
import { attributesOf, buildInstance, uidOf } from '@instandt/testkit/files'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
const count = 23

before(async () => {
  backend = await startTestBackend()
  const files = Array.from({ length: count }, (_, index) =>
    buildInstance({
      seed: `i${index}`,
      image: { rows: 8, columns: 8 },
      attributes: attributesOf({
        PatientName: `Blade ${String(index % 5)}`,
        PatientID: `B-${index}`,
        StudyDate: index % 4 === 0 ? [] : `2026010${(index % 3) + 1}`,
        AccessionNumber: `JOB-${index % 6}`,
        Modality: index % 2 === 0 ? 'DX' : 'CT',
        ReferringPhysicianName: 'Rotorwerk Süd',
        EthnicGroup: 'Inconel 718',
      }),
    }),
  )
  assert.equal((await backend.stow(files)).status, 200)
})
after(() => backend.stop())

async function page(query: string): Promise<InspectionPage> {
  const answer = await backend.get(`/api/inspections?${query}`)
  assert.equal(answer.status, 200, await answer.clone().text())
  return inspectionPageSchema.parse(await answer.json())
}

test('pages by key give every inspection once, in every order', async () => {
  for (const sort of ['date', '-date', 'stored', '-stored', 'component', '-component', 'order', '-order']) {
    const seen: string[] = []
    let cursor = ''
    do {
      const { items, next } = await page(`sort=${sort}&limit=4${cursor}`)
      seen.push(...items.map((item) => item.studyInstanceUid))
      cursor = next === null ? '' : `&cursor=${encodeURIComponent(next)}`
    } while (cursor !== '')
    assert.equal(seen.length, count, sort)
    assert.equal(new Set(seen).size, count, sort)
  }
})

test('newest first, undated last', async () => {
  const dates = (await page('limit=100')).items.map((item) => item.date ?? '')
  assert.deepEqual(dates, dates.toSorted().reverse())
})

test('every word must be found somewhere, whatever its case and accents', async () => {
  assert.equal((await page('q=ROTORWERK%20sud%20b-7')).items.length, 1)
  assert.equal((await page('q=rotorwerk%20nothing')).items.length, 0)
  assert.equal((await page(`q=${encodeURIComponent('%')}`)).items.length, 0)
})

test('filters narrow, and the total is counted when asked for', async () => {
  assert.equal((await page('modality=CT&total=yes')).total, 11)
  assert.equal((await page('order=job-3')).items.length, 4)
  assert.equal((await page('component=blade%202')).items.length, 5)
  assert.equal(
    (await page('owner=rotorwerk&from=20260102&to=20260102&limit=1&total=yes')).total,
    (await page('from=20260102&to=20260102')).items.length,
  )
  assert.equal((await page('diconde=yes')).items.length, 0)
  assert.equal((await page('limit=2')).total, null)
})

test('an inspection has its views, a view its instances', async () => {
  const answer = await backend.get(`/api/inspections/${uidOf('i3', 'study')}`)
  const inspection = inspectionDetailSchema.parse(await answer.json())
  assert.deepEqual(
    [inspection.componentNumber, inspection.material, inspection.views.length],
    ['B-3', 'Inconel 718', 1],
  )
  const view = `/api/inspections/${uidOf('i3', 'study')}/views/${uidOf('i3', 'series')}/instances`
  const { items } = instancePageSchema.parse(await (await backend.get(view)).json())
  assert.deepEqual(
    items.map((item) => [item.rows, item.columns, item.frameCount, item.sha256.length]),
    [[8, 8, 1, 64]],
  )
})

test('cursors of other lists and wrong values are 400', async () => {
  const { next } = await page('limit=1&sort=date')
  for (const query of [
    `cursor=${encodeURIComponent(next ?? '')}&sort=order`,
    'cursor=nonsense',
    'limit=0',
    'sort=colour',
    'from=2026',
  ]) {
    assert.equal((await backend.get(`/api/inspections?${query}`)).status, 400, query)
  }
})

test('the session names the caller and the projects', async () => {
  const session = sessionSchema.parse(await (await backend.get('/api/session')).json())
  assert.deepEqual(session.projects, [
    {
      slug: 'default',
      name: 'Default project',
      role: 'level-iii',
      permissions: [...projectPermissions],
    },
  ])
  assert.deepEqual([session.user.kind, session.defaultProject], ['token', 'default'])
})
