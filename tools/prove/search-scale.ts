// Searches over ten million instances: every shape of search touches few rows, whatever the archive's size.
import assert from 'node:assert/strict'
import { configSchema, openDeps } from '@instandt/backend'
import { closeDb, openDb } from '@instandt/db'
import { createLogger } from '@instandt/runtime'
import { inspectionQuerySchema } from '@instandt/api'
import { testDatabase, testKeys } from '@instandt/testkit'
import {
  countStatement,
  findParents,
  searchStatement,
  type Statement,
  type Within,
} from '../../apps/backend/src/data/search.ts'
import { inspectionStatement } from '../../apps/backend/src/data/inspections.ts'
import { parseQuery } from '../../apps/backend/src/dicomweb/qido/parse-query.ts'
import type { Level } from '../../apps/backend/src/dicomweb/qido/search-keys.ts'
import { readArchiveScope } from '../../apps/backend/src/plugins/access.ts'
import { temporaryFolder } from './child-backend.ts'

const perStudy = 2
const perSeries = 25

/** One study in 1,000 is ultrasound; a component has five studies; dates go round twenty years. */
const fill = (studies: number): string[] => [
  `insert into component (project_id, identity_key, component_number, component_name)
   select p.id, 'number:C-' || n, 'C-' || n, 'Weld ' || n from project p, generate_series(1, ${studies / 5}) n`,
  `insert into study (project_id, component_id, study_instance_uid, study_date, study_time, accession_number, study_id,
     study_description, component_number, component_name, component_name_folded, owner_name, owner_name_folded, search_text,
     attributes, is_diconde, modalities, sop_classes, series_count, instance_count, byte_size)
   select c.project_id, c.id, '2.25.1' || n, to_char(date '2006-01-01' + (n % 7300)::integer, 'YYYYMMDD'), '120000', 'A-' || n, 'S' || n,
     'Girth weld ' || md5(n::text), c.component_number, c.component_name, lower(c.component_name), 'Owner ' || n % 300,
     'owner ' || n % 300, lower(c.component_name) || ' ' || lower(c.component_number) || ' a-' || n || ' s' || n || ' girth weld ' || md5(n::text) || ' owner ' || n % 300,
     '{"00100020":{"vr":"LO","Value":["C"]}}', true, case when n % 1000 = 0 then '{US}'::text[] else '{DX}' end,
     '{1.2.840.10008.5.1.4.1.1.1.1}', ${perStudy}, ${perStudy * perSeries}, ${perStudy * perSeries}000000
   from component c, generate_series(0, 4) v, lateral (select (c.id - 1) * 5 + v as n) numbered`,
  `insert into series (study_id, project_id, series_instance_uid, modality, series_number, attributes, instance_count)
   select s.id, s.project_id, s.study_instance_uid || '.' || v, s.modalities[1], v, '{}', ${perSeries}
   from study s, generate_series(1, ${perStudy}) v`,
  `insert into instance (series_id, study_id, project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number,
     row_count, column_count, bits_allocated, frame_count, byte_size, sha256, blob_key, attributes, metadata)
   select r.id, r.study_id, r.project_id, r.series_instance_uid || '.' || i, '1.2.840.10008.5.1.4.1.1.1.1', '1.2.840.10008.1.2.1',
     i, 2048, 2048, 16, 1, 8000000, sha256(int8send(r.id * 1000 + i)), 'objects/' || r.id || '/' || i,
     '{"00200013":{"vr":"IS","Value":[' || i || ']}}', '\\x00'
   from series r, generate_series(1, ${perSeries}) i`,
]

const searches: [Level, string, Within?][] = [
  ['study', ''],
  ['study', 'PatientID=C-77'],
  ['study', 'PatientID=C-77*'],
  ['study', 'PatientID=*-7777'],
  ['study', 'PatientName=weld 77'],
  ['study', 'PatientName=*eld 777*'],
  ['study', 'PatientName=weld 777&fuzzymatching=true'],
  ['study', 'AccessionNumber=A-4321'],
  ['study', 'StudyID=S4321'],
  ['study', 'StudyDescription=*3644a684f98ea8fe223c713b77189a77*'],
  ['study', 'StudyDate=20160101-20160131'],
  ['study', 'StudyDate=20160115'],
  ['study', 'ModalitiesInStudy=US'],
  ['study', 'StudyInstanceUID=2.25.14321,2.25.1777'],
  ['study', 'ModalitiesInStudy=US&StudyDate=20100101-20161231'],
  ['series', ''],
  ['series', 'Modality=US'],
  ['series', 'PatientID=C-77'],
  ['series', 'SeriesInstanceUID=2.25.1777.2'],
  ['series', '', { studyInstanceUid: '2.25.1777' }],
  ['instance', ''],
  ['instance', 'PatientID=C-77'],
  ['instance', 'StudyDate=20160115'],
  ['instance', 'Modality=US'],
  // All of them old, and so many that walking from the newest would read nearly everything.
  ['instance', 'StudyDate=20060101-20060101&Modality=DX'],
  ['instance', 'SOPInstanceUID=2.25.1777.2.20'],
  ['instance', '', { studyInstanceUid: '2.25.1777' }],
  ['instance', '', { studyInstanceUid: '2.25.1777', seriesInstanceUid: '2.25.1777.2' }],
  ['instance', 'InstanceNumber=7', { studyInstanceUid: '2.25.1777', seriesInstanceUid: '2.25.1777.2' }],
]
const lists = [
  '',
  'q=weld+777',
  'q=3644a684',
  'modality=US',
  'from=20160101&to=20160131',
  'component=c-777',
  'order=a-4321',
  'owner=owner+7',
  'sort=component',
  'sort=-stored',
  'sort=order',
  'q=weld&modality=US&sort=-stored',
]

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const studies = scale === 'full' ? 200_000 : 10_000
  const database = await testDatabase()
  const { folder, remove } = await temporaryFolder()
  const { deps, close } = await openDeps(
    configSchema.parse({ DATABASE_URL: database.appUrl, STORAGE_DIR: folder, SECRET_KEYS: testKeys }),
    createLogger({ name: 'prove', level: 'error' }),
  )
  try {
    const owner = openDb({ connectionString: database.adminUrl, statementTimeoutMs: 3_600_000 })
    const { pool } = owner
    // Rows first, indexes after: as a restore does it, and many times faster.
    const { rows: indexes } = await pool.query<{ name: string; definition: string }>(
      `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
       where indrelid in ('study'::regclass, 'series'::regclass, 'instance'::regclass) and not indisunique`,
    )
    for (const { name } of indexes) await pool.query(`drop index ${name}`)
    for (const statement of fill(studies)) await pool.query(statement)
    for (const { definition } of indexes) await pool.query(definition)
    await pool.query('vacuum analyze')
    await closeDb(owner)
    const scope = await readArchiveScope(deps.db)
    const statements: [string, Statement][] = []
    for (const [level, text, place = {}] of searches) {
      const query = parseQuery(new URLSearchParams(text), level)
      const within = await findParents(deps.db, scope, level, query, place)
      const name = `${level} ${text}${within.studyInstanceUid ? ' of a study' : ''}${within.seriesInstanceUid ? "'s series" : ''}`
      statements.push([
        name,
        searchStatement(level, scope, query, within, { limit: 101, offset: 0, hasMetadata: false }),
      ])
      if (text !== '') statements.push([`total of ${name}`, countStatement(level, scope, query, within)])
    }
    for (const text of lists) {
      const query = inspectionQuerySchema.parse(Object.fromEntries(new URLSearchParams(text)))
      statements.push([`list ${text}`, inspectionStatement(scope, query, undefined)])
    }
    const faults: string[] = []
    for (const [name, { text, values }] of statements) {
      const { rows } = await deps.db.pool.query<{ 'QUERY PLAN': [{ Plan: Plan; 'Execution Time': number }] }>(
        `explain (analyze, buffers, format json) ${text}`,
        values,
      )
      const [explained] = rows[0]!['QUERY PLAN']
      const touched = rowsTouched(explained.Plan)
      process.stdout.write(
        `  ${String(touched).padStart(8)} rows ${explained['Execution Time'].toFixed(1).padStart(8)} ms  ${name}\n`,
      )
      if (touched > Math.max(60_000, (studies * perStudy * perSeries) / 20))
        faults.push(`${name}: ${touched} rows touched\n${JSON.stringify(explained.Plan)}`)
    }
    assert.deepEqual(faults, [])
    process.stdout.write(
      `search-scale: ${studies * perStudy * perSeries} instances, ${statements.length} shapes of search\n`,
    )
  } finally {
    await close()
    await database.stop()
    await remove()
  }
}

interface Plan {
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Plan[]
}

/** Rows read by the scans below, also those thrown away. */
function rowsTouched(plan: Plan): number {
  if (plan.Plans) return plan.Plans.reduce((sum, part) => sum + rowsTouched(part), 0)
  const thrown = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)
  return Math.round((plan['Actual Rows'] + thrown) * plan['Actual Loops'])
}
