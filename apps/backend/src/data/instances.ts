import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'
import type { InsertResult, NewInstance } from './new-instance.ts'

/** Inserts instances; those that arrive while a commit is under way share the next one. */
export interface InstanceWriter {
  /** Resolves once the row is committed or known not to be. Rejects when that cannot be known. */
  insert(scope: Scope, row: NewInstance): Promise<InsertResult>
}

interface Waiting {
  scope: Scope
  row: NewInstance
  resolve(result: InsertResult): void
  reject(error: unknown): void
}

const maxBatch = 128
const maxRetries = 5

export function createInstanceWriter(db: Db): InstanceWriter {
  const queue: Waiting[] = []
  let isRunning = false

  const run = async (): Promise<void> => {
    isRunning = true
    while (queue.length > 0) {
      const batch = queue.splice(0, maxBatch)
      try {
        const results = await commitBatch(db, batch)
        for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as InsertResult)
      } catch (error) {
        for (const waiting of batch) waiting.reject(error)
      }
    }
    isRunning = false
  }

  return {
    insert: (scope, row) =>
      new Promise((resolve, reject) => {
        queue.push({ scope, row, resolve, reject })
        // Requests that became ready in the same turn of the event loop join the first commit.
        if (!isRunning) {
          isRunning = true
          setImmediate(() => void run())
        }
      }),
  }
}

type Work = Pick<Waiting, 'scope' | 'row'>

const sqlState = (error: unknown): string => String((error as { code?: unknown }).code ?? '')

/** One transaction for the batch; when a row cannot be inserted the halves are tried, until it fails alone. */
async function commitBatch(db: Db, batch: readonly Work[]): Promise<InsertResult[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTransaction(db, (client) => insertBatch(client, batch))
    } catch (error) {
      const state = sqlState(error)
      // Serialization failure, deadlock: rolled back, so trying again is safe.
      if ((state === '40001' || state === '40P01') && attempt < maxRetries) continue
      // Data exception, constraint, too large: some row's fault.
      if (!/^(22|23|54)/.test(state)) throw error
      if (batch.length === 1) return [{ outcome: 'failed', error }]
      const middle = batch.length >> 1
      return [...(await commitBatch(db, batch.slice(0, middle))), ...(await commitBatch(db, batch.slice(middle)))]
    }
  }
}

async function inTransaction<T>(db: Db, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await db.pool.connect().catch((cause: unknown) => {
    throw new AppError('database-unavailable', 503, 'The database does not answer at the moment.', { cause })
  })
  let isBroken = false
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {
      isBroken = true
    })
    throw error
  } finally {
    client.release(isBroken)
  }
}

/** One entry per key, in ascending order of the keys: every process locks parents in the same order. */
function distinct<T>(values: readonly T[], key: (value: T) => string): T[] {
  const byKey = new Map<string, T>()
  for (const value of values) if (!byKey.has(key(value))) byKey.set(key(value), value)
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

interface Id {
  id: number
}

/** Removes parents made in this transaction that no instance came to; returns the series removed. */
async function dropEmpty(
  client: PoolClient,
  series: readonly Id[],
  studies: readonly Id[],
  components: readonly Id[],
): Promise<Set<number>> {
  const ids = (rows: readonly Id[]): number[] => rows.map((row) => row.id)
  const dropped = await client.query<Id>(
    `delete from series s where s.id = any($1::bigint[]) and not exists (select from instance i where i.series_id = s.id) returning id`,
    [ids(series)],
  )
  await client.query(
    `delete from study s where s.id = any($1::bigint[]) and not exists (select from series r where r.study_id = s.id)`,
    [ids(studies)],
  )
  await client.query(
    `delete from component c where c.id = any($1::bigint[]) and not exists (select from study s where s.component_id = c.id)`,
    [ids(components)],
  )
  return new Set(ids(dropped.rows))
}

interface StudyRow {
  id: number
  project_id: number
  study_instance_uid: string
}

async function insertBatch(client: PoolClient, batch: readonly Work[]): Promise<InsertResult[]> {
  const projectOf = ({ scope }: Work): number => scope.defaultProjectId
  const components = distinct(batch, (work) => `${projectOf(work)} ${work.row.study.componentIdentityKey}`)
  const newComponents = await client.query<Id>({
    name: 'insert-components',
    text: `insert into component (project_id, identity_key, component_number, issuer, component_name)
      select * from jsonb_to_recordset($1) as r(project_id bigint, identity_key text, component_number text, issuer text, component_name text)
      on conflict (project_id, identity_key) do nothing returning id`,
    values: [
      JSON.stringify(
        components.map((work) => ({
          project_id: projectOf(work),
          identity_key: work.row.study.componentIdentityKey,
          component_number: work.row.study.componentNumber,
          issuer: work.row.study.componentIssuer,
          component_name: work.row.study.componentName,
        })),
      ),
    ],
  })
  const { studies, newStudies } = await upsertStudies(client, batch)
  // A study of a project the caller may not see is refused like any other conflict, without telling whose it is.
  const visible = batch.filter((work) => {
    const study = studies.get(work.row.study.studyInstanceUid)
    return study !== undefined && work.scope.projectIds.includes(study.project_id)
  })
  const { series, newSeries } = await upsertSeries(client, visible, studies)
  const inserted = await insertInstances(client, visible, studies, series)
  const taken = visible.filter((work) => !inserted.has(work.row.blobKey))
  const existing = await findExisting(client, taken, studies)
  // Only refused instances can leave a parent that was made for them empty.
  const isSomeRefused = inserted.size < batch.length
  const emptySeries = isSomeRefused
    ? await dropEmpty(client, newSeries, newStudies, newComponents.rows)
    : new Set<number>()
  const fresh = new Map<number, number>()
  for (const { id, study_id } of newSeries)
    if (!emptySeries.has(id)) fresh.set(study_id, (fresh.get(study_id) ?? 0) + 1)
  await addTotals(
    client,
    visible.filter((work) => inserted.has(work.row.blobKey)),
    studies,
    series,
    fresh,
  )

  return batch.map((work): InsertResult => {
    const { row } = work
    if (!visible.includes(work)) return { outcome: 'conflict', reason: 'other-project' }
    if (inserted.has(row.blobKey)) return { outcome: 'stored' }
    const study = studies.get(row.study.studyInstanceUid) as StudyRow
    const found = existing.get(`${study.project_id} ${row.sopInstanceUid}`)
    if (!found) return { outcome: 'failed', error: new Error('the row was neither inserted nor found') }
    if (found.blob_key === row.blobKey) return { outcome: 'stored' }
    if (found.series_id !== series.get(seriesKey(row))) return { outcome: 'conflict', reason: 'other-series' }
    return found.sha256.equals(row.sha256)
      ? { outcome: 'already-stored' }
      : { outcome: 'conflict', reason: 'other-bytes' }
  })
}

async function upsertStudies(
  client: PoolClient,
  batch: readonly Work[],
): Promise<{ studies: Map<string, StudyRow>; newStudies: Id[] }> {
  const distinctStudies = distinct(batch, ({ row }) => row.study.studyInstanceUid)
  const created = await client.query<Id>({
    name: 'insert-studies',
    text: `insert into study (project_id, component_id, study_instance_uid, study_date, study_time, accession_number, study_id,
        study_description, component_number, component_issuer, component_name, component_name_folded, owner_name, owner_name_folded,
        manufacturing_date, material_name, search_text, attributes, is_diconde)
      select r.project_id, c.id, r."studyInstanceUid", r."studyDate", r."studyTime", r."accessionNumber", r."studyId",
        r."studyDescription", r."componentNumber", r."componentIssuer", r."componentName", r."componentNameFolded", r."ownerName",
        r."ownerNameFolded", r."manufacturingDate", r."materialName", r."searchText", r.attributes, r."isDiconde"
      from jsonb_to_recordset($1) as r(project_id bigint, "componentIdentityKey" text, "studyInstanceUid" text, "studyDate" text,
        "studyTime" text, "accessionNumber" text, "studyId" text, "studyDescription" text, "componentNumber" text,
        "componentIssuer" text, "componentName" text, "componentNameFolded" text, "ownerName" text, "ownerNameFolded" text,
        "manufacturingDate" text, "materialName" text, "searchText" text, attributes text, "isDiconde" boolean)
      join component c on c.project_id = r.project_id and c.identity_key = r."componentIdentityKey"
      on conflict (study_instance_uid) do nothing returning id`,
    values: [
      JSON.stringify(distinctStudies.map(({ scope, row }) => ({ project_id: scope.defaultProjectId, ...row.study }))),
    ],
  })
  // The lock every writer of these studies takes, in UID order: totals below add up without a lost update.
  const { rows } = await client.query<StudyRow>({
    name: 'lock-studies',
    text: `select id, project_id, study_instance_uid from study where study_instance_uid = any($1::text[])
      order by study_instance_uid for no key update`,
    values: [distinctStudies.map(({ row }) => row.study.studyInstanceUid)],
  })
  return { studies: new Map(rows.map((row) => [row.study_instance_uid, row])), newStudies: created.rows }
}

const seriesKey = (row: NewInstance): string => `${row.study.studyInstanceUid} ${row.series.seriesInstanceUid}`

async function upsertSeries(
  client: PoolClient,
  batch: readonly Work[],
  studies: ReadonlyMap<string, StudyRow>,
): Promise<{ series: Map<string, number>; newSeries: (Id & { study_id: number })[] }> {
  const distinctSeries = distinct(batch, ({ row }) => seriesKey(row))
  const asked = distinctSeries.map(({ row }) => {
    const study = studies.get(row.study.studyInstanceUid) as StudyRow
    return { study_id: study.id, project_id: study.project_id, ...row.series }
  })
  const { rows: newSeries } = await client.query<Id & { study_id: number }>({
    name: 'insert-series',
    text: `insert into series (study_id, project_id, series_instance_uid, modality, series_number, series_description, series_date,
        series_time, step_start_date, step_start_time, scheduled_step_ids, requested_procedure_ids, manufacturer, station_name,
        operator_name, attributes)
      select study_id, project_id, "seriesInstanceUid", modality, "seriesNumber", "seriesDescription", "seriesDate", "seriesTime",
        "stepStartDate", "stepStartTime", "scheduledStepIds", "requestedProcedureIds", manufacturer, "stationName", "operatorName",
        attributes
      from jsonb_to_recordset($1) as r(study_id bigint, project_id bigint, "seriesInstanceUid" text, modality text,
        "seriesNumber" integer, "seriesDescription" text, "seriesDate" text, "seriesTime" text, "stepStartDate" text,
        "stepStartTime" text, "scheduledStepIds" text[], "requestedProcedureIds" text[], manufacturer text, "stationName" text,
        "operatorName" text, attributes text)
      on conflict (study_id, series_instance_uid) do nothing
      returning id, study_id`,
    values: [JSON.stringify(asked)],
  })
  const { rows } = await client.query<{ id: number; key: string }>({
    name: 'find-series',
    text: `select series.id, study.study_instance_uid || ' ' || series.series_instance_uid as key
      from unnest($1::bigint[], $2::text[]) as r(study_id, uid)
      join series on series.study_id = r.study_id and series.series_instance_uid = r.uid
      join study on study.id = series.study_id`,
    values: [asked.map((each) => each.study_id), asked.map((each) => each.seriesInstanceUid)],
  })
  return { series: new Map(rows.map((row) => [row.key, row.id])), newSeries }
}

const bytes = (value: Uint8Array | undefined): Buffer | null =>
  value === undefined ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength)

/** Blob keys of the rows that were really inserted; a taken SOP Instance UID inserts nothing. */
async function insertInstances(
  client: PoolClient,
  batch: readonly Work[],
  studies: ReadonlyMap<string, StudyRow>,
  series: ReadonlyMap<string, number>,
): Promise<Set<string>> {
  const rows = batch.map(({ row }) => {
    const study = studies.get(row.study.studyInstanceUid) as StudyRow
    return {
      series_id: series.get(seriesKey(row)),
      study_id: study.id,
      project_id: study.project_id,
      sop_instance_uid: row.sopInstanceUid,
      sop_class_uid: row.sopClassUid,
      transfer_syntax_uid: row.transferSyntaxUid,
      instance_number: row.instanceNumber,
      row_count: row.rowCount,
      column_count: row.columnCount,
      bits_allocated: row.bitsAllocated,
      photometric: row.photometric,
      frame_count: row.frameCount,
      content_date: row.contentDate,
      content_time: row.contentTime,
      byte_size: row.byteSize,
      blob_key: row.blobKey,
      frame_layout: row.frameLayout,
      bulk: row.bulk,
      attributes: row.attributes,
      warnings: row.warnings,
    }
  })
  const { rows: inserted } = await client.query<{ blob_key: string }>({
    name: 'insert-instances',
    text: `insert into instance (series_id, study_id, project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid,
        instance_number, row_count, column_count, bits_allocated, photometric, frame_count, content_date, content_time, byte_size,
        sha256, blob_key, frame_layout, frame_table, bulk, attributes, metadata, warnings)
      select series_id, study_id, project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, row_count,
        column_count, bits_allocated, photometric, frame_count, content_date, content_time, byte_size, b.sha256, blob_key,
        frame_layout, b.frame_table, bulk, attributes, b.metadata, warnings
      from rows from (
        jsonb_to_recordset($1) as (series_id bigint, study_id bigint, project_id bigint, sop_instance_uid text, sop_class_uid text,
          transfer_syntax_uid text, instance_number integer, row_count integer, column_count integer, bits_allocated integer,
          photometric text, frame_count integer, content_date text, content_time text, byte_size bigint, blob_key text,
          frame_layout jsonb, bulk jsonb, attributes text, warnings jsonb),
        unnest($2::bytea[]), unnest($3::bytea[]), unnest($4::bytea[])
      ) as b(series_id, study_id, project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, row_count,
        column_count, bits_allocated, photometric, frame_count, content_date, content_time, byte_size, blob_key, frame_layout, bulk,
        attributes, warnings, sha256, frame_table, metadata)
      on conflict (project_id, sop_instance_uid) do nothing
      returning blob_key`,
    values: [
      JSON.stringify(rows),
      batch.map(({ row }) => bytes(row.sha256)),
      batch.map(({ row }) => bytes(row.frameTable)),
      batch.map(({ row }) => bytes(row.metadata)),
    ],
  })
  return new Set(inserted.map((row) => row.blob_key))
}

interface Existing {
  project_id: number
  sop_instance_uid: string
  series_id: number
  sha256: Buffer
  blob_key: string
}

async function findExisting(
  client: PoolClient,
  taken: readonly Work[],
  studies: ReadonlyMap<string, StudyRow>,
): Promise<Map<string, Existing>> {
  if (taken.length === 0) return new Map()
  const { rows } = await client.query<Existing>({
    name: 'find-existing',
    text: `select i.project_id, i.sop_instance_uid, i.series_id, i.sha256, i.blob_key
      from unnest($1::bigint[], $2::text[]) as r(project_id, uid)
      join instance i on i.project_id = r.project_id and i.sop_instance_uid = r.uid`,
    values: [
      taken.map(({ row }) => studies.get(row.study.studyInstanceUid)?.project_id),
      taken.map(({ row }) => row.sopInstanceUid),
    ],
  })
  return new Map(rows.map((row) => [`${row.project_id} ${row.sop_instance_uid}`, row]))
}

/** Counts, sizes and the lists of modalities and SOP classes; the study's row is locked already. */
async function addTotals(
  client: PoolClient,
  stored: readonly Work[],
  studies: ReadonlyMap<string, StudyRow>,
  series: ReadonlyMap<string, number>,
  fresh: ReadonlyMap<number, number>,
): Promise<void> {
  if (stored.length === 0 && fresh.size === 0) return
  const bySeries = new Map<number, { count: number; size: number }>()
  const byStudy = new Map<number, { count: number; size: number; modalities: Set<string>; classes: Set<string> }>()
  for (const id of fresh.keys()) byStudy.set(id, { count: 0, size: 0, modalities: new Set(), classes: new Set() })
  for (const { row } of stored) {
    const seriesId = series.get(seriesKey(row)) as number
    const studyId = (studies.get(row.study.studyInstanceUid) as StudyRow).id
    const inSeries = bySeries.get(seriesId) ?? { count: 0, size: 0 }
    bySeries.set(seriesId, { count: inSeries.count + 1, size: inSeries.size + row.byteSize })
    const inStudy = byStudy.get(studyId) ?? { count: 0, size: 0, modalities: new Set(), classes: new Set() }
    if (row.series.modality !== undefined) inStudy.modalities.add(row.series.modality)
    inStudy.classes.add(row.sopClassUid)
    byStudy.set(studyId, { ...inStudy, count: inStudy.count + 1, size: inStudy.size + row.byteSize })
  }
  await client.query({
    name: 'add-series-totals',
    text: `update series set instance_count = instance_count + r.count, byte_size = byte_size + r.size, changed_at = now()
      from jsonb_to_recordset($1) as r(id bigint, count integer, size bigint) where series.id = r.id`,
    values: [JSON.stringify([...bySeries].map(([id, { count, size }]) => ({ id, count, size })))],
  })
  await client.query({
    name: 'add-study-totals',
    text: `update study set series_count = series_count + r.series, instance_count = instance_count + r.count,
        byte_size = byte_size + r.size, changed_at = now(),
        modalities = array(select distinct unnest(study.modalities || r.modalities) order by 1),
        sop_classes = array(select distinct unnest(study.sop_classes || r.classes) order by 1)
      from jsonb_to_recordset($1) as r(id bigint, series integer, count integer, size bigint, modalities text[], classes text[])
      where study.id = r.id`,
    values: [
      JSON.stringify(
        [...byStudy].map(([id, { count, size, modalities, classes }]) => ({
          id,
          series: fresh.get(id) ?? 0,
          count,
          size,
          modalities: [...modalities],
          classes: [...classes],
        })),
      ),
    ],
  })
}
