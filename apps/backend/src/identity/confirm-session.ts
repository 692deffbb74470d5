import { AppError } from '../app-error.ts'
import { type Caller, findAccountCaller } from '../data/callers.ts'
import { saveDirectoryAccount } from '../data/directory-accounts.ts'
import { endSession, renewConfirmation } from '../data/sessions.ts'
import type { Deps } from '../deps.ts'
import type { Scope } from '../plugins/access.ts'

/** How long a session goes on while the directory does not answer. */
const graceMs = 60 * 60_000
const retryMs = 60_000
const askedAt = new Map<string, number>()

/**
 * Sessions of the directory are asked after every ENTRA_RECHECK_MINUTES: whoever was blocked there, or lost all roles,
 * is out by then; changed roles count from then. Undefined when the session is over.
 */
export async function confirmSession(deps: Deps, scope: Scope, caller: Caller): Promise<Caller | undefined> {
  const { session } = caller
  const { entra, box } = deps.identity
  if (caller.kind !== 'entra' || !session) return caller
  const age = Date.now() - (session.confirmedAt?.getTime() ?? 0)
  if (age < deps.config.ENTRA_RECHECK_MINUTES * 60_000) return caller
  const refreshToken = session.refreshToken === null ? undefined : await box.open('refresh-token', session.refreshToken)
  if (!entra || refreshToken === undefined) return end()
  if (age < graceMs && Date.now() - (askedAt.get(session.id) ?? 0) < retryMs) return caller
  if (askedAt.size > 10_000) askedAt.clear()
  askedAt.set(session.id, Date.now())
  let answer: Awaited<ReturnType<typeof entra.refresh>>
  try {
    answer = await entra.refresh(refreshToken)
  } catch (error) {
    if (!(error instanceof AppError) || age >= graceMs) throw error
    deps.log.warn({ err: error }, 'the directory does not answer; a session goes on for now')
    return caller
  }
  if (!answer) return end()
  const accountId = await saveDirectoryAccount(deps.db, scope, answer.identity, deps.config.ENTRA_GROUP_ROLES)
  if (accountId === undefined || accountId !== caller.accountId) return end()
  const sealed = await box.seal('refresh-token', answer.refreshToken ?? refreshToken)
  await renewConfirmation(deps.db, scope, session.id, sealed)
  askedAt.delete(session.id)
  const renewed = await findAccountCaller(deps.db, scope, accountId)
  return renewed && { ...renewed, session: { ...session, confirmedAt: new Date(), refreshToken: sealed } }

  async function end(): Promise<undefined> {
    await endSession(deps.db, scope, session?.id ?? '')
    return undefined
  }
}
