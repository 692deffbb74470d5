import { isAllowed, type ProjectPermission, projectPermissions, type ProjectRole, type Role } from '@instandt/api'
import type { Db } from '@instandt/db'
import type { Scope } from '../plugins/access.ts'

/** What a caller may do in one project. */
export interface ProjectRights {
  id: number
  slug: string
  name: string
  role: ProjectRole
  permissions: readonly ProjectPermission[]
}

/** Who calls, as the database knows them. */
export interface Caller {
  kind: 'local' | 'entra' | 'token' | 'entra-app'
  /** Account or token. */
  id: string
  name: string
  email: string | null
  /** Undefined for machines' tokens. */
  accountId: string | undefined
  isAdministrator: boolean
  projects: readonly ProjectRights[]
  defaultProjectId: number | undefined
  session: CallerSession | undefined
}

export interface CallerSession {
  id: string
  /** False between password and second factor. */
  isComplete: boolean
  /** Sessions of the directory: when it last confirmed them, and the sealed token that asks again. */
  confirmedAt: Date | null
  refreshToken: string | null
}

interface Membership {
  id: number
  slug: string
  name: string
  role: ProjectRole
}

interface AccountRow {
  id: string
  kind: 'local' | 'entra' | 'entra-app'
  name: string
  email: string | null
  isAdministrator: boolean
  directoryRole: Role | null
  defaultProjectId: number | null
  memberships: Membership[]
}

const accountColumns = `a.id, a.kind, a.name, a.email, a.is_administrator as "isAdministrator", a.directory_role as "directoryRole",
  a.default_project_id as "defaultProjectId", coalesce((
    select jsonb_agg(jsonb_build_object('id', p.id, 'slug', p.slug, 'name', p.name, 'role', m.role) order by p.name, p.id)
    from membership m join project p on p.id = m.project_id where m.account_id = a.id), '[]') as memberships`

/** A role's permissions; where a directory gives roles, no more than its best one allows. */
function boundPermissions(role: ProjectRole, bound: Role | null): ProjectPermission[] {
  return projectPermissions.filter(
    (permission) =>
      isAllowed(role, permission) && (bound === null || bound === 'administrator' || isAllowed(bound, permission)),
  )
}

function asCaller(row: AccountRow, session: CallerSession | undefined): Caller {
  return {
    kind: row.kind,
    id: row.id,
    name: row.name,
    email: row.email,
    accountId: row.id,
    isAdministrator: row.isAdministrator,
    projects: row.memberships.map((one) => ({ ...one, permissions: boundPermissions(one.role, row.directoryRole) })),
    defaultProjectId: row.defaultProjectId ?? undefined,
    session,
  }
}

const idleMinutes = 8 * 60

/** The caller of a session that is still good, and notes that it is in use. */
export async function findSessionCaller(db: Db, _scope: Scope, tokenHash: Buffer): Promise<Caller | undefined> {
  const { rows } = await db.pool.query<
    AccountRow & {
      sessionId: string
      isComplete: boolean
      confirmedAt: Date | null
      refreshToken: string | null
      isStale: boolean
    }
  >({
    name: 'find-session-caller',
    text: `select ${accountColumns}, s.id as "sessionId", s.is_complete as "isComplete", s.confirmed_at as "confirmedAt",
        s.refresh_token as "refreshToken", s.seen_at < now() - interval '1 minute' as "isStale"
      from session s join account a on a.id = s.account_id
      where s.token_hash = $1 and s.expires_at > now() and s.seen_at > now() - make_interval(mins => $2) and not a.is_blocked`,
    values: [tokenHash, idleMinutes],
  })
  const [row] = rows
  if (!row) return undefined
  if (row.isStale) {
    await db.pool.query({
      name: 'touch-session',
      text: `with touched as (update session set seen_at = now() where id = $1 returning account_id)
        update account set last_seen_at = now() from touched where account.id = touched.account_id`,
      values: [row.sessionId],
    })
  }
  const { sessionId: id, isComplete, confirmedAt, refreshToken } = row
  return asCaller(row, { id, isComplete, confirmedAt, refreshToken })
}

/** The caller behind an account of the directory, as its last sign-in left it. */
export async function findAccountCaller(db: Db, _scope: Scope, accountId: string): Promise<Caller | undefined> {
  const { rows } = await db.pool.query<AccountRow>({
    name: 'find-account-caller',
    text: `select ${accountColumns} from account a where a.id = $1 and not a.is_blocked`,
    values: [accountId],
  })
  return rows[0] && asCaller(rows[0], undefined)
}

interface TokenRow {
  id: string
  name: string
  role: ProjectRole
  projects: Omit<Membership, 'role'>[]
  isStale: boolean
  ownerId: string | null
}

/** The machine or program behind an API token that is still good; a person's token can do no more than the person. */
export async function findTokenCaller(db: Db, scope: Scope, tokenHash: Buffer): Promise<Caller | undefined> {
  const { rows } = await db.pool.query<TokenRow>({
    name: 'find-token-caller',
    text: `select t.id, t.name, t.role, t.owner_id as "ownerId",
        t.last_used_at is null or t.last_used_at < now() - interval '1 minute' as "isStale", coalesce((
          select jsonb_agg(jsonb_build_object('id', p.id, 'slug', p.slug, 'name', p.name) order by p.name, p.id)
          from api_token_project x join project p on p.id = x.project_id where x.token_id = t.id), '[]') as projects
      from api_token t
      where t.token_hash = $1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())`,
    values: [tokenHash],
  })
  const [row] = rows
  if (!row) return undefined
  const owner = row.ownerId === null ? undefined : await findAccountCaller(db, scope, row.ownerId)
  if (row.ownerId !== null && !owner) return undefined
  if (row.isStale)
    await db.pool.query({
      name: 'touch-token',
      text: 'update api_token set last_used_at = now() where id = $1',
      values: [row.id],
    })
  const projects = row.projects.flatMap((project): ProjectRights[] => {
    const ofOwner = owner?.projects.find((one) => one.id === project.id)
    if (owner && !ofOwner) return []
    const permissions = boundPermissions(row.role, null).filter((one) => !ofOwner || ofOwner.permissions.includes(one))
    return [{ ...project, role: row.role, permissions }]
  })
  return {
    kind: 'token',
    id: row.id,
    name: owner ? `${owner.name} (${row.name})` : row.name,
    email: null,
    accountId: undefined,
    isAdministrator: false,
    projects,
    defaultProjectId: undefined,
    session: undefined,
  }
}
