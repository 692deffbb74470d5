import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import type { Match } from '../../data/search.ts'
import { buildMatch } from './build-answer.ts'
import { parseQuery } from './parse-query.ts'

const lines = (...members: string[]): string => `{${members.join(',\n')}}`
const member = (tag: string, value: string): string => `"${tag}":{"vr":"LO","Value":["${value}"]}`

const match: Match = {
  study_instance_uid: '1.2',
  study_attributes: lines(member('00080020', 'study'), member('0020000D', '1.2'), member('00200010', 'id')),
  modalities: ['DX'],
  sop_classes: [],
  series_count: 1,
  study_instance_count: 2,
  series_instance_uid: '1.2.3',
  series_attributes: lines(member('00080060', 'DX'), member('00080020', 'series'), member('0020000E', '1.2.3')),
  series_instance_count: 2,
  sop_instance_uid: '1.2.3.4',
  attributes: lines(member('00080018', '1.2.3.4'), member('00280010', '512'), member('00091001', 'private')),
  transfer_syntax_uid: '1.2.840.10008.1.2.1',
}

const built = (level: 'study' | 'series' | 'instance', query = '', metadata?: object): [string, unknown][] => {
  const packed = metadata && zstdCompressSync(JSON.stringify(metadata))
  const text = buildMatch(
    { ...match, ...(packed ? { metadata: packed } : {}) },
    level,
    parseQuery(new URLSearchParams(query), level, []),
    'https://archive.example/dicom-web',
    { study: true, series: true },
  )
  const tags = [...text.matchAll(/"([0-9A-F]{8})":\{/g)].map(([, tag]) => tag ?? '')
  assert.deepEqual(tags, [...new Set(tags)].sort(), 'ascending, each once')
  return Object.entries(JSON.parse(text) as object)
}

test('members of every level are ascending, each once, whatever the order they come in', () => {
  assert.ok(built('study').some(([tag]) => tag === '00201208'))
  assert.ok(built('series').some(([tag]) => tag === '0020000E'))
  assert.ok(built('instance').some(([tag]) => tag === '00091001'))
})

test('of two levels with the same attribute the upper one tells it', () => {
  const value = (tag: string, members: [string, unknown][]): unknown => members.find(([each]) => each === tag)?.[1]
  assert.deepEqual(value('00080020', built('instance')), { vr: 'LO', Value: ['study'] })
})

test('included attributes find their places, and none replaces what is there', () => {
  const members = built('instance', 'includefield=all', {
    '00020010': { vr: 'UI', Value: ['1'] },
    '00080018': { vr: 'UI', Value: ['another'] },
    '00185100': { vr: 'CS', Value: ['HFS'] },
    '7FE00010': { vr: 'OW', BulkDataURI: 'bulkdata/7FE00010' },
  })
  assert.deepEqual(members.at(0)?.[0], '00020010')
  assert.deepEqual(members.find(([tag]) => tag === '00080018')?.[1], { vr: 'LO', Value: ['1.2.3.4'] })
  assert.deepEqual(members.at(-1), [
    '7FE00010',
    {
      vr: 'OW',
      BulkDataURI: 'https://archive.example/dicom-web/studies/1.2/series/1.2.3/instances/1.2.3.4/bulkdata/7FE00010',
    },
  ])
  const bulk = { '7FE00010': { vr: 'OW', BulkDataURI: 'bulkdata/7FE00010' } }
  assert.equal(
    built('series', 'includefield=7FE00010', bulk).some(([tag]) => tag === '7FE00010'),
    false,
    'nobody knows whose it is',
  )
})
