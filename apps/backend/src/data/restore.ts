import type { Restored } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'
import { indexStudyAnew } from './attribute-index.ts'
import { addAuditEvent } from './audit.ts'
import { addChanges, namedInstances } from './changes.ts'
import { columnsOf, type ComponentRow, ensureComponent, recount } from './study-rows.ts'
import { inRetriedTransaction } from './transaction.ts'

interface Binned {
  projectId: number
  projectSlug: string
  studyInstanceUid: string
  componentName: string | null
  componentNumber: string | null
  component: ComponentRow
  level: string
  state: 'binned' | 'purging'
}

export const deletionNotFound = (): AppError =>
  new AppError('deletion-not-found', 404, 'There is nothing of this kind in the bin.')

/** The deletion, held against others who restore or purge it. */
async function lockDeletion(client: PoolClient, scope: Scope, id: string): Promise<Binned> {
  const { rows } = await client.query<Binned>(
    `select d.project_id as "projectId", p.slug as "projectSlug", d.study_instance_uid as "studyInstanceUid",
       d.component_name as "componentName", d.component_number as "componentNumber", d.component, d.level, d.state
     from deletion d join project p on p.id = d.project_id
     where d.id = $1 and d.project_id = any($2::bigint[]) for update of d`,
    [id, scope.projectIds],
  )
  if (!rows[0]) throw deletionNotFound()
  return rows[0]
}

/**
 * Puts a deletion's rows back, into the study of now where there is one.
 * @throws AppError 'deletion-not-found' (404), 'purge-begun', 'inspection-moved', 'inspection-elsewhere', 'stored-again' (409): nothing changed
 */
export async function restoreDeletion(db: Db, scope: Scope, id: string): Promise<Restored> {
  return inRetriedTransaction(db, async (client) => {
    const binned = await lockDeletion(client, scope, id)
    if (binned.state === 'purging')
      throw new AppError('purge-begun', 409, 'The bytes of this are being removed for good; there is no way back.')
    const { studyInstanceUid, projectId } = binned
    const studyId = await ensureStudy(client, id, binned)
    await checkOthers(client, id, studyId, projectId)
    await ensureSeries(client, id, studyId)
    const differs = await isOtherwise(client, id, studyId)
    const series = binned.level === 'series' ? await seriesOf(client, id) : undefined
    const restored = await insertInstances(client, id, studyId)
    await recount(client, studyId)
    await indexStudyAnew(db, client, studyId)
    await client.query(
      `update correction c set study_id = $2, project_id = $3 from bin_study b
       where b.deletion_id = $1 and c.study_id = b.id and c.study_id <> $2`,
      [id, studyId, projectId],
    )
    const left = await tidyDeletion(client, id)
    if (restored.length > 0) {
      const isWhole = binned.level !== 'instance' && left === 0
      const detail = {
        level: binned.level,
        count: restored.length,
        ...(differs ? { differs } : {}),
        ...(series === undefined ? {} : { series }),
        ...(isWhole ? {} : namedInstances(restored)),
      }
      await addChanges(client, [{ kind: 'restored', studyInstanceUid, detail }])
    }
    await addAuditEvent(client, scope, {
      action: 'image.restore',
      projectId,
      studyInstanceUid,
      component: binned.componentName ?? binned.componentNumber ?? undefined,
      count: restored.length,
      detail: { deletion: id, level: binned.level, alreadyStored: left, ...(differs ? { differs } : {}) },
    })
    return { studyInstanceUid, restored: restored.length, alreadyStored: left, differs: differs && restored.length > 0 }
  })
}

/** The live study under this UID, locked; made of the bin's row when there is none. */
async function ensureStudy(client: PoolClient, id: string, binned: Binned): Promise<number> {
  const columns = await columnsOf(client, 'study')
  for (;;) {
    const { rows } = await client.query<{ id: number; project_id: number }>(
      'select id, project_id from study where study_instance_uid = $1 for update',
      [binned.studyInstanceUid],
    )
    const [live] = rows
    if (live && live.project_id !== binned.projectId) throw await elsewhere(client, id, live.id)
    if (live) return live.id
    const componentId = await ensureComponent(client, binned.projectId, binned.component)
    const values = columns.map((name) => (name === 'component_id' ? '$2' : `b.${name}`))
    // Somebody may be storing it at this moment: then theirs is the one to be added to.
    await client.query(
      `insert into study (${columns.join(', ')}) overriding system value select ${values.join(', ')}
       from bin_study b where b.deletion_id = $1 on conflict (study_instance_uid) do nothing`,
      [id, componentId],
    )
  }
}

async function elsewhere(client: PoolClient, id: string, liveId: number): Promise<AppError> {
  const { rowCount } = await client.query('select from bin_study where deletion_id = $1 and id = $2', [id, liveId])
  return rowCount === 1
    ? new AppError(
        'inspection-moved',
        409,
        'The inspection was moved to another project meanwhile: move it back, restore this, and move it again.',
      )
    : new AppError('inspection-elsewhere', 409, 'The inspection was stored again and cannot be added to here.')
}

const saidOfStudy = [
  'component_number',
  'component_issuer',
  'component_name',
  'accession_number',
  'study_id',
  'study_date',
  'study_description',
  'material_name',
]

/** Does the inspection say something else of component and order than when this was deleted, and than the files of this say? */
async function isOtherwise(client: PoolClient, id: string, studyId: number): Promise<boolean> {
  const said = (row: string): string => `(${saidOfStudy.map((name) => `${row}.${name}`).join(', ')})`
  const { rowCount } = await client.query(
    `select from bin_study b, study s where b.deletion_id = $1 and s.id = $2 and ${said('b')} is distinct from ${said('s')}`,
    [id, studyId],
  )
  return rowCount === 1
}

/** The one series that was deleted. */
async function seriesOf(client: PoolClient, id: string): Promise<string | undefined> {
  const { rows } = await client.query<{ uid: string }>(
    'select series_instance_uid as uid from bin_series where deletion_id = $1',
    [id],
  )
  return rows[0]?.uid
}

interface Other {
  uid: string
  isSame: boolean
}

/** Instances stored again meanwhile: with other bytes, or elsewhere, they are in the way of all. */
async function checkOthers(client: PoolClient, id: string, studyId: number, projectId: number): Promise<void> {
  const { rows } = await client.query<Other>(
    `select b.sop_instance_uid as uid, i.sha256 = b.sha256 and i.study_id = $2
       and r.series_instance_uid = br.series_instance_uid as "isSame"
     from bin_instance b join bin_series br on br.deletion_id = b.deletion_id and br.id = b.series_id
     join instance i on i.project_id = $3 and i.sop_instance_uid = b.sop_instance_uid join series r on r.id = i.series_id
     where b.deletion_id = $1 order by b.id`,
    [id, studyId, projectId],
  )
  const others = rows.filter((row) => !row.isSame)
  if (others.length === 0) return
  throw new AppError(
    'stored-again',
    409,
    `${others.length} of the instances were stored again with other bytes, such as ${others[0]?.uid}: delete those first.`,
  )
}

async function ensureSeries(client: PoolClient, id: string, studyId: number): Promise<void> {
  const columns = await columnsOf(client, 'series')
  const values = columns.map((name) => (name === 'study_id' ? '$2' : `b.${name}`))
  await client.query(
    `insert into series (${columns.join(', ')}) overriding system value select ${values.join(', ')}
     from bin_series b where b.deletion_id = $1 and exists (
       select from bin_instance i where i.deletion_id = b.deletion_id and i.series_id = b.id)
     on conflict (study_id, series_instance_uid) do nothing`,
    [id, studyId],
  )
}

/** SOP Instance UIDs of what was put back; what is stored with the same bytes stays in the bin. */
async function insertInstances(client: PoolClient, id: string, studyId: number): Promise<string[]> {
  const columns = await columnsOf(client, 'instance')
  const values = columns.map((name) => ({ study_id: '$2', series_id: 'r.id' })[name] ?? `b.${name}`)
  const { rows } = await client.query<{ uid: string }>(
    `with inserted as (
       insert into instance (${columns.join(', ')}) overriding system value select ${values.join(', ')}
       from bin_instance b join bin_series br on br.deletion_id = b.deletion_id and br.id = b.series_id
       join series r on r.study_id = $2 and r.series_instance_uid = br.series_instance_uid
       where b.deletion_id = $1 on conflict (project_id, sop_instance_uid) do nothing returning id, sop_instance_uid
     ), moved as (
       delete from bin_instance b using inserted i where b.deletion_id = $1 and b.id = i.id
     ), jobs as (
       -- What screens need went with the rows that were deleted.
       insert into rendition_job (instance_id) select id from inserted
     ) select sop_instance_uid as uid from inserted order by id`,
    [id, studyId],
  )
  return rows.map((row) => row.uid)
}

/** Removes the deletion when nothing of it is left in the bin, else counts it anew. How many are left. */
async function tidyDeletion(client: PoolClient, id: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `update deletion d set (instance_count, byte_size) = (
       select count(*)::integer, coalesce(sum(byte_size), 0) from bin_instance b where b.deletion_id = d.id)
     where d.id = $1 returning d.instance_count as count`,
    [id],
  )
  const left = rows[0]?.count ?? 0
  if (left === 0) {
    for (const table of ['bin_series', 'bin_study'])
      await client.query(`delete from ${table} where deletion_id = $1`, [id])
    await client.query('delete from deletion where id = $1', [id])
  }
  return left
}
