/** Where to go after signing in: a page of this app, whatever the address says. */
export function safeReturnPath(path: string | undefined): string {
  return path !== undefined && /^\/(?![/\\])[^\\]*$/.test(path) && !path.startsWith('/sign-in') ? path : '/'
}

/** The secret of a one-time link: behind the #, so that no server sees it. */
export function linkSecret(): string {
  return globalThis.location.hash.slice(1)
}
