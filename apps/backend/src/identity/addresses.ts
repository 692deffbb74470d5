import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'

/** Our own origin: PUBLIC_URL, or on the loopback alone the host that was asked (the request guard has checked it). */
export function ownOrigin(config: Config, request: FastifyRequest): string {
  if (config.PUBLIC_URL !== undefined) return config.PUBLIC_URL
  return `${config.TLS_CERT_FILE === undefined ? 'http' : 'https'}://${request.headers.host ?? 'localhost'}`
}

/** Page for a one-time link. Its secret stands behind the #, which no server and no log sees. */
export function linkAddress(origin: string, page: 'setup' | 'invitation' | 'password-reset', secret: string): string {
  return `${origin}/${page}#${secret}`
}

/** Where to go after signing in: a page of ours, whatever the address says. */
export function safeReturnPath(path: unknown): string {
  if (typeof path !== 'string' || path.length > 2000 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(path)) return '/'
  if (path.includes('\\')) return '/'
  const base = 'http://own.invalid'
  if (!URL.canParse(path, base)) return '/'
  const url = new URL(path, base)
  const found = url.pathname + url.search + url.hash
  // Taking dots out of a path may leave two slashes in front: another host's address.
  return url.origin === base && !found.startsWith('//') ? found : '/'
}
