import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inspectionPageSchema } from '@instandt/api'
import { attributesOf, buildInstance } from '@instandt/testkit/files'
import { addPerson, sessionHeaders } from '../identity.fixture.ts'
import { indexAttributes } from '../jobs/index-attributes.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'

let backend: TestBackend
const count = 12

before(async () => {
  backend = await startTestBackend()
  const files = Array.from({ length: count }, (_, index) =>
    buildInstance({
      seed: `a${index}`,
      image: { rows: 4, columns: 4 },
      attributes: attributesOf({
        PatientID: `B-${index}`,
        StudyDate: `202601${String(index + 1).padStart(2, '0')}`,
        MaterialThickness: index,
        ComponentShape: index % 2 === 0 ? 'FLAT' : 'CURVED',
        OperatorsName: index % 3 === 0 ? 'Müller^Jörg' : 'Weiß^Anna',
        FocalSpots: 0.4,
      }),
    }),
  )
  assert.equal((await backend.stow(files)).status, 200)
  const { id } = await addPerson(backend.db, { isAdministrator: true })
  const headers = { ...(await sessionHeaders(backend.db, id, backend.url)), 'content-type': 'application/json' }
  for (const [attribute, level] of [
    ['MaterialThickness', 'study'],
    ['ComponentShape', 'study'],
    ['FocalSpots', 'instance'],
  ]) {
    const body = JSON.stringify({ attribute, level })
    const answer = await fetch(`${backend.url}/api/search-attributes`, { method: 'POST', headers, body })
    assert.equal(answer.status, 201, await answer.text())
  }
  await indexAttributes(backend.deps, await readArchiveScope(backend.db))
})
after(() => backend.stop())

async function numbersOf(attributes: string, more = ''): Promise<string[]> {
  const numbers: string[] = []
  let cursor = ''
  do {
    const answer = await backend.get(
      `/api/inspections?limit=2${more}${cursor}&attributes=${encodeURIComponent(attributes)}`,
    )
    assert.equal(answer.status, 200, await answer.clone().text())
    const { items, next } = inspectionPageSchema.parse(await answer.json())
    numbers.push(...items.map((item) => item.componentNumber ?? ''))
    cursor = next === null ? '' : `&cursor=${encodeURIComponent(next)}`
  } while (cursor !== '')
  return numbers
}
const named = (...numbers: number[]): string[] => numbers.map((number) => `B-${number}`)

test('the list is narrowed by declared attributes, by several together and with the other filters, page by page', async () => {
  assert.deepEqual(await numbersOf('MaterialThickness=3..7'), named(7, 6, 5, 4, 3))
  assert.deepEqual(await numbersOf('MaterialThickness=3..7&ComponentShape=FLAT'), named(6, 4))
  assert.deepEqual(await numbersOf('componentshape=CUR*', '&sort=date&from=20260105'), named(5, 7, 9, 11))
  assert.deepEqual(await numbersOf('00140030=4.0'), named(4))
  assert.deepEqual(
    await numbersOf('MaterialThickness='),
    named(...Array.from({ length: count }, (_, at) => count - 1 - at)),
  )
  assert.deepEqual(await numbersOf('ComponentShape=ROUND'), [])
})

test('values that nearly all inspections have are asked of each; the total counts the same', async () => {
  // More owners than are looked up one by one.
  await backend.db.pool.query(`insert into study_value (study_id, value_id, project_id, study_date)
    select s.id, a.id, s.project_id, s.study_date from study s, attribute_value a
    where a.text_value = 'FLAT' on conflict do nothing`)
  await backend.db.pool
    .query(`insert into study (project_id, component_id, study_instance_uid, study_date, search_text, attributes, is_diconde,
      modalities, sop_classes, series_count, instance_count, byte_size)
    select project_id, component_id, '2.25.' || n, '19990101', '', '{}', false, '{}', '{}', 0, 0, 0
    from (select project_id, component_id from study limit 1) s, generate_series(1, 2100) n`)
  await backend.db.pool.query(`insert into study_value (study_id, value_id, project_id, study_date)
    select s.id, a.id, s.project_id, s.study_date from study s, attribute_value a
    where s.study_date = '19990101' and a.text_value = 'FLAT'`)
  const answer = await backend.get('/api/inspections?limit=5&total=yes&attributes=ComponentShape%3DFLAT')
  const { items, total } = inspectionPageSchema.parse(await answer.json())
  assert.deepEqual([items.map((item) => item.componentNumber), total], [named(11, 10, 9, 8, 7), count + 2100])
})

test('what is not declared for inspections, and what cannot be, is refused and named', async () => {
  for (const [attributes, code, words] of [
    ['Nonsense=1', 'attribute-not-declared', /Nonsense/],
    ['FocalSpots=0.4', 'attribute-not-declared', /FocalSpots/],
    ['PatientID=B-1', 'attribute-not-declared', /PatientID/],
    ['MaterialThickness=thick', 'malformed-value', /MaterialThickness/],
  ] as const) {
    const answer = await backend.get(`/api/inspections?attributes=${encodeURIComponent(attributes)}`)
    const problem = (await answer.json()) as { code: string; detail: string }
    assert.deepEqual([answer.status, problem.code], [400, code], attributes)
    assert.match(problem.detail, words)
  }
})
