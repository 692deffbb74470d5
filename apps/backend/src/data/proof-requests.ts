import type { Db } from '@instandt/db'
import type { ArchiveScope, Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { type ProvableObject, selectOf } from './proofs.ts'
import { lockStudy } from './study-rows.ts'
import { inTransaction } from './transaction.ts'

export interface ProofRequest {
  studyId: number
  /** To the microsecond, as the database has it. */
  requestedAt: string
}

/** Asks for an inspection to be read again now; asked once more while it runs it begins anew. */
export async function requestProof(db: Db, scope: Scope, studyInstanceUid: string): Promise<void> {
  await inTransaction(db, async (client) => {
    const study = await lockStudy(client, scope, studyInstanceUid)
    await client.query(
      'insert into proof_request (study_id) values ($1) on conflict (study_id) do update set requested_at = now()',
      [study.id],
    )
    await addAuditEvent(client, scope, {
      action: 'archive.fixity',
      projectId: study.projectId,
      studyInstanceUid,
      component: study.component,
      detail: { step: 'ordered' },
    })
    await client.query(`select graphile_worker.add_job('prove-requested', job_key => 'prove-requested')`)
  })
}

/** Objects of one study, versions and originals included, that were not read since the request. */
export async function listOfRequest(
  db: Db,
  _scope: ArchiveScope,
  request: ProofRequest,
  limit: number,
): Promise<ProvableObject[]> {
  const isOpen = `(o.proven_at is null or o.proven_at < $2::timestamptz) and not exists (
    select from fixity_fault f where f.blob_key = o.blob_key and f.seen_at >= $2::timestamptz)`
  const { rows } = await db.pool.query<ProvableObject>(
    `(${selectOf('current')} where i.study_id = $1 and ${isOpen} limit $3)
     union all (${selectOf('version')} where l.study_id = $1 and ${isOpen} limit $3)
     union all (${selectOf('original')} where o.id in (
       select oi.original_id from original_instance oi join instance m on m.id = oi.instance_id where m.study_id = $1)
       and ${isOpen} limit $3)`,
    [request.studyId, request.requestedAt, limit],
  )
  return rows
}

const lease = `now() + interval '60 seconds'`

export async function claimRequest(db: Db, _scope: ArchiveScope): Promise<ProofRequest | undefined> {
  const { rows } = await db.pool.query<ProofRequest>(
    `update proof_request set leased_until = ${lease} where study_id = (
       select study_id from proof_request where leased_until is null or leased_until < now()
       order by requested_at limit 1 for update skip locked)
     returning study_id as "studyId", to_json(requested_at) #>> '{}' as "requestedAt"`,
  )
  return rows[0]
}

export async function keepRequest(db: Db, _scope: ArchiveScope, request: ProofRequest): Promise<void> {
  await db.pool.query(`update proof_request set leased_until = ${lease} where study_id = $1`, [request.studyId])
}

/** Over, unless it was asked for again meanwhile. */
export async function endRequest(db: Db, _scope: ArchiveScope, request: ProofRequest): Promise<void> {
  await db.pool.query(
    `with gone as (delete from proof_request where study_id = $1 and requested_at = $2)
     update proof_request set leased_until = null where study_id = $1 and requested_at <> $2`,
    [request.studyId, request.requestedAt],
  )
}
