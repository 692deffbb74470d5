import { timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../app-error.ts'
import type { Config } from '../config.ts'
import type { App } from '../deps.ts'
import { isSecure } from '../identity/cookies.ts'
import { hashSecret } from '../identity/tokens.ts'

const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]'])
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
const frontDoorHeader = 'x-azure-fdid'
const frontDoorSawHeader = 'x-azure-socketip'

declare module 'fastify' {
  interface FastifyRequest {
    /** Network address of who asks, past the proxies that are ours. */
    readonly clientAddress: string
  }
}

/**
 * What is refused before anybody looks at it: foreign host names (DNS rebinding), ways around the Front Door, and
 * state-changing requests from pages of other origins.
 */
export function addRequestGuard(app: App, config: Config): void {
  const publicUrl = config.PUBLIC_URL === undefined ? undefined : new URL(config.PUBLIC_URL)
  const isOurs = (host: string): boolean => host === publicUrl?.host || loopbackNames.has(host.replace(/:\d+$/, ''))
  const scheme = config.TLS_CERT_FILE === undefined ? 'http' : 'https'

  app.decorateRequest('clientAddress', {
    getter() {
      // Only what came through our Front Door gets in, and it writes this header itself; proxies behind it are its own.
      const seen = config.FRONT_DOOR_ID === undefined ? undefined : this.headers[frontDoorSawHeader]
      return typeof seen === 'string' && isIP(seen) !== 0 ? seen : this.ip
    },
  })
  app.addHook('onRequest', async (request, reply) => {
    addHeaders(config, reply, request)
    checkFrontDoor(config, request)
    // Never X-Forwarded-Host: addresses are made from PUBLIC_URL, and only the loopback's own from this header.
    const host = (request.headers.host ?? '').toLowerCase()
    // Behind the Front Door the host is the platform's inner name and stands for nothing.
    if (config.FRONT_DOOR_ID === undefined && !isProbe(request) && !isOurs(host))
      throw new AppError('foreign-host', 421, 'This server does not answer under that host name.')
    if (answerPreflight(config, request, reply)) return reply
    if (safeMethods.has(request.method)) return
    const { origin } = request.headers
    const own = publicUrl?.origin ?? `${scheme}://${host}`
    const isForeign = origin !== undefined && origin !== own && !isTrustedOrigin(config, request)
    const site = request.headers['sec-fetch-site']
    const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none' && origin !== own
    if (isForeign || (isForeignSite && !isTrustedOrigin(config, request)))
      throw new AppError('foreign-origin', 403, 'Requests from pages of other origins are refused.')
  })
}

/** Another app's page may ask with a token of its own, never with our cookie. */
function isTrustedOrigin(config: Config, request: FastifyRequest): boolean {
  const { origin, authorization } = request.headers
  return origin !== undefined && config.CORS_ORIGINS.includes(origin) && authorization !== undefined
}

const isProbe = (request: FastifyRequest): boolean => request.url.startsWith('/health/')

function addHeaders(config: Config, reply: FastifyReply, request: FastifyRequest): void {
  reply.header('x-request-id', request.id)
  reply.header('x-content-type-options', 'nosniff')
  reply.header('x-frame-options', 'DENY')
  reply.header('referrer-policy', 'no-referrer')
  reply.header('cross-origin-resource-policy', 'same-origin')
  // For answers that are no pages; pages bring a policy of their own.
  reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
  if (isSecure(config)) reply.header('strict-transport-security', 'max-age=63072000; includeSubDomains')
}

/** Only what came through our Front Door, where there is one; the platform's own probes come without. */
function checkFrontDoor(config: Config, request: FastifyRequest): void {
  const wanted = config.FRONT_DOOR_ID
  if (wanted === undefined) return
  const given = request.headers[frontDoorHeader]
  if (request.url === '/health/live') return
  // Which part of us is not ready concerns nobody outside.
  if (isProbe(request)) {
    if (given === undefined) return
    throw new AppError('no-such-route', 404, 'There is nothing at this address.')
  }
  if (typeof given === 'string' && isSame(given.toLowerCase(), wanted.toLowerCase())) return
  throw new AppError('not-through-front-door', 403, 'This server is reached through its Front Door only.')
}

const isSame = (a: string, b: string): boolean => timingSafeEqual(hashSecret(a), hashSecret(b))

/** CORS for the configured origins alone, without credentials: their pages bring a token. */
function answerPreflight(config: Config, request: FastifyRequest, reply: FastifyReply): boolean {
  const { origin } = request.headers
  if (origin === undefined || !config.CORS_ORIGINS.includes(origin)) return false
  reply.header('access-control-allow-origin', origin)
  reply.header('vary', 'origin')
  reply.header('cross-origin-resource-policy', 'cross-origin')
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) {
    reply.header(
      'access-control-expose-headers',
      'x-request-id, x-total-count, warning, content-location, location, retry-after',
    )
    return false
  }
  reply.header('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE')
  reply.header(
    'access-control-allow-headers',
    'authorization, content-type, content-digest, repr-digest, accept, range, if-none-match, if-range',
  )
  reply.header('access-control-max-age', '600')
  void reply.code(204).send()
  return true
}
