import type { Correction, CorrectedValues, History, Version } from '@instandt/api'
import type { Db } from '@instandt/db'
import { AppError } from '../app-error.ts'
import type { KeptScope, Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { inspectionNotFound, lockStudy } from './study-rows.ts'
import { inRetriedTransaction } from './transaction.ts'

const columns = `c.id, c.state, c.changes, c.before, c.reason, c.actor_name as "actorName", c.instance_count as "instanceCount",
  c.done_count as "doneCount", c.fault, to_json(c.created_at) #>> '{}' as "createdAt",
  to_json(c.finished_at) #>> '{}' as "finishedAt"`

const onlyOne = 'correction_study_id_idx'

/**
 * Orders a correction: the row, its event and its job are there together or not at all.
 * @throws AppError 'inspection-not-found' (404), 'correction-under-way' (409)
 */
export async function orderCorrection(
  db: Db,
  scope: Scope,
  studyInstanceUid: string,
  changes: CorrectedValues,
  reason: string,
): Promise<Correction> {
  return inRetriedTransaction(db, async (client) => {
    const study = await lockStudy(client, scope, studyInstanceUid)
    const { actor, address, requestId } = scope
    const askedBy: KeptScope = {
      actor,
      address,
      requestId,
      projectIds: [study.projectId],
      defaultProjectId: study.projectId,
    }
    const { rows } = await client
      .query<Correction>(
        `insert into correction as c (project_id, study_id, study_instance_uid, changes, reason, asked_by, actor_name, instance_count)
         values ($1, $2, $3, $4, $5, $6, $7, (select instance_count from study where id = $2)) returning ${columns}`,
        [
          study.projectId,
          study.id,
          studyInstanceUid,
          JSON.stringify(changes),
          reason,
          JSON.stringify(askedBy),
          actor.name,
        ],
      )
      .catch((error: { code?: string; constraint?: string }) => {
        if (error.code === '23505' && error.constraint === onlyOne)
          throw new AppError('correction-under-way', 409, 'The inspection is being corrected already.')
        throw error
      })
    const [correction] = rows as [Correction]
    await addAuditEvent(client, scope, {
      action: 'image.correct',
      projectId: study.projectId,
      studyInstanceUid,
      component: study.component,
      target: reason,
      count: correction.instanceCount,
      detail: { correction: correction.id, step: 'ordered', changes, reason },
    })
    await client.query(`select graphile_worker.add_job('correct-inspections', job_key => 'correct-inspections')`)
    return correction
  })
}

interface StudyRow {
  id: number
  attributes: string
}

/** What stands in the row of a study, its corrections newest first, and how its bytes are. */
export async function readHistory(
  db: Db,
  scope: Scope,
  studyInstanceUid: string,
): Promise<Omit<History, 'current'> & { attributes: string }> {
  const { rows } = await db.pool.query<StudyRow>(
    'select id, attributes from study where project_id = any($1::bigint[]) and study_instance_uid = $2',
    [scope.projectIds, studyInstanceUid],
  )
  const [study] = rows
  if (!study) throw inspectionNotFound()
  const [corrections, proof] = await Promise.all([
    db.pool.query<Correction>(
      `select ${columns} from correction c where c.study_id = $1 order by c.created_at desc, c.id`,
      [study.id],
    ),
    db.pool.query<History['proof']>(
      `select case when count(*) = count(o.proven_at) then to_json(min(o.proven_at)) #>> '{}' end as "provenAt",
         count(o.proven_at)::integer as "provenCount", count(*)::integer as "objectCount",
         (select count(*)::integer from fixity_fault f where f.study_instance_uid = $2 and f.place <> 'bin') as "faultCount",
         exists (select from proof_request q where q.study_id = $1) as "isRunning"
       from (
         select i.proven_at from instance i where i.study_id = $1
         union all select v.proven_at from instance_version v join instance i on i.id = v.instance_id where i.study_id = $1
         union all select g.proven_at from original g where g.id in (
           select oi.original_id from original_instance oi join instance i on i.id = oi.instance_id where i.study_id = $1)
       ) o`,
      [study.id, studyInstanceUid],
    ),
  ])
  return { attributes: study.attributes, corrections: corrections.rows, proof: proof.rows[0] as History['proof'] }
}

/** The versions of one instance, newest first; undefined when there is no such instance in the scope. */
export async function listVersions(
  db: Db,
  scope: Scope,
  studyInstanceUid: string,
  sopInstanceUid: string,
): Promise<Version[] | undefined> {
  const { rows } = await db.pool.query<Version>(
    `with one as (
       select i.* from instance i join study s on s.id = i.study_id
       where i.project_id = any($1::bigint[]) and s.study_instance_uid = $2 and i.sop_instance_uid = $3
     )
     select version, "isCurrent", byte_size as "byteSize", encode(sha256, 'hex') as sha256,
       to_json(stored_at) #>> '{}' as "storedAt", to_json(proven_at) #>> '{}' as "provenAt",
       lag(correction_id) over (order by version) as correction
     from (
       select v.version, false as "isCurrent", v.byte_size, v.sha256, v.stored_at, v.proven_at, v.correction_id
       from one join instance_version v on v.instance_id = one.id
       union all
       select one.version, true, one.byte_size, one.sha256,
         coalesce((select max(v.replaced_at) from instance_version v where v.instance_id = one.id), one.stored_at),
         one.proven_at, null from one
     ) versions order by version desc`,
    [scope.projectIds, studyInstanceUid, sopInstanceUid],
  )
  return rows.length === 0 ? undefined : rows
}

export interface VersionObject {
  blobKey: string
  byteSize: number
  sha256: string
}

/** Where one version lies, the current one included. */
export async function findVersion(
  db: Db,
  scope: Scope,
  studyInstanceUid: string,
  sopInstanceUid: string,
  version: number,
): Promise<VersionObject | undefined> {
  const { rows } = await db.pool.query<VersionObject>(
    `with one as (
       select i.id, i.version, i.blob_key, i.byte_size, i.sha256 from instance i join study s on s.id = i.study_id
       where i.project_id = any($1::bigint[]) and s.study_instance_uid = $2 and i.sop_instance_uid = $3
     )
     select blob_key as "blobKey", byte_size as "byteSize", encode(sha256, 'hex') as sha256 from (
       select version, blob_key, byte_size, sha256 from one
       union all select v.version, v.blob_key, v.byte_size, v.sha256 from one join instance_version v on v.instance_id = one.id
     ) versions where version = $4`,
    [scope.projectIds, studyInstanceUid, sopInstanceUid, version],
  )
  return rows[0]
}
