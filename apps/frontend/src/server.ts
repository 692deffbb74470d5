import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'

export interface FrontendOptions {
  /** Folder of the built web app. */
  root: string
}

/** The addresses of router.tsx: they answer 200. Other addresses show the app's "no such page" with a 404. */
export const pageAddress =
  /^\/(?:upload|convert|inspections\/[^/]+(?:\/view\/[^/]+)?|sign-in|setup|invitation|password-reset|profile|administration(?:\/(?:users|projects(?:\/[^/]+)?|tokens|search-attributes|roles|bin|fixity|renditions|audit))?)?\/?$/
const notPages = /^\/(?:api|dicom-web|assets|health)(?:\/|$)/

const nonceMark = '__CSP_NONCE__'

/** Images come as data and blob addresses from the viewer, codecs as WebAssembly, workers also from blobs. */
const policy = (nonce?: string): string =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    `style-src 'self'${nonce ? ` 'nonce-${nonce}'` : ''}`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

function secure(reply: FastifyReply, nonce?: string): void {
  reply.headers({
    'content-security-policy': policy(nonce),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // Counts over TLS alone: browsers pass over it without (RFC 6797 8.1).
    'strict-transport-security': 'max-age=63072000; includeSubDomains',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
  })
}

/** Serves the built web app: files with a hash in their name for ever, the page itself never from a cache. */
export async function frontendRoutes(app: FastifyInstance, { root }: FrontendOptions): Promise<void> {
  const page = await readFile(path.join(root, 'index.html'), 'utf8')
  const [beforeNonce, afterNonce] = page.split(nonceMark)
  if (beforeNonce === undefined || afterNonce === undefined) {
    throw new Error(`${root}/index.html has no ${nonceMark}: it was not built from this web app's index.html`)
  }

  await app.register(fastifyStatic, {
    root,
    // Every file a route of its own: an address that is no file falls through to the pages.
    wildcard: false,
    globIgnore: ['index.html', '**/*.br', '**/*.gz', '**/.*'],
    index: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, file) => {
      // Workers take their policy from their own script's answer.
      secure(reply)
      const isHashed = path.relative(root, file).startsWith(`assets${path.sep}`)
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })

  app.get('/*', async (request, reply) => {
    const address = request.url.split('?', 1)[0] ?? '/'
    const isPage = pageAddress.test(address)
    const wantsPage = request.headers.accept?.includes('text/html') === true
    if (notPages.test(address) || (!isPage && !wantsPage)) return reply.callNotFound()
    // Fresh for every answer, so it must not be kept: a stored page would meet another answer's policy.
    const nonce = randomBytes(16).toString('base64')
    secure(reply, nonce)
    return reply
      .code(isPage ? 200 : 404)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(`${beforeNonce}${nonce}${afterNonce}`)
  })
}
