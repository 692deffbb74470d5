import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Scope } from '../../plugins/access.ts'
import { searchStatement } from '../../data/search.ts'
import { parseQuery } from './parse-query.ts'
import { declaredKey, type Level } from './search-keys.ts'

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

test('only codes are listed by commas; a pattern for a list stands alone', () => {
  const valuesOf = (text: string) => {
    const [condition] = parse(text, 'series').conditions
    return condition?.kind === 'one-of' ? condition.values : condition
  }
  assert.deepEqual(valuesOf('ModalitiesInStudy=CR,DX\\CT&ModalitiesInStudy=US'), ['CR', 'DX', 'CT', 'US'])
  const id = 'RequestAttributesSequence.RequestedProcedureID'
  assert.deepEqual(valuesOf(`${id}=A-1,%20left\\B-2&${id}=C-3`), ['A-1, left', 'B-2', 'C-3'])
  assert.throws(() => parse('ModalitiesInStudy=CR,D*', 'series'), /ModalitiesInStudy.*stands alone/)
  const { text, values } = sql(`${id}=${encodeURIComponent('10%_*')}`, 'series')
  assert.match(text, /and exists \(select from unnest\(r\.requested_procedure_ids\) .* like \$2::text\)\n/)
  assert.equal(values[1], String.raw`10\%\_%`)
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
  assert.match(text, /unnest\(\$1::bigint\[\]\) p\(id\)[^]*where s\.project_id = p\.id/)
})

test('SQL of a search for studies', () => {
  const { text, values } = sql('PatientName=*weld*&StudyDate=20260101-20260131&ModalitiesInStudy=DX&StudyTime=08')
  assert.equal(
    text.slice(text.indexOf('from')),
    `from study s
where s.project_id = $1::bigint
  and s.search_text like $3::text and s.component_name_folded like $2::text
  and coalesce(s.study_date, '') >= $4::text and coalesce(s.study_date, '') <= $5::text
  and s.modalities && $6::text[]
  and rpad(s.study_time, 6, '0') >= $7::text and rpad(s.study_time, 6, '0') <= $8::text
order by coalesce(s.study_date, '') desc, s.id desc
limit $9::integer offset $10::integer`,
  )
  assert.deepEqual(values, [7, '%weld%', '%weld%', '20260101', '20260131', ['DX'], '08', '08~', 10, 0])
})

test('dates and times in the same form of range are one range of instants', () => {
  const kinds = (text: string): string[] => parse(text).conditions.map(({ kind }) => kind)
  assert.deepEqual(kinds('StudyDate=20260105-20260107&StudyTime=1000-1800'), ['range', 'instants'])
  assert.deepEqual(kinds('StudyTime=1000-&StudyDate=20260105-'), ['range', 'instants'])
  assert.deepEqual(kinds('StudyDate=20260105-20260107&StudyTime=1000-'), ['range', 'range'])
  assert.deepEqual(kinds('StudyDate=20260105-20260107&StudyTime=10'), ['range', 'range'])
  assert.deepEqual(kinds('StudyDate=20260105&StudyTime=1000-1800'), ['one-of', 'range'])
  const { text } = sql('StudyDate=20260105-20260107&StudyTime=1000-1800')
  assert.ok(text.includes(`(coalesce(s.study_date, ''), rpad(s.study_time, 6, '0')) >= ($4::text, $5::text)`), text)
})

const declaredKeys = [
  {
    id: 3,
    name: 'MaterialThickness',
    path: '00140030',
    vr: 'DS',
    level: 'instance',
    matching: 'number',
    isReady: true,
  },
  { id: 4, name: 'AcmeFilter', path: '0009"ACME 1.0"02', vr: 'LO', level: 'study', matching: 'text', isReady: false },
  { id: 5, name: 'Stamp', path: '0040A13A', vr: 'DT', level: 'study', matching: 'stamp', isReady: true },
  { id: 6, name: 'Gain', path: '00189073', vr: 'FL', level: 'study', matching: 'number', isReady: true },
] as const
const parseDeclared = (text: string, level: Level = 'study') =>
  parseQuery(
    new URLSearchParams(text),
    level,
    declaredKeys.map((one) => declaredKey({ ...one, steps: [] })),
  )

test('declared attributes are keys by name, by tag, and private ones by tag with their creator', () => {
  assert.equal(parseDeclared('materialthickness=1', 'instance').conditions[0]?.key.declared?.id, 3)
  assert.equal(parseDeclared('00140030=1', 'instance').conditions[0]?.key.declared?.id, 3)
  assert.match(parseDeclared('00140030=1').warnings[0] ?? '', /not supported here/)
  const named = parseDeclared('AcmeFilter=x')
  assert.deepEqual([named.conditions[0]?.key.declared?.id, named.includeTags], [4, ['0009"ACME 1.0"02']])
  assert.match(named.warnings[0] ?? '', /not indexed completely/)
  assert.equal(parseDeclared('00090011=ACME+1.0&00091102=x').conditions[0]?.key.declared?.id, 4)
  assert.match(parseDeclared('00091002=x').warnings[0] ?? '', /00091002 is not supported/)
  assert.deepEqual(parseDeclared('00090011=ACME+1.0&includefield=00091107').includeTags, ['0009"ACME 1.0"07'])
  assert.throws(() => parseDeclared('orderby=AcmeFilter'), /AcmeFilter cannot be sorted by/)
})

test('numbers and stamps become what they are compared by, and nonsense is named', () => {
  const read = (text: string, level: Level = 'instance'): unknown => {
    const { key: _key, ...condition } = parseDeclared(text, level).conditions[0] ?? { key: undefined }
    return condition
  }
  assert.deepEqual(read('MaterialThickness=-1.50'), { kind: 'one-of', values: [-1.5] })
  assert.deepEqual(read('MaterialThickness=1&MaterialThickness=2'), { kind: 'one-of', values: [1, 2] })
  assert.deepEqual(read('MaterialThickness=-3..-1e-1'), { kind: 'range', from: -3, to: -0.1 })
  assert.deepEqual(read('MaterialThickness=5..'), { kind: 'range', from: 5 })
  assert.deepEqual(read('Gain=0.1'), { kind: 'one-of', values: [Math.fround(0.1)] })
  assert.deepEqual(read('Stamp=202601'), { kind: 'range', from: '20260101000000', to: '202601~' })
  assert.deepEqual(read('Stamp=20260102-2027'), { kind: 'range', from: '20260102000000', to: '2027~' })
  for (const wrong of [
    'MaterialThickness=1-2',
    'MaterialThickness=NaN',
    'MaterialThickness=..',
    'MaterialThickness=1..2..3',
    'Stamp=2026-01-02',
    'Stamp=20261301',
    'Stamp=20260101120000%2B0100',
  ])
    assert.throws(() => parseDeclared(wrong, 'instance'), { code: 'malformed-value' }, wrong)
})

test('SQL of a search from the values of a declared attribute', () => {
  const query = parseDeclared('MaterialThickness=10..12&Modality=DX', 'instance')
  const driver = query.conditions.find((condition) => condition.key.declared)
  assert.ok(driver)
  const page = { limit: 10, offset: 5, hasMetadata: false }
  const { text, values } = searchStatement('instance', scope, query, { driver, known: [driver] }, page)
  assert.equal(
    text.slice(text.indexOf('from (')),
    `from (
  select f.* from (select m.rank, o.* from (
    select a.id, a.number_value as rank from attribute_value a
    where a.attribute_id = $1::integer and a.number_value >= $7::float8 and a.number_value <= $8::float8 order by rank offset 0
  ) m cross join unnest($2::bigint[]) p(id) cross join lateral (
    select v.instance_id as id from instance_value v join instance i on i.id = v.instance_id join series r on r.id = i.series_id join study s on s.id = i.study_id
    where v.value_id = m.id
      and v.project_id = p.id
      and r.modality = $3::text
      and not exists (select from instance_value w cross join lateral (
        select * from attribute_value where id = w.value_id offset 0) b
      where w.instance_id = v.instance_id and b.attribute_id = $1::integer and b.number_value >= $4::float8 and b.number_value <= $5::float8
        and b.number_value < m.rank offset 0)
      and i.project_id = p.id order by v.instance_id desc limit $6::integer
  ) o) f
  order by f.rank, f.id desc limit $9::integer offset $10::integer
) f join instance i on i.id = f.id join series r on r.id = i.series_id join study s on s.id = i.study_id
order by f.rank, f.id desc`,
  )
  assert.deepEqual(values, [3, [7], 'DX', 10, 12, 15, 10, 12, 10, 5])
})

test('SQL of the instances of a series', () => {
  const { text } = sql('InstanceNumber=3', 'instance', { studyInstanceUid: '1.2', seriesInstanceUid: '1.2.3' })
  assert.equal(
    text.slice(text.indexOf('from')),
    `from (select * from study where study_instance_uid = $1::text and project_id = $2::bigint offset 0) s join series r on r.study_id = s.id join instance i on i.series_id = r.id
where i.project_id = $3::bigint
  and r.series_instance_uid = $4::text
  and i.instance_number = $5::integer
order by coalesce(i.instance_number, 2147483647) asc, i.id asc
limit $6::integer offset $7::integer`,
  )
})

test('SQL of the series of a range of dates, which has an index of its own', () => {
  const range = 'PerformedProcedureStepStartDate=20240101-20240131'
  assert.match(sql(range, 'series').text, /order by r\.step_start_date desc, r\.id desc/)
  assert.match(
    sql(`${range}&PerformedProcedureStepStartTime=10-11`, 'series').text,
    /order by r\.step_start_date desc, /,
  )
  assert.match(
    sql('PerformedProcedureStepStartDate=20240101', 'series').text,
    /order by r\.(id \+ 0|step_start_date) desc/,
  )
  // Inside of a study its own order.
  assert.match(sql(range, 'series', { studyInstanceUid: '1.2' }).text, /order by r\.series_number asc/)
})
