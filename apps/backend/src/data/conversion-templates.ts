import type { ConversionTemplate, NewTemplate } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { PoolClient } from 'pg'
import { AppError } from '../app-error.ts'
import type { Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { inTransaction } from './transaction.ts'

export const templateNotFound = (): AppError => new AppError('template-not-found', 404, 'There is no such template.')

const columns = `id, name, form, changed_by as "changedBy", to_json(changed_at) #>> '{}' as "changedAt"`
const mostTemplates = 200

/** Those of the one project of the scope. */
export async function listTemplates(db: Db, scope: Scope): Promise<ConversionTemplate[]> {
  const { rows } = await db.pool.query<ConversionTemplate>(
    `select ${columns} from conversion_template where project_id = any($1::bigint[]) order by lower(name), id`,
    [scope.projectIds],
  )
  return rows
}

const uniqueViolation = '23505'

/** One change with its event; a name that is taken is told. */
async function change(db: Db, work: (client: PoolClient) => Promise<ConversionTemplate>): Promise<ConversionTemplate> {
  try {
    return await inTransaction(db, work)
  } catch (error) {
    if ((error as { code?: string }).code !== uniqueViolation) throw error
    throw new AppError('name-taken', 409, 'There is a template with this name already.', { cause: error })
  }
}

/** @throws AppError 'name-taken', 'too-many-templates' (409) */
export async function createTemplate(db: Db, scope: Scope, template: NewTemplate): Promise<ConversionTemplate> {
  const [projectId] = scope.projectIds
  return change(db, async (client) => {
    const { rows } = await client.query<ConversionTemplate>(
      `insert into conversion_template (project_id, name, form, changed_by)
        select $1, $2, $3, $4 where (select count(*) from conversion_template where project_id = $1) < $5 returning ${columns}`,
      [projectId, template.name, JSON.stringify(template.form), scope.actor.name, mostTemplates],
    )
    const [created] = rows
    if (!created)
      throw new AppError('too-many-templates', 409, `A project has ${mostTemplates} templates at most; remove one.`)
    await addAuditEvent(client, scope, { action: 'template.create', projectId, target: template.name })
    return created
  })
}

/** @throws AppError 'template-not-found' (404), 'name-taken' (409) */
export async function changeTemplate(
  db: Db,
  scope: Scope,
  id: string,
  template: NewTemplate,
): Promise<ConversionTemplate> {
  return change(db, async (client) => {
    const { rows } = await client.query<ConversionTemplate & { projectId: number }>(
      `update conversion_template set name = $3, form = $4, changed_by = $5, changed_at = now()
        where id = $1 and project_id = any($2::bigint[]) returning ${columns}, project_id as "projectId"`,
      [id, scope.projectIds, template.name, JSON.stringify(template.form), scope.actor.name],
    )
    if (!rows[0]) throw templateNotFound()
    const { projectId, ...changed } = rows[0]
    await addAuditEvent(client, scope, { action: 'template.change', projectId, target: template.name })
    return changed
  })
}

/** @throws AppError 'template-not-found' (404) */
export async function removeTemplate(db: Db, scope: Scope, id: string): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ name: string; projectId: number }>(
      `delete from conversion_template where id = $1 and project_id = any($2::bigint[])
        returning name, project_id as "projectId"`,
      [id, scope.projectIds],
    )
    if (!rows[0]) throw templateNotFound()
    const { projectId, name } = rows[0]
    await addAuditEvent(client, scope, { action: 'template.remove', projectId, target: name })
  })
}
