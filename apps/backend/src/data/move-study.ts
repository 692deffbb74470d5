import type { Db } from '@instandt/db'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'
import { indexStudyAnew } from './attribute-index.ts'
import { addAuditEvent } from './audit.ts'
import { addChanges } from './changes.ts'
import { type ComponentRow, dropEmptyComponent, ensureComponent, lockStudy } from './study-rows.ts'
import { inRetriedTransaction } from './transaction.ts'

/**
 * Moves a study with everything below it to another project. Whoever calls has checked the rights in both.
 * @throws AppError 'inspection-not-found' (404), 'correction-under-way', 'instance-taken' (409): nothing changed
 */
export async function moveStudy(
  db: Db,
  scope: Scope,
  studyInstanceUid: string,
  target: { id: number; slug: string },
  reason: string,
): Promise<void> {
  await inRetriedTransaction(db, async (client) => {
    const study = await lockStudy(client, scope, studyInstanceUid)
    if (study.projectId === target.id)
      throw new AppError('already-there', 409, 'The inspection is in this project already.')
    const { rowCount: busy } = await client.query(
      `select from correction where study_id = $1 and state in ('waiting', 'running')`,
      [study.id],
    )
    if (busy) throw new AppError('correction-under-way', 409, 'The inspection is being corrected; move it afterwards.')
    const { rows: taken } = await client.query<{ count: number }>(
      `select count(*)::integer as count from instance i
       where i.study_id = $1 and exists (
         select from instance o where o.project_id = $2 and o.sop_instance_uid = i.sop_instance_uid)`,
      [study.id, target.id],
    )
    if ((taken[0]?.count ?? 0) > 0)
      throw new AppError(
        'instance-taken',
        409,
        `${taken[0]?.count} of its instances are stored there in another inspection.`,
      )
    const { rows: components } = await client.query<ComponentRow>(
      'select identity_key, component_number, issuer, component_name from component where id = $1',
      [study.componentId],
    )
    const componentId = await ensureComponent(client, target.id, components[0] as ComponentRow)
    // Who follows one project does not learn of the other.
    await addChanges(client, [{ kind: 'moved-out', studyInstanceUid, detail: { reason } }])
    const { rowCount: count } = await client.query('update instance set project_id = $2 where study_id = $1', [
      study.id,
      target.id,
    ])
    await client.query('update series set project_id = $2 where study_id = $1', [study.id, target.id])
    await client.query('update study set project_id = $2, component_id = $3, changed_at = now() where id = $1', [
      study.id,
      target.id,
      componentId,
    ])
    await client.query('update correction set project_id = $2 where study_id = $1', [study.id, target.id])
    await dropEmptyComponent(client, study.componentId)
    await indexStudyAnew(db, client, study.id)
    await addChanges(client, [{ kind: 'moved-in', studyInstanceUid, detail: { reason, count } }])
    for (const [projectId, other] of [
      [study.projectId, { to: target.slug }],
      [target.id, { from: study.projectSlug }],
    ] as const) {
      await addAuditEvent(client, scope, {
        action: 'image.move',
        projectId,
        studyInstanceUid,
        component: study.component,
        target: reason,
        count: count ?? 0,
        detail: { reason, ...other },
      })
    }
  })
}
