import type { Db } from '@instandt/db'
import type { Caller } from '../data/callers.ts'

/** For so long another server's change of rights may go unnoticed; our own counts at once. */
export const rememberCallerMs = 2000
const maxRemembered = 10_000

type Remembered = { caller: Promise<Caller | undefined>; until: number }
const memories = new WeakMap<Db, Map<string, Remembered>>()

/** Asks once for many requests of the same caller: a viewer sends hundreds a second. */
export function rememberCaller(
  db: Db,
  key: string,
  find: () => Promise<Caller | undefined>,
): Promise<Caller | undefined> {
  let memory = memories.get(db)
  if (!memory) {
    memory = new Map()
    memories.set(db, memory)
  }
  const known = memory.get(key)
  if (known && known.until > Date.now()) return known.caller
  const caller = find()
  // A failed look-up is nobody's answer.
  caller.catch(() => memory.delete(key))
  memory.delete(key)
  memory.set(key, { caller, until: Date.now() + rememberCallerMs })
  for (const oldest of memory.keys()) {
    if (memory.size <= maxRemembered) break
    memory.delete(oldest)
  }
  return caller
}

/** After every change of accounts, sessions, tokens, memberships. */
export function forgetCallers(db: Db): void {
  memories.get(db)?.clear()
}
