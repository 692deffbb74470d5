import { type ProjectRole, projectRoles, type Role, roles } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { DirectoryIdentity } from '../identity/entra.ts'
import { forgetCallers } from '../identity/caller-memory.ts'
import type { Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { inTransaction } from './transaction.ts'

/** A role that members of a group have in a project. */
export interface GroupRole {
  group: string
  project: string
  role: ProjectRole
}

/**
 * Writes what the directory says now: account, roles, and the memberships that come with them. The account is found by
 * tenant and object id; an equal e-mail links nothing. Undefined when the directory gives this account no role any more,
 * or an administrator has blocked it; its sessions are ended then.
 */
export async function saveDirectoryAccount(
  db: Db,
  scope: Scope,
  identity: DirectoryIdentity,
  groupRoles: readonly GroupRole[],
): Promise<string | undefined> {
  const ofGroups = groupRoles.filter((one) => identity.groups.includes(one.group))
  const memberships = new Map<string, ProjectRole>()
  const grant = (project: string, role: ProjectRole): void => {
    const known = memberships.get(project)
    if (known === undefined || projectRoles.indexOf(role) < projectRoles.indexOf(known)) memberships.set(project, role)
  }
  for (const { project, role } of ofGroups) grant(project, role)
  const inDefault = projectRoles.find((role) => identity.roles.includes(role))
  if (inDefault) grant('default', inDefault)
  const directoryRole: Role | undefined = roles.find(
    (role) => identity.roles.includes(role) || ofGroups.some((one) => one.role === role),
  )
  const isAdministrator = identity.roles.includes('administrator')

  const accountId = await inTransaction(db, async (client) => {
    const { rows: before } = await client.query<{ id: string; rights: string; isBlocked: boolean }>(
      `select id, is_blocked as "isBlocked", concat_ws(' ', coalesce(directory_role, '-'), (
          select string_agg(p.slug || '=' || m.role, ' ' order by p.slug) from membership m join project p on p.id = m.project_id
          where m.account_id = account.id and m.is_from_directory)) as rights
       from account where entra_tenant_id = $1 and entra_object_id = $2 for update`,
      [identity.tenantId, identity.objectId],
    )
    const [known] = before
    if (known?.isBlocked === true || directoryRole === undefined) {
      if (known) await client.query('delete from session where account_id = $1', [known.id])
      if (known && directoryRole === undefined) {
        await client.query(`update account set directory_role = null, is_administrator = false where id = $1`, [
          known.id,
        ])
        await client.query('delete from membership where account_id = $1 and is_from_directory', [known.id])
      }
      return undefined
    }
    const { rows: saved } = await client.query<{ id: string }>(
      `insert into account (kind, name, email, entra_tenant_id, entra_object_id, directory_role, is_administrator, last_seen_at)
       values ($1, $2, $3, $4, $5, $6, $7, now())
       on conflict (entra_tenant_id, entra_object_id) do update set name = excluded.name, email = excluded.email,
         directory_role = excluded.directory_role, is_administrator = excluded.is_administrator, last_seen_at = now()
       returning id`,
      [
        identity.kind,
        identity.name,
        identity.email,
        identity.tenantId,
        identity.objectId,
        directoryRole,
        isAdministrator,
      ],
    )
    const id = saved[0]?.id ?? ''
    const projects = [...memberships.keys()]
    await client.query(
      `delete from membership m using project p
       where m.account_id = $1 and m.is_from_directory and p.id = m.project_id and p.slug <> all($2::text[])`,
      [id, projects],
    )
    await client.query(
      `insert into membership (project_id, account_id, role, is_from_directory)
       select p.id, $1, r.role, true from unnest($2::text[], $3::text[]) as r(slug, role) join project p using (slug)
       on conflict (account_id, project_id) do update set role = excluded.role, is_from_directory = true`,
      [id, projects, [...memberships.values()]],
    )
    const rights = [directoryRole, ...[...memberships].map(([project, role]) => `${project}=${role}`).toSorted()].join(
      ' ',
    )
    if (known?.rights !== rights) {
      await addAuditEvent(client, scope, {
        action: known ? 'account.change' : 'account.create',
        target: identity.name,
        detail: { account: id, directory: rights, ...(known ? { before: known.rights } : {}) },
      })
    }
    return id
  })
  forgetCallers(db)
  return accountId
}
