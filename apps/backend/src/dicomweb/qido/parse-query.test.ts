import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Scope } from '../../plugins/access.ts'
import { searchStatement } from '../../data/search.ts'
import { parseQuery } from './parse-query.ts'
import type { Level } from './search-keys.ts'

const scope = { userId: 'test', projectIds: [7], defaultProjectId: 7 } as unknown as Scope
const parse = (text: string, level: Level = 'study') => parseQuery(new URLSearchParams(text), level)
const sql = (text: string, level: Level = 'study', within = {}) =>
  searchStatement(level, scope, parse(text, level), within, { limit: 10, offset: 0, hasMetadata: false })

test('keys are found by keyword, tag and DICONDE name', () => {
  for (const name of ['PatientID', '00100020', 'patientid', 'ComponentIDNumber']) {
    const [condition] = parse(`${name}=W-12`).conditions
    assert.deepEqual([condition?.key.keyword, condition?.kind], ['PatientID', 'one-of'], name)
  }
  const [nested] = parse('RequestAttributesSequence.RequestedProcedureID=R1', 'series').conditions
  assert.equal(nested?.key.path, '00400275.00401001')
})

test('an unsupported key is ignored and named; a key of a lower level is unsupported', () => {
  assert.deepEqual(parse('Foo=1&Modality=DX').warnings, [
    'The key Foo is not supported here and was ignored',
    'The key Modality is not supported here and was ignored',
  ])
  assert.deepEqual(parse('Modality=DX', 'series').warnings, [])
})

test('a malformed value of a supported key is an error that names it', () => {
  const wrong = [
    'StudyDate=2026-01-01',
    'StudyDate=20261301',
    'StudyTime=25',
    'StudyInstanceUID=1.2*',
    'StudyDate=-',
    'limit=x',
    'offset=-1',
    'fuzzymatching=maybe',
    'orderby=Foo',
  ]
  for (const query of wrong) {
    const name = query.split('=', 1)[0] ?? ''
    assert.throws(
      () => parse(query),
      (error: Error) => error.message.includes(name),
      query,
    )
  }
  assert.throws(() => parse('InstanceNumber=1a', 'instance'), /InstanceNumber/)
  assert.throws(() => parse('StudyDate=20260101&StudyDate=20260102'), /StudyDate.*more than once/)
})

test('names are folded, other texts are not', () => {
  assert.deepEqual(parse('PatientName=Müller').conditions[0], { ...parse('PatientName=muller').conditions[0] })
  const [condition] = parse('PatientID=AbC').conditions
  assert.deepEqual(condition && 'values' in condition && condition.values, ['AbC'])
})

test('wildcards become a pattern in which the signs of SQL mean themselves', () => {
  const [condition] = parse(`PatientID=${encodeURIComponent('10%_*?\\')}`).conditions
  assert.deepEqual(condition && condition.kind === 'like' && condition.pattern, String.raw`10\%\_%_\\`)
})

test('an empty value matches everything and asks for the attribute', () => {
  const query = parse('PatientName=&StudyDate=*')
  assert.deepEqual([query.conditions, query.includeTags], [[], ['00100010', '00080020']])
})

test('no value ever becomes SQL', () => {
  const evil = `x'; drop table study; --`
  const { text, values } = sql(`PatientID=${encodeURIComponent(evil)}&PatientName=${encodeURIComponent(`${evil}*`)}`)
  assert.ok(!text.includes('drop'))
  assert.ok(values.includes(evil))
})

test('the scope comes first in every search, also with several projects', () => {
  for (const level of ['study', 'series', 'instance'] as const) {
    const { text, values } = sql('', level)
    assert.match(text, /where \w\.project_id = \$1::bigint/)
    assert.equal(values[0], 7)
  }
  const two = { ...scope, projectIds: [1, 2] } as unknown as Scope
  const { text } = searchStatement('study', two, parse(''), {}, { limit: 1, offset: 0, hasMetadata: false })
  assert.match(text, /where s\.project_id = any\(\$1::bigint\[\]\)/)
})

test('SQL of a search for studies', () => {
  const { text, values } = sql('PatientName=*weld*&StudyDate=20260101-20260131&ModalitiesInStudy=DX&StudyTime=08-10')
  assert.equal(
    text.slice(text.indexOf('from')),
    `from study s
where s.project_id = $1::bigint
  and s.search_text like $3::text and s.component_name_folded like $2::text
  and s.study_date >= $4::text and s.study_date <= $5::text
  and s.modalities && $6::text[]
  and rpad(s.study_time, 6, '0') >= $7::text and s.study_time <= $8::text
order by coalesce(s.study_date, '') desc, s.id desc
limit $9::integer offset $10::integer`,
  )
  assert.deepEqual(values, [7, '%weld%', '%weld%', '20260101', '20260131', ['DX'], '08', '10~', 10, 0])
})

test('SQL of the instances of a series', () => {
  const { text } = sql('InstanceNumber=3', 'instance', { studyInstanceUid: '1.2', seriesInstanceUid: '1.2.3' })
  assert.equal(
    text.slice(text.indexOf('from')),
    `from instance i join series r on r.id = i.series_id join study s on s.id = i.study_id
where i.project_id = $1::bigint
  and s.study_instance_uid = $2::text
  and r.series_instance_uid = $3::text
  and i.instance_number = $4::integer
order by coalesce(i.instance_number, 2147483647), i.id
limit $5::integer offset $6::integer`,
  )
})
