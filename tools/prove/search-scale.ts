// Searches over ten million instances: every shape of search touches few rows, whatever the archive's size. At full size the
// answers of a server that signs in and audits are timed, and `INSTANDT_REPORT=file` writes them down with their plans.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { zstdCompressSync } from 'node:zlib'
import { configSchema, openDeps } from '@instandt/backend'
import { closeDb, openDb } from '@instandt/db'
import { stringifyDataset } from '@instandt/dicom'
import { createLogger } from '@instandt/runtime'
import { inspectionQuerySchema } from '@instandt/api'
import { signedFetch, testDatabase, testKeys } from '@instandt/testkit'
import { attributesOf } from '@instandt/testkit/files'
import { inspectionStatement } from '../../apps/backend/src/data/inspections.ts'
import { findAllOwners, narrow } from '../../apps/backend/src/data/narrow-search.ts'
import { countStatement, searchStatement } from '../../apps/backend/src/data/search.ts'
import { readDeclared } from '../../apps/backend/src/data/search-attributes.ts'
import type { Statement, Within } from '../../apps/backend/src/data/search-sql.ts'
import type { Deps } from '../../apps/backend/src/deps.ts'
import { readAttributes } from '../../apps/backend/src/inspection/read-attributes.ts'
import { parseQuery } from '../../apps/backend/src/dicomweb/qido/parse-query.ts'
import { declaredKey } from '../../apps/backend/src/dicomweb/qido/search-keys.ts'
import { type ArchiveScope, readArchiveScope } from '../../apps/backend/src/plugins/access.ts'
import { startChildBackend, temporaryFolder } from './child-backend.ts'
import { fillArchive, perSeries, perStudy } from './search-scale/archive.ts'
import { type Plan, planWords, rowsTouched } from './search-scale/plan.ts'
import { reportOf, type Row } from './search-scale/report.ts'
import { declaredShapes, listQueries, standardShapes } from './search-scale/shapes.ts'

const study = '2.25.1777'
const places: Record<string, { path: (level: string) => string; within: Within }> = {
  '': { path: (level) => (level === 'study' ? 'studies' : level === 'series' ? 'series' : 'instances'), within: {} },
  study: {
    path: (level) => `studies/${study}/${level === 'series' ? 'series' : 'instances'}`,
    within: { studyInstanceUid: study },
  },
  series: {
    path: () => `studies/${study}/series/${study}.2/instances`,
    within: { studyInstanceUid: study, seriesInstanceUid: `${study}.2` },
  },
}
const limit = 100
// Milliseconds.
const slowest = { usual: 50, broad: 200 }
// Rows read for a page, and for a total, which counts up to 10,001 matches; whatever the archive's size.
const mostRows = { page: 60_000, total: 600_000 }

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
    await fillArchive(owner.pool, studies, zstdCompressSync(stringifyDataset(metadata())))
    await closeDb(owner)
    const scope = await readArchiveScope(deps.db)
    const rows = [...(await explainShapes(deps, scope)), ...(await explainLists(deps, scope))]
    if (scale === 'full') await timeAnswers(database.appUrl, folder, rows)
    else for (const row of rows) tell(row)
    const instances = studies * perStudy * perSeries
    const report = process.env['INSTANDT_REPORT']
    if (report !== undefined) writeFileSync(report, reportOf(rows, instances))
    assert.deepEqual(
      rows
        .filter((row) => row.touched > mostRows.page || row.counted > mostRows.total)
        .map((row) => `${row.words}: ${row.touched} rows, total ${row.counted}\n${row.plan.join('\n')}`),
      [],
    )
    assert.deepEqual(
      rows
        .filter((row) => (row.p95 ?? 0) > slowest[row.isBroad ? 'broad' : 'usual'])
        .map((row) => `${row.words}: ${row.p95} ms`),
      [],
    )
    process.stdout.write(`search-scale: ${instances} instances, ${rows.length} shapes of search\n`)
  } finally {
    await close()
    await database.stop()
    await remove()
  }
}

const tell = ({ words, touched, counted, p50, p95 }: Row): boolean =>
  process.stdout.write(
    `  ${String(touched).padStart(8)} rows, total ${String(counted).padStart(8)} ${milliseconds(p50)} ${milliseconds(p95)}  ${words}\n`,
  )

const milliseconds = (value: number | undefined): string =>
  (value === undefined ? '' : `${value.toFixed(1)} ms`).padStart(10)

/** What an answer unpacks to return the attribute it was asked for. */
const metadata = (): ReturnType<typeof attributesOf> =>
  attributesOf({
    ComponentManufacturer: 'Maker 1',
    OuterDiameter: 62.5,
    MaterialThickness: 12.5,
    ComponentShape: 'FLAT',
    RepairID: 'R-0',
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.1.1',
    KVP: '160',
    ExposureTime: '1000',
    Manufacturer: 'Made up',
  })

async function explainShapes(deps: Deps, scope: ArchiveScope): Promise<Row[]> {
  const keys = (await readDeclared(deps.db, 0)).attributes.map(declaredKey)
  const rows: Row[] = []
  for (const shape of [...standardShapes, ...declaredShapes]) {
    const place = places[shape.in ?? '']
    if (!place) continue
    const words = shape.query(3)
    const query = parseQuery(new URLSearchParams(words), shape.level, keys)
    const within = await narrow(deps.db, scope, shape.level, query, place.within)
    const page = { limit: limit + 1, offset: query.offset, hasMetadata: query.includeTags.length > 0 }
    const path = place.path(shape.level)
    const search = await explain(deps, searchStatement(shape.level, scope, query, within, page))
    const total = await explain(deps, countStatement(shape.level, scope, query, within))
    rows.push({
      words: `/${path.replace(`${study}.2`, '…').replace(study, '…')}${words === '' ? '' : `?${words}`}`,
      path: (n) => encodeURI(`/dicom-web/${path}?limit=${limit}&${shape.query(n)}`),
      isBroad: shape.isBroad === true,
      isDeclared: declaredShapes.includes(shape),
      ...search,
      counted: total.touched,
    })
  }
  return rows
}

async function explainLists(deps: Deps, scope: ArchiveScope): Promise<Row[]> {
  const rows: Row[] = []
  for (const text of listQueries) {
    const query = inspectionQuerySchema.parse(Object.fromEntries(new URLSearchParams(text)))
    const declared = (await readDeclared(deps.db, 0)).attributes
    const attributes = await findAllOwners(deps.db, scope, readAttributes(query.attributes, declared))
    rows.push({
      words: `list ${text}`,
      path: () => `/api/inspections?limit=${limit}&${text}`,
      // What a person types is matched anywhere in seven columns.
      isBroad: /q=|component=|owner=/.test(text),
      isDeclared: false,
      counted: 0,
      ...(await explain(deps, inspectionStatement(scope, query, attributes, undefined))),
    })
  }
  return rows
}

async function explain(deps: Deps, { text, values }: Statement): Promise<{ touched: number; plan: string[] }> {
  const { rows } = await deps.db.pool.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
    `explain (analyze, format json) ${text}`,
    values,
  )
  const plan = rows[0]?.['QUERY PLAN'][0].Plan
  assert.ok(plan)
  return { touched: rowsTouched(plan), plan: planWords(plan) }
}

/** Whole answers, as a client of the server sees them, one after the other; a first round of each is not counted. */
async function timeAnswers(databaseUrl: string, storageDir: string, rows: Row[]): Promise<void> {
  const backend = await startChildBackend({ databaseUrl, storageDir, env: { RATE_LIMIT_PER_MINUTE: '1000000' } })
  try {
    for (const row of rows) {
      const times: number[] = []
      for (let n = 0; n < warmUps + runs; n += 1) {
        const began = performance.now()
        const answer = await signedFetch(backend.url + row.path(n + 1))
        await answer.arrayBuffer()
        if (n >= warmUps) times.push(performance.now() - began)
        assert.ok(answer.status === 200 || answer.status === 204, `${row.words}: ${answer.status}`)
      }
      times.sort((a, b) => a - b)
      row.p50 = times[Math.floor(times.length / 2)] ?? 0
      row.p95 = times[Math.ceil(times.length * 0.95) - 1] ?? 0
      tell(row)
    }
  } finally {
    await backend.stop()
  }
}

const warmUps = 6
const runs = 40
