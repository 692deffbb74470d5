import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'

/** Names and flags of our cookies. Without TLS, which only the loopback may do, browsers take no `__Host-`. */
export interface Cookies {
  read(request: FastifyRequest, name: CookieName): string | undefined
  /** @param maxAgeSeconds absent = until the browser ends */
  set(reply: FastifyReply, name: CookieName, value: string, maxAgeSeconds?: number): void
  clear(reply: FastifyReply, name: CookieName): void
}

/** The session, and what must be known again when the identity provider sends the browser back. */
export type CookieName = 'instandt' | 'instandt-entra'

export function isSecure(config: Pick<Config, 'PUBLIC_URL' | 'TLS_CERT_FILE'>): boolean {
  return config.PUBLIC_URL?.startsWith('https:') === true || config.TLS_CERT_FILE !== undefined
}

export function createCookies(config: Config): Cookies {
  const prefix = isSecure(config) ? '__Host-' : ''
  // Lax: a link in a mail may open an inspection; other sites' forms and scripts get no cookie.
  const flags = `; Path=/; HttpOnly; SameSite=Lax${isSecure(config) ? '; Secure' : ''}`
  const write = (reply: FastifyReply, text: string): void => {
    const before = reply.getHeader('set-cookie')
    reply.header('set-cookie', [...(before === undefined ? [] : [before].flat().map(String)), text])
  }
  return {
    read(request, name) {
      const wanted = prefix + name
      const found = (request.headers.cookie ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${wanted}=`))
      // Two of one name: somebody has planted one beside ours.
      return found.length === 1 ? found[0]?.slice(wanted.length + 1) : undefined
    },
    set(reply, name, value, maxAgeSeconds) {
      write(
        reply,
        `${prefix}${name}=${value}${flags}${maxAgeSeconds === undefined ? '' : `; Max-Age=${maxAgeSeconds}`}`,
      )
    },
    clear(reply, name) {
      write(reply, `${prefix}${name}=${flags}; Max-Age=0`)
    },
  }
}
