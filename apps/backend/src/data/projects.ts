import { isMachineRole, type Member, type MemberList, type Project, type ProjectRole } from '@instandt/api'
import type { Db } from '@instandt/db'
import { AppError } from '../app-error.ts'
import { forgetCallers } from '../identity/caller-memory.ts'
import type { Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { inTransaction } from './transaction.ts'

const columns = `p.slug, p.name, to_json(p.created_at) #>> '{}' as "createdAt",
  (select count(*)::integer from membership m where m.project_id = p.id) as "memberCount",
  (select count(*)::integer from study s where s.project_id = p.id) as "inspectionCount"`

/** Every project for whoever looks after them, else those of the scope. */
export async function listProjects(db: Db, scope: Scope, isEvery: boolean): Promise<Project[]> {
  const { rows } = await db.pool.query<Project>(
    `select ${columns} from project p where $1 or p.id = any($2::bigint[]) order by lower(p.name), p.id`,
    [isEvery, scope.projectIds],
  )
  return rows
}

/** @throws AppError 'slug-taken' (409) */
export async function createProject(db: Db, scope: Scope, project: { slug: string; name: string }): Promise<Project> {
  return inTransaction(db, async (client) => {
    const { rows } = await client.query<{ id: number }>(
      'insert into project (slug, name) values ($1, $2) on conflict (slug) do nothing returning id',
      [project.slug, project.name],
    )
    const id = rows[0]?.id
    if (id === undefined) throw new AppError('slug-taken', 409, 'There is a project with this short name already.')
    await addAuditEvent(client, scope, { action: 'project.create', projectId: id, target: project.name })
    const { rows: created } = await client.query<Project>(`select ${columns} from project p where id = $1`, [id])
    return created[0] as Project
  })
}

/** The one project of the scope. */
export async function renameProject(db: Db, scope: Scope, name: string): Promise<Project> {
  const [projectId] = scope.projectIds
  const renamed = await inTransaction(db, async (client) => {
    await client.query('update project set name = $2 where id = $1', [projectId, name])
    await addAuditEvent(client, scope, { action: 'project.change', projectId, target: name })
    const { rows } = await client.query<Project>(`select ${columns} from project p where id = $1`, [projectId])
    return rows[0] as Project
  })
  forgetCallers(db)
  return renamed
}

/** Members of the one project of the scope, and who could become one. */
export async function listMembers(db: Db, scope: Scope): Promise<MemberList> {
  const [projectId] = scope.projectIds
  const { rows: items } = await db.pool.query<Member>(
    `select a.id as "userId", a.name, a.email, a.kind, m.role, m.is_from_directory as "isFromDirectory"
     from membership m join account a on a.id = m.account_id where m.project_id = $1 order by lower(a.name), a.id`,
    [projectId],
  )
  const { rows: candidates } = await db.pool.query<MemberList['candidates'][number]>(
    `select a.id as "userId", a.name, a.email from account a
     where not a.is_blocked and not exists (select from membership m where m.account_id = a.id and m.project_id = $1)
     order by lower(a.name), a.id`,
    [projectId],
  )
  return { items, candidates }
}

export async function setMember(db: Db, scope: Scope, accountId: string, role: ProjectRole): Promise<void> {
  const [projectId] = scope.projectIds
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ name: string; kind: string }>(
      'select name, kind from account where id = $1 for share',
      [accountId],
    )
    const [account] = rows
    if (!account) throw new AppError('user-not-found', 404, 'There is no such account.')
    if (isMachineRole(role) !== (account.kind === 'entra-app'))
      throw new AppError(
        'role-does-not-fit',
        422,
        'Sender, reader and follower are roles of machines, the others of people.',
      )
    const { rows: before } = await client.query<{ role: string; isFromDirectory: boolean }>(
      `select role, is_from_directory as "isFromDirectory" from membership where project_id = $1 and account_id = $2 for update`,
      [projectId, accountId],
    )
    if (before[0]?.isFromDirectory === true) throw directoryDecides()
    await client.query(
      `insert into membership (project_id, account_id, role) values ($1, $2, $3)
       on conflict (account_id, project_id) do update set role = excluded.role`,
      [projectId, accountId, role],
    )
    await addAuditEvent(client, scope, {
      action: 'member.change',
      projectId,
      target: account.name,
      detail: { account: accountId, role, before: before[0]?.role ?? null },
    })
  })
  forgetCallers(db)
}

export async function removeMember(db: Db, scope: Scope, accountId: string): Promise<void> {
  const [projectId] = scope.projectIds
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ role: string; name: string; isFromDirectory: boolean }>(
      `select m.role, a.name, m.is_from_directory as "isFromDirectory" from membership m join account a on a.id = m.account_id
       where m.project_id = $1 and m.account_id = $2 for update of m`,
      [projectId, accountId],
    )
    const [member] = rows
    if (!member) throw new AppError('member-not-found', 404, 'This account is no member of the project.')
    if (member.isFromDirectory) throw directoryDecides()
    await client.query('delete from membership where project_id = $1 and account_id = $2', [projectId, accountId])
    await addAuditEvent(client, scope, {
      action: 'member.remove',
      projectId,
      target: member.name,
      detail: { account: accountId, before: member.role },
    })
  })
  forgetCallers(db)
}

const directoryDecides = (): AppError =>
  new AppError('directory-decides', 409, 'The directory gives this membership; change it there.')
