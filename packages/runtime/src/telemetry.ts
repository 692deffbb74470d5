import type * as Api from '@opentelemetry/api'
import type { Logger } from 'pino'

/** Something that was done and is over: a request answered, a job run. */
export interface Operation {
  kind: 'request' | 'job'
  /** Of the route or task, never of one address: those hold UIDs and search words. */
  name: string
  /** Milliseconds since 1970. */
  startedAt: number
  /** Milliseconds. */
  duration: number
  attributes: Record<string, string | number>
  /** Its fault is ours; such operations are always sent. */
  hasFailed: boolean
  /** W3C Trace Context of the caller. */
  traceparent?: string | undefined
}

export interface Telemetry {
  /** Never throws and never waits. */
  record(operation: Operation): void
  /** Sends what is left, within five seconds. */
  stop(): Promise<void>
}

export interface TelemetryOptions {
  /** The process, e.g. `backend`. */
  name: string
  version: string | undefined
  /** OTLP over gRPC, e.g. the agent of a Container Apps environment. */
  endpoint: string
  /** Of the operations that did not fail, which part is sent: 0 to 1. */
  share: number
}

const stopTimeout = 5000

/**
 * Sends operations as OpenTelemetry spans. An operation becomes a span only when it is over, so that every failure can be
 * sent whatever the share of the rest. The packages are loaded only here, where an endpoint is set.
 */
export async function startTelemetry(options: TelemetryOptions, log: Logger): Promise<Telemetry> {
  const api = await import('@opentelemetry/api')
  const { BatchSpanProcessor, TracerProvider } = await import('@opentelemetry/sdk-trace')
  const { resourceFromAttributes } = await import('@opentelemetry/resources')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc')
  const quiet = { warnedAt: 0 }
  const warn = (message: string): void => {
    // An agent that is away must not fill the log as well.
    if (Date.now() - quiet.warnedAt < 600_000) return
    quiet.warnedAt = Date.now()
    log.warn({ message }, 'telemetry could not be sent')
  }
  const ignore = (): undefined => undefined
  api.diag.setLogger(
    { error: warn, warn: ignore, info: ignore, debug: ignore, verbose: ignore },
    api.DiagLogLevel.ERROR,
  )
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.namespace': 'instandt',
      'service.name': options.name,
      ...(options.version === undefined ? {} : { 'service.version': options.version }),
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: options.endpoint }) })],
  })
  const tracer = provider.getTracer('instandt')
  return {
    record({ kind, name, startedAt, duration, attributes, hasFailed, traceparent }) {
      if (!hasFailed && Math.random() >= options.share) return
      const span = tracer.startSpan(
        name,
        { kind: kind === 'request' ? api.SpanKind.SERVER : api.SpanKind.CONSUMER, startTime: startedAt, attributes },
        parentOf(api, traceparent),
      )
      if (hasFailed) span.setStatus({ code: api.SpanStatusCode.ERROR })
      span.end(startedAt + duration)
    },
    async stop() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, stopTimeout).unref())
      await Promise.race([provider.shutdown().catch((error: unknown) => warn(String(error))), late])
    },
  }
}

function parentOf(api: typeof Api, traceparent: string | undefined): Api.Context {
  const [, traceId, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(traceparent ?? '') ?? []
  if (traceId === undefined || spanId === undefined) return api.ROOT_CONTEXT
  const parent = { traceId, spanId, traceFlags: api.TraceFlags.SAMPLED, isRemote: true }
  return api.trace.setSpanContext(api.ROOT_CONTEXT, parent)
}
