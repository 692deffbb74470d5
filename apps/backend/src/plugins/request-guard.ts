import { AppError } from '../app-error.ts'
import type { Config } from '../config.ts'
import type { App } from '../deps.ts'

const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]'])
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Nobody signs in yet, so a web page elsewhere must not be able to speak through the user's browser: foreign host names
 * (DNS rebinding) and state-changing requests from other origins are refused.
 */
export function addRequestGuard(app: App, config: Config): void {
  const publicHost = config.PUBLIC_URL === undefined ? undefined : new URL(config.PUBLIC_URL).host
  const isOurs = (host: string): boolean => host === publicHost || loopbackNames.has(host.replace(/:\d+$/, ''))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    if (!isOurs(request.host.toLowerCase())) {
      throw new AppError('foreign-host', 421, 'This server does not answer under that host name.')
    }
    if (safeMethods.has(request.method)) return
    const { origin } = request.headers
    const site = request.headers['sec-fetch-site']
    const isForeignOrigin = origin !== undefined && (!URL.canParse(origin) || !isOurs(new URL(origin).host))
    if (isForeignOrigin || site === 'cross-site') {
      throw new AppError('foreign-origin', 403, 'Requests from pages of other origins are refused.')
    }
  })
}
