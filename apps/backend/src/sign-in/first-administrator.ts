import { hasAdministrator, insertLocalAccount } from '../data/accounts.ts'
import { addAuditEvent } from '../data/audit.ts'
import { addSetupLink } from '../data/links.ts'
import { inTransaction } from '../data/transaction.ts'
import type { Deps } from '../deps.ts'
import { linkAddress } from '../identity/addresses.ts'
import { newSecret } from '../identity/tokens.ts'
import { takenPassword } from '../links/route.ts'
import { readArchiveScope } from '../plugins/access.ts'

/**
 * Without an administrator: makes the one of FIRST_ADMIN_EMAIL, or a one-time link for whoever reads the log. Returns the
 * link; undefined when there is nothing to do.
 */
export async function firstAdministrator(deps: Deps, origin: string): Promise<string | undefined> {
  const { config, db } = deps
  if (config.LOCAL_ACCOUNTS === 'off') return undefined
  const scope = await readArchiveScope(db, 'set-up')
  if (await hasAdministrator(db, scope)) return undefined
  const { FIRST_ADMIN_EMAIL: email, FIRST_ADMIN_PASSWORD: password } = config
  if (email === undefined || password === undefined) {
    const secret = newSecret()
    await addSetupLink(db, scope, secret)
    const link = linkAddress(origin, 'setup', secret)
    deps.log.warn({ link }, 'there is no administrator yet: open this link, good once and for a day')
    return link
  }
  const passwordHash = await takenPassword(password, [email])
  await inTransaction(db, async (client) => {
    // Several servers may start at once.
    await client.query('lock table account in share row exclusive mode')
    if (await hasAdministrator(db, scope)) return
    await insertLocalAccount(client, scope, {
      name: email.split('@', 1)[0] ?? email,
      email,
      passwordHash,
      isAdministrator: true,
      memberships: [{ project: 'default', role: 'level-iii' }],
    })
    await addAuditEvent(client, scope, { action: 'account.set-up', target: email })
  })
  return undefined
}
