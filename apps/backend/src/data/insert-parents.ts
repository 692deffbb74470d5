import type { PoolClient } from 'pg'
import type { Scope, StoreScope } from '../plugins/access.ts'
import { hiddenList } from './hidden-list.ts'
import { seriesKey } from './known-series.ts'
import type { NewInstance } from './new-instance.ts'
import { pipelined } from './pipelined.ts'

// Rows above the instances. "offset 0" keeps each lookup a lookup: joined freely, a plan made for small tables runs
// through whole projects.

interface Id {
  id: number
}

/** One entry per key, in ascending order of the keys: every process locks parents in the same order. */
function distinct<T>(values: readonly T[], key: (value: T) => string): T[] {
  const byKey = new Map<string, T>()
  for (const value of values) if (!byKey.has(key(value))) byKey.set(key(value), value)
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

/** Removes parents made in this transaction that no instance came to; they were in no total yet. */
export async function dropEmpty(
  client: PoolClient,
  series: readonly Id[],
  studies: readonly Id[],
  components: readonly Id[],
): Promise<void> {
  const ids = (rows: readonly Id[]): number[][] => [rows.map((row) => row.id)]
  await pipelined([
    client.query(
      'delete from series s where s.id = any($1::bigint[]) and not exists (select from instance i where i.series_id = s.id)',
      ids(series),
    ),
    client.query(
      'delete from study s where s.id = any($1::bigint[]) and not exists (select from series r where r.study_id = s.id)',
      ids(studies),
    ),
    client.query(
      'delete from component c where c.id = any($1::bigint[]) and not exists (select from study s where s.component_id = c.id)',
      ids(components),
    ),
  ])
}

export async function insertComponents(
  client: PoolClient,
  scope: StoreScope,
  rows: readonly NewInstance[],
): Promise<Id[]> {
  // One a study: of instances that disagree about their component the first one counts, as for the study itself.
  const components = distinct(
    distinct(rows, (row) => row.study.studyInstanceUid),
    (row) => row.study.componentIdentityKey,
  )
  const { rows: created } = await client.query<Id>({
    name: 'insert-components',
    text: `insert into component (project_id, identity_key, component_number, issuer, component_name)
      select $1, r.identity_key, r.component_number, r.issuer, r.component_name
      from jsonb_to_recordset($2) as r(study text, identity_key text, component_number text, issuer text, component_name text)
      where not exists (select from study s where s.study_instance_uid = r.study)
      on conflict (project_id, identity_key) do nothing returning id`,
    values: [
      scope.defaultProjectId,
      JSON.stringify(
        components.map(({ study }) => ({
          study: study.studyInstanceUid,
          identity_key: study.componentIdentityKey,
          component_number: study.componentNumber,
          issuer: study.componentIssuer,
          component_name: study.componentName,
        })),
      ),
    ],
  })
  return created
}

export async function insertStudies(
  client: PoolClient,
  scope: StoreScope,
  rows: readonly NewInstance[],
): Promise<Id[]> {
  const { rows: created } = await client.query<Id>({
    name: 'insert-studies',
    text: `insert into study (project_id, component_id, study_instance_uid, study_date, study_time, accession_number, study_id,
        study_description, component_number, component_issuer, component_name, component_name_folded, owner_name, owner_name_folded,
        manufacturing_date, material_name, search_text, attributes, is_diconde)
      select $1, c.id, r."studyInstanceUid", r."studyDate", r."studyTime", r."accessionNumber", r."studyId",
        r."studyDescription", r."componentNumber", r."componentIssuer", r."componentName", r."componentNameFolded", r."ownerName",
        r."ownerNameFolded", r."manufacturingDate", r."materialName", r."searchText", r.attributes, r."isDiconde"
      from jsonb_to_recordset($2) as r("componentIdentityKey" text, "studyInstanceUid" text, "studyDate" text,
        "studyTime" text, "accessionNumber" text, "studyId" text, "studyDescription" text, "componentNumber" text,
        "componentIssuer" text, "componentName" text, "componentNameFolded" text, "ownerName" text, "ownerNameFolded" text,
        "manufacturingDate" text, "materialName" text, "searchText" text, attributes text, "isDiconde" boolean)
      cross join lateral (
        select id from component where project_id = $1 and identity_key = r."componentIdentityKey" offset 0
      ) c
      order by r."studyInstanceUid" collate "C"
      on conflict (study_instance_uid) do nothing returning id`,
    values: [
      scope.defaultProjectId,
      JSON.stringify(distinct(rows, (row) => row.study.studyInstanceUid).map((row) => row.study)),
    ],
  })
  return created
}

/** The lock every writer of these studies takes, in UID order: totals add up without a lost update. Study UID → project. */
export async function lockStudies(client: PoolClient, rows: readonly NewInstance[]): Promise<Map<string, number>> {
  const { rows: locked } = await client.query<{ study_instance_uid: string; project_id: number }>({
    name: 'lock-studies',
    text: `select study_instance_uid, project_id from study where study_instance_uid = ${hiddenList('$1', 'text[]')}
      order by study_instance_uid for no key update`,
    values: [distinct(rows, (row) => row.study.studyInstanceUid).map((row) => row.study.studyInstanceUid)],
  })
  return new Map(locked.map((row) => [row.study_instance_uid, row.project_id]))
}

export async function insertSeries(client: PoolClient, scope: Scope, rows: readonly NewInstance[]): Promise<Id[]> {
  const { rows: created } = await client.query<Id>({
    name: 'insert-series',
    text: `insert into series (study_id, project_id, series_instance_uid, modality, series_number, series_description, series_date,
        series_time, step_start_date, step_start_time, scheduled_step_ids, requested_procedure_ids, manufacturer, station_name,
        operator_name, operator_name_folded, attributes)
      select s.id, s.project_id, r."seriesInstanceUid", r.modality, r."seriesNumber", r."seriesDescription", r."seriesDate",
        r."seriesTime", r."stepStartDate", r."stepStartTime", r."scheduledStepIds", r."requestedProcedureIds", r.manufacturer,
        r."stationName", r."operatorName", r."operatorNameFolded", r.attributes
      from jsonb_to_recordset($2) as r(study text, "seriesInstanceUid" text, modality text, "seriesNumber" integer,
        "seriesDescription" text, "seriesDate" text, "seriesTime" text, "stepStartDate" text, "stepStartTime" text,
        "scheduledStepIds" text[], "requestedProcedureIds" text[], manufacturer text, "stationName" text, "operatorName" text,
        "operatorNameFolded" text, attributes text)
      cross join lateral (select id, project_id from study where study_instance_uid = r.study offset 0) s
      where s.project_id = any($1::bigint[])
      on conflict (study_id, series_instance_uid) do nothing returning id`,
    values: [
      scope.projectIds,
      JSON.stringify(distinct(rows, seriesKey).map((row) => ({ study: row.study.studyInstanceUid, ...row.series }))),
    ],
  })
  return created
}
