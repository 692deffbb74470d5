import type { PoolClient } from 'pg'
import type { Scope, StoreScope } from '../plugins/access.ts'
import { declaredValues } from '../search-attribute/declared-values.ts'
import { insertValues } from './attribute-values.ts'
import { dropEmpty, insertComponents, insertSeries, insertStudies, lockStudies } from './insert-parents.ts'
import { seriesKey } from './known-series.ts'
import type { InsertResult, NewInstance } from './new-instance.ts'
import { findExisting, replaceDamaged } from './existing-instances.ts'
import { pipelined } from './pipelined.ts'
import { type Declared, versionSql } from './search-attributes.ts'

/** Another list of search attributes is in force than the one these rows were read by; nothing may be committed. */
export class DeclaredChanged extends Error {}

const noParents = Promise.resolve([])

/**
 * Inserts the rows and whatever parents they need, inside the caller's transaction, which shares the lock of the search
 * attributes; all rows must be of one scope. An error of the database ends the transaction: the caller finds the row that
 * caused it.
 * @param areKnown their series have been there lately: no parents are asked for, three statements less
 * @throws DeclaredChanged
 */
export async function insertBatch(
  client: PoolClient,
  scope: StoreScope,
  rows: readonly NewInstance[],
  declared: Declared,
  areKnown = false,
): Promise<InsertResult[]> {
  const [newComponents, newStudies, studies, newSeries, { inserted, version }] = await pipelined([
    areKnown ? noParents : insertComponents(client, scope, rows),
    areKnown ? noParents : insertStudies(client, scope, rows),
    lockStudies(client, rows),
    areKnown ? noParents : insertSeries(client, scope, rows),
    insertInstances(client, scope, rows),
    insertValues(
      client,
      rows.map(({ blobKey, dataset }) => ({ blobKey, values: declaredValues(dataset, declared.attributes) })),
    ),
  ] as const)
  if (inserted.size > 0 && version !== declared.version) throw new DeclaredChanged()
  const isAllInserted = inserted.size === rows.length
  const existing = isAllInserted ? undefined : await findExisting(client, scope, rows)
  // Only refused instances leave a parent that was made for them empty; a component also when its study came first.
  if (!areKnown && (!isAllInserted || newComponents.length > newStudies.length))
    await dropEmpty(client, newSeries, newStudies, newComponents)

  if (rows.some((row) => !studies.has(row.study.studyInstanceUid))) throw new ParentGone()
  const results = rows.map((row): InsertResult => {
    // First of all, and in whatever project: a row that has these very bytes is ours, and they must not be discarded.
    if (inserted.has(row.blobKey) || existing?.own.has(row.blobKey) === true) return { outcome: 'stored' }
    const project = studies.get(row.study.studyInstanceUid)
    // A study of a project the caller may not see is refused like any other conflict, without telling whose it is.
    if (project === undefined || !scope.projectIds.includes(project))
      return { outcome: 'conflict', reason: 'other-project' }
    const found = existing?.byUid.get(`${project} ${row.sopInstanceUid}`)
    if (!found && areKnown) throw new ParentGone()
    if (!found) return { outcome: 'failed', error: new Error('the row was neither inserted nor found') }
    if (found.seriesKey !== seriesKey(row)) return { outcome: 'conflict', reason: 'other-series' }
    // Who sends again what was corrected meanwhile has sent it before.
    const same = found.copies.find(({ sha256 }) => sha256 === Buffer.from(row.sha256).toString('hex'))
    if (!same) return { outcome: 'conflict', reason: 'other-bytes' }
    if (!same.isDamaged) return { outcome: 'already-stored' }
    return { outcome: 'replaced', place: same.place, blobKey: same.blobKey, projectId: found.projectId }
  })
  return results.some(({ outcome }) => outcome === 'replaced') ? replaceDamaged(client, rows, results) : results
}

/**
 * A study that was there at first was deleted before it could be locked, or a known series since. To be tried again, as a
 * serialization failure is, and then with all parents.
 */
class ParentGone extends Error {
  readonly code = '40001'
}

const bytes = (value: Uint8Array | undefined): Buffer | null =>
  value === undefined ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength)

/**
 * Inserts the rows and adds them to the totals of their parents, in one statement, whose lookups stay lookups by `offset 0`.
 * Returns the blob keys of what was really inserted (a taken SOP Instance UID inserts nothing and adds nothing) and the version
 * of the search attributes.
 */
async function insertInstances(
  client: PoolClient,
  scope: Scope,
  rows: readonly NewInstance[],
): Promise<{ inserted: Set<string>; version: number | undefined }> {
  const values = rows.map((row) => ({
    study: row.study.studyInstanceUid,
    series: row.series.seriesInstanceUid,
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
  }))
  const { rows: inserted } = await client.query<{ blob_key: string; version: number }>({
    name: 'insert-instances',
    text: `with inserted as (
        insert into instance (series_id, study_id, project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid,
          instance_number, row_count, column_count, bits_allocated, photometric, frame_count, content_date, content_time, byte_size,
          sha256, blob_key, frame_layout, frame_table, bulk, attributes, metadata, warnings)
        select r.id, s.id, s.project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, row_count,
          column_count, bits_allocated, photometric, frame_count, content_date, content_time, b.byte_size, b.sha256, blob_key,
          frame_layout, b.frame_table, bulk, b.attributes, b.metadata, warnings
        from rows from (
          jsonb_to_recordset($2) as (study text, series text, sop_instance_uid text, sop_class_uid text, transfer_syntax_uid text,
            instance_number integer, row_count integer, column_count integer, bits_allocated integer, photometric text,
            frame_count integer, content_date text, content_time text, byte_size bigint, blob_key text, frame_layout jsonb,
            bulk jsonb, attributes text, warnings jsonb),
          unnest($3::bytea[]), unnest($4::bytea[]), unnest($5::bytea[])
        ) as b(study, series, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, row_count, column_count,
          bits_allocated, photometric, frame_count, content_date, content_time, byte_size, blob_key, frame_layout, bulk,
          attributes, warnings, sha256, frame_table, metadata)
        cross join lateral (select id, project_id from study where study_instance_uid = b.study offset 0) s
        cross join lateral (select id from series where study_id = s.id and series_instance_uid = b.series offset 0) r
        where s.project_id = any($1::bigint[])
        on conflict (project_id, sop_instance_uid) do nothing
        returning id, blob_key, series_id, study_id, byte_size, sop_class_uid
      ), jobs as (
        insert into rendition_job (instance_id) select id from inserted
      ), series_totals as (
        update series set instance_count = instance_count + t.count, byte_size = series.byte_size + t.size, changed_at = now()
        from (select series_id, count(*), sum(byte_size) as size from inserted group by series_id) t where series.id = t.series_id
      ), study_totals as (
        update study set instance_count = instance_count + t.count, byte_size = study.byte_size + t.size, changed_at = now(),
          series_count = study.series_count + t.series,
          modalities = case when study.modalities @> t.modalities then study.modalities
            else array(select distinct unnest(study.modalities || t.modalities) order by 1) end,
          sop_classes = case when study.sop_classes @> t.classes then study.sop_classes
            else array(select distinct unnest(study.sop_classes || t.classes) order by 1) end
        from (
          -- This statement sees a series as it was before it: without instances it is new and not counted yet.
          select i.study_id, count(*), sum(i.byte_size) as size, array_agg(distinct i.sop_class_uid) as classes,
            count(distinct r.id) filter (where r.instance_count = 0) as series,
            coalesce(array_agg(distinct r.modality) filter (where r.modality is not null), '{}') as modalities
          from inserted i join series r on r.id = i.series_id group by i.study_id
        ) t where study.id = t.study_id
      )
      select blob_key, ${versionSql} as version from inserted`,
    values: [
      scope.projectIds,
      JSON.stringify(values),
      rows.map((row) => bytes(row.sha256)),
      rows.map((row) => bytes(row.frameTable)),
      rows.map((row) => bytes(row.metadata)),
    ],
  })
  return { inserted: new Set(inserted.map((row) => row.blob_key)), version: inserted[0]?.version }
}
