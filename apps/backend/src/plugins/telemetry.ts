import type { Telemetry } from '@instandt/runtime'
import type { App } from '../deps.ts'

/** Every answered request as one trace, under its route: addresses and queries hold numbers of components. */
export function addTelemetry(app: App, telemetry: Telemetry | undefined): void {
  if (!telemetry) return
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url
    // Probes ask all day long and say nothing.
    if (route?.startsWith('/health/') === true) return
    const { traceparent } = request.headers
    const duration = reply.elapsedTime
    telemetry.record({
      kind: 'request',
      name: `${request.method} ${route ?? 'no such address'}`,
      startedAt: Date.now() - duration,
      duration,
      attributes: {
        'http.request.method': request.method,
        'http.response.status_code': reply.statusCode,
        ...(route === undefined ? {} : { 'http.route': route }),
        'instandt.request_id': request.id,
      },
      hasFailed: reply.statusCode >= 500,
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    })
  })
}
