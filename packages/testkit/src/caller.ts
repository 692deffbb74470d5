import { createHash } from 'node:crypto'
import type pg from 'pg'

/** A machine's token that every test database knows: Level III in the default project. */
export const testToken = 'ndt_only-for-tests-of-instandt-on-the-loopback'

/** Headers of that caller. */
export const testCaller = { authorization: `Bearer ${testToken}` }

/** As `fetch`, by that caller. */
export const signedFetch: typeof fetch = (input, init) =>
  fetch(input, { ...init, headers: { ...testCaller, ...(init?.headers as Record<string, string> | undefined) } })

/** Lets the caller into one project of a database. */
export async function addTestToken(client: pg.Client, project = 'default'): Promise<void> {
  await client.query(
    `with token as (
       insert into api_token (token_hash, prefix, name, role, created_by) values ($1, 'ndt_only', 'tests', 'level-iii', 'tests')
       returning id)
     insert into api_token_project (token_id, project_id) select token.id, p.id from token, project p where p.slug = $2`,
    [createHash('sha256').update(testToken).digest(), project],
  )
}

/** Keys of an installation that only tests have. */
export const testKeys = `test:${Buffer.alloc(32, 7).toString('base64url')}`
