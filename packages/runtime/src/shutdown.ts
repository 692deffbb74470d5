import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'

/** One thing to end, e.g. "stop taking requests"; awaited before the next. */
export interface ShutdownStep {
  name: string
  run: () => Promise<void> | void
}

export interface ShutdownOptions {
  /** Bound for all steps together, in milliseconds; then the process ends with code 1. */
  timeoutMs?: number
  /** Time before the first step, for whoever sends requests to learn that we are going. */
  delayMs?: number
}

/**
 * Ends the process in order on SIGINT or SIGTERM: each step once, a failing step is logged and the rest still run.
 * Exit code 0, or 1 when a step failed or the time ran out. A second signal ends the process at once.
 * @returns ends the process the same way without a signal
 */
export function onShutdown(
  log: Logger,
  steps: readonly ShutdownStep[],
  options: ShutdownOptions = {},
): (reason: string) => Promise<never> {
  // Container Apps kills after 30 s unless told otherwise.
  const timeoutMs = options.timeoutMs ?? 25_000
  let running: Promise<never> | undefined

  const runSteps = async (reason: string): Promise<never> => {
    log.info({ reason }, 'shutting down')
    let current = ''
    const timer = setTimeout(() => {
      log.error({ step: current, timeoutMs }, 'shutdown took too long')
      process.exit(1)
    }, timeoutMs)
    timer.unref()
    let exitCode = 0
    if (options.delayMs !== undefined && options.delayMs > 0) await sleep(options.delayMs)
    for (const step of steps) {
      current = step.name
      try {
        await step.run()
      } catch (err) {
        exitCode = 1
        log.error({ err, step: step.name }, 'shutdown step failed')
      }
    }
    log.info('stopped')
    return process.exit(exitCode)
  }
  const shutDown = (reason: string) => (running ??= runSteps(reason))

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(signal, () => {
      if (running !== undefined) {
        log.warn({ signal }, 'second signal, ending at once')
        process.exit(code)
      }
      void shutDown(signal)
    })
  }
  return shutDown
}

/**
 * Closes an HTTP server after what runs has been answered. Node closes the connections that are idle when closing begins; one
 * whose request still ran would stay open after its answer, for as long as a proxy in front keeps it.
 */
export async function closeServer(server: Server, close: () => Promise<void>): Promise<void> {
  const timer = setInterval(() => server.closeIdleConnections(), 100)
  try {
    await close()
  } finally {
    clearInterval(timer)
  }
}
