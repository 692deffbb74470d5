// For tests of access: people with sessions, machines with tokens, projects.
import type { ProjectRole } from '@instandt/api'
import type { Db } from '@instandt/db'
import { createToken } from './data/api-tokens.ts'
import { createProject } from './data/projects.ts'
import { startSession } from './data/sessions.ts'
import { inTransaction } from './data/transaction.ts'
import { hashPassword } from './identity/password.ts'
import { hashSecret, newApiToken, newSecret } from './identity/tokens.ts'
import { readArchiveScope } from './plugins/access.ts'

export const goodPassword = 'the crane lifts at seven'
let hashed: Promise<string> | undefined

/** Deriving takes a tenth of a second: once is enough. */
export const goodPasswordHash = (): Promise<string> => (hashed ??= hashPassword(goodPassword))

export async function addProject(db: Db, slug: string): Promise<void> {
  await createProject(db, await readArchiveScope(db), { slug, name: `Project ${slug}` })
}

let people = 0

/** A person with a role in some projects; the password is `goodPassword`. */
export async function addPerson(
  db: Db,
  options: { memberships?: Record<string, ProjectRole>; isAdministrator?: boolean; email?: string; name?: string } = {},
): Promise<{ id: string; email: string }> {
  people += 1
  const email = options.email ?? `person${people}@shop.example`
  const { rows } = await db.pool.query<{ id: string }>(
    `insert into account (kind, name, email, password_hash, is_administrator) values ('local', $1, $2, $3, $4) returning id`,
    [options.name ?? `Person ${people}`, email, await goodPasswordHash(), options.isAdministrator ?? false],
  )
  const id = rows[0]?.id ?? ''
  for (const [project, role] of Object.entries(options.memberships ?? {})) {
    await db.pool.query(
      `insert into membership (project_id, account_id, role) select p.id, $1, $3 from project p where p.slug = $2`,
      [id, project, role],
    )
  }
  return { id, email }
}

/** Headers of a fresh session of this account, as a browser on our own page sends them. */
export async function sessionHeaders(db: Db, accountId: string, origin: string): Promise<Record<string, string>> {
  const secret = newSecret()
  const scope = await readArchiveScope(db)
  await inTransaction(db, (client) =>
    startSession(client, scope, { tokenHash: hashSecret(secret), accountId, agent: 'tests', isComplete: true }),
  )
  return { cookie: `instandt=${secret}`, origin }
}

export async function tokenHeaders(db: Db, role: ProjectRole, projects: string[]): Promise<{ authorization: string }> {
  const secret = newApiToken()
  await createToken(db, await readArchiveScope(db), secret, { name: role, role, projects, expiresInDays: 1 })
  return { authorization: `Bearer ${secret}` }
}
