import rateLimit from '@fastify/rate-limit'
import { AppError } from '../app-error.ts'
import type { Config } from '../config.ts'
import type { App } from '../deps.ts'
import { callerOf } from './access.ts'

/** So many requests a minute for each person, token, or, before signing in, address; counted by each server. */
export async function addLimits(app: App, config: Config): Promise<void> {
  await app.register(rateLimit, {
    max: (request) => (callerOf(request) ? config.RATE_LIMIT_PER_MINUTE : anonymousPerMinute),
    timeWindow: 60_000,
    keyGenerator: (request) => {
      const caller = callerOf(request)
      return caller ? `${caller.kind} ${caller.id}` : `address ${request.clientAddress}`
    },
    // The platform's probes come from few addresses and touch little.
    allowList: (request) => request.routeOptions.config.permission === 'public',
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeaders: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
      'retry-after': true,
    },
    errorResponseBuilder: (_request, { after }) =>
      new AppError('too-many-requests', 429, `Too many requests. Try again in ${after}.`),
  })
}

const anonymousPerMinute = 120
