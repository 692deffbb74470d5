declare const scopeBrand: unique symbol

/** Says whose data a query may touch. Only this file makes one, so a query without it does not compile. */
export interface Scope {
  readonly [scopeBrand]: true
  readonly userId: string
  /** Projects the caller may see (database ids; bigint travels as text). */
  readonly projectIds: readonly string[]
  /** Where an upload without a project goes. */
  readonly defaultProjectId: string
}

/** Until sign-in exists there is one built-in local user, and the server listens on loopback only. */
export function localScope(defaultProjectId: string): Scope {
  return { userId: 'local', projectIds: [defaultProjectId], defaultProjectId } as unknown as Scope
}
