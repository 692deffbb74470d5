import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'
import type { NewStudy } from './new-instance.ts'

/** A study whose writers wait until the transaction ends. */
export interface LockedStudy {
  id: number
  projectId: number
  projectSlug: string
  componentId: number
  component: string | undefined
  studyInstanceUid: string
}

export const inspectionNotFound = (): AppError =>
  new AppError('inspection-not-found', 404, 'There is no such inspection.')

/** @throws AppError 'inspection-not-found' (404), also outside the scope */
export async function lockStudy(client: PoolClient, scope: Scope, studyInstanceUid: string): Promise<LockedStudy> {
  const { rows } = await client.query<LockedStudy>(
    `select s.id, s.project_id as "projectId", p.slug as "projectSlug", s.component_id as "componentId",
       coalesce(s.component_name, s.component_number) as component, s.study_instance_uid as "studyInstanceUid"
     from study s join project p on p.id = s.project_id
     where s.project_id = any($1::bigint[]) and s.study_instance_uid = $2 for update of s`,
    [scope.projectIds, studyInstanceUid],
  )
  if (!rows[0]) throw inspectionNotFound()
  return rows[0]
}

/** Counts a study and its series anew from the instances that are there; all of them must have some. */
export async function recount(client: PoolClient, studyId: number): Promise<void> {
  await client.query(
    `with counted as (
       select series_id, count(*)::integer as count, sum(byte_size) as size from instance where study_id = $1 group by series_id
     ) update series set instance_count = counted.count, byte_size = counted.size, changed_at = now()
       from counted where series.id = counted.series_id
         and (series.instance_count, series.byte_size) is distinct from (counted.count, counted.size)`,
    [studyId],
  )
  await client.query(
    `update study set changed_at = now(), (series_count, instance_count, byte_size, modalities) = (
         select count(*)::integer, sum(r.instance_count)::integer, sum(r.byte_size),
           coalesce(array_agg(distinct r.modality order by r.modality) filter (where r.modality is not null), '{}')
         from series r where r.study_id = $1),
       sop_classes = array(select distinct sop_class_uid from instance where study_id = $1 order by 1)
     where id = $1`,
    [studyId],
  )
}

export interface ComponentRow {
  identity_key: string
  component_number: string | null
  issuer: string | null
  component_name: string | null
}

/** The component of this identity in a project, made when it is not there. */
export async function ensureComponent(client: PoolClient, projectId: number, row: ComponentRow): Promise<number> {
  const values = [projectId, row.identity_key, row.component_number, row.issuer, row.component_name]
  await client.query(
    `insert into component (project_id, identity_key, component_number, issuer, component_name) values ($1, $2, $3, $4, $5)
     on conflict (project_id, identity_key) do nothing`,
    values,
  )
  // Held until the commit: whoever removes empty components meanwhile passes it by.
  const { rows } = await client.query<{ id: number }>(
    'select id from component where project_id = $1 and identity_key = $2 for key share',
    [projectId, row.identity_key],
  )
  // Removed in between: as a serialization failure, to be tried again.
  if (!rows[0]) throw Object.assign(new Error('the component was removed'), { code: '40001' })
  return rows[0].id
}

/**
 * Removes a component that has no inspection left. One that somebody is about to use is left alone: waiting for them
 * could be a deadlock, and an empty component does no harm.
 */
export async function dropEmptyComponent(client: PoolClient, componentId: number): Promise<void> {
  const { rows } = await client.query('select from component where id = $1 for update skip locked', [componentId])
  // A statement of its own: it sees whatever was committed before the lock was there.
  if (rows.length > 0)
    await client.query(
      'delete from component c where c.id = $1 and not exists (select from study s where s.component_id = c.id)',
      [componentId],
    )
}

/** Gives a study other columns, and the component it is of by them. */
export async function replaceStudy(client: PoolClient, study: LockedStudy, row: NewStudy): Promise<void> {
  const componentId = await ensureComponent(client, study.projectId, {
    identity_key: row.componentIdentityKey,
    component_number: row.componentNumber ?? null,
    issuer: row.componentIssuer ?? null,
    component_name: row.componentName ?? null,
  })
  await client.query(
    `update study set component_id = $2, study_date = r."studyDate", study_time = r."studyTime",
       accession_number = r."accessionNumber", study_id = r."studyId", study_description = r."studyDescription",
       component_number = r."componentNumber", component_issuer = r."componentIssuer", component_name = r."componentName",
       component_name_folded = r."componentNameFolded", owner_name = r."ownerName", owner_name_folded = r."ownerNameFolded",
       manufacturing_date = r."manufacturingDate", material_name = r."materialName", search_text = r."searchText",
       attributes = r.attributes
     from jsonb_to_record($3) as r("studyDate" text, "studyTime" text, "accessionNumber" text, "studyId" text,
       "studyDescription" text, "componentNumber" text, "componentIssuer" text, "componentName" text,
       "componentNameFolded" text, "ownerName" text, "ownerNameFolded" text, "manufacturingDate" text, "materialName" text,
       "searchText" text, attributes text) where id = $1`,
    [study.id, componentId, JSON.stringify(row)],
  )
  if (componentId !== study.componentId) await dropEmptyComponent(client, study.componentId)
}

/** The columns of a live table, quoted, in order; its twin in the bin has at least these. */
export async function columnsOf(client: PoolClient, table: 'study' | 'series' | 'instance'): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(attname) as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  )
  return rows.map((row) => row.name)
}
