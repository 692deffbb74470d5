import type { NewToken, Token } from '@instandt/api'
import type { Db } from '@instandt/db'
import { AppError } from '../app-error.ts'
import { forgetCallers } from '../identity/caller-memory.ts'
import { hashSecret } from '../identity/tokens.ts'
import type { Scope } from '../plugins/access.ts'
import { addAuditEvent } from './audit.ts'
import { inTransaction } from './transaction.ts'

const columns = `t.id, t.name, t.prefix, t.role, (select a.name from account a where a.id = t.owner_id) as "ownerName",
  coalesce((select array_agg(p.slug order by p.slug) from api_token_project x join project p on p.id = x.project_id
    where x.token_id = t.id), '{}') as projects,
  to_json(t.created_at) #>> '{}' as "createdAt", to_json(t.expires_at) #>> '{}' as "expiresAt",
  to_json(t.last_used_at) #>> '{}' as "lastUsedAt"`

/** Tokens in force: every one, or those of one person. */
export async function listTokens(db: Db, _scope: Scope, ownerId?: string): Promise<Token[]> {
  const { rows } = await db.pool.query<Token>(
    `select ${columns} from api_token t where t.revoked_at is null and ($1::uuid is null or t.owner_id = $1)
     order by t.created_at desc, t.id`,
    [ownerId ?? null],
  )
  return rows
}

/**
 * Keeps the hash of a fresh token's secret.
 * @param ownerId the person whose rights bound it; absent for machines
 * @throws AppError 'project-not-found' (404)
 */
export async function createToken(
  db: Db,
  scope: Scope,
  secret: string,
  token: Required<NewToken>,
  ownerId?: string,
): Promise<Token> {
  return inTransaction(db, async (client) => {
    const { rows: projects } = await client.query<{ id: number; slug: string }>(
      'select id, slug from project where slug = any($1::text[])',
      [token.projects],
    )
    const missing = token.projects.find((slug) => !projects.some((project) => project.slug === slug))
    if (missing !== undefined) throw new AppError('project-not-found', 404, `There is no project ${missing}.`)
    const { rows } = await client.query<{ id: string }>(
      `insert into api_token (token_hash, prefix, name, role, owner_id, created_by, expires_at)
       values ($1, $2, $3, $4, $5, $6, now() + make_interval(days => $7)) returning id`,
      [
        hashSecret(secret),
        secret.slice(0, 8),
        token.name,
        token.role,
        ownerId ?? null,
        scope.actor.name,
        token.expiresInDays,
      ],
    )
    const id = rows[0]?.id
    await client.query('insert into api_token_project (token_id, project_id) select $1, unnest($2::bigint[])', [
      id,
      projects.map((project) => project.id),
    ])
    await addAuditEvent(client, scope, {
      action: 'token.create',
      target: token.name,
      detail: { token: id, role: token.role, projects: token.projects, expiresInDays: token.expiresInDays },
    })
    const { rows: created } = await client.query<Token>(`select ${columns} from api_token t where t.id = $1`, [id])
    return created[0] as Token
  })
}

/** @throws AppError 'token-not-found' (404), also when it is somebody else's */
export async function revokeToken(db: Db, scope: Scope, id: string, ownerId?: string): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `update api_token set revoked_at = now()
       where id = $1 and revoked_at is null and ($2::uuid is null or owner_id = $2) returning name`,
      [id, ownerId ?? null],
    )
    if (!rows[0]) throw new AppError('token-not-found', 404, 'There is no such token.')
    await addAuditEvent(client, scope, { action: 'token.revoke', target: rows[0].name, detail: { token: id } })
  })
  forgetCallers(db)
}
