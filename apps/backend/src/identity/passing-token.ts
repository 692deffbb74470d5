import { createToken, revokeToken } from '../data/api-tokens.ts'
import type { Deps } from '../deps.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { newApiToken } from './tokens.ts'

/** A token for work that the program itself does through the front door, and that ends with it. */
export async function passingToken(deps: Deps, name: string): Promise<{ token: string; revoke: () => Promise<void> }> {
  const scope = await readArchiveScope(deps.db)
  const token = newApiToken()
  const { id } = await createToken(deps.db, scope, token, {
    name,
    role: 'sender',
    projects: ['default'],
    expiresInDays: 1,
  })
  return { token, revoke: () => revokeToken(deps.db, scope, id) }
}
