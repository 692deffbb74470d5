import { Logger as WorkerLogger, type Runner, type RunnerOptions, run } from 'graphile-worker'
import { setTimeout as delay } from 'node:timers/promises'
import type { Deps } from '../deps.ts'

const levels: Record<string, 'error' | 'warn' | 'info' | 'debug'> = {
  error: 'error',
  warning: 'warn',
  // The worker tells of every job and every schedule it read.
  info: 'debug',
  debug: 'debug',
}

export interface RunningTasks {
  addJob: Runner['addJob']
  stop(): Promise<void>
}

const pauseMs = 5_000

/**
 * Runs tasks of the queue until stopped. The worker gives up when the database goes away at the moment in which it tells
 * how a job ended: then it is started again.
 */
export async function runTasks(deps: Deps, options: RunnerOptions): Promise<RunningTasks> {
  const log = deps.log.child({ part: 'jobs' })
  const start = async (): Promise<Runner> => {
    const runner = await run({
      pgPool: deps.db.pool,
      noHandleSignals: true,
      logger: new WorkerLogger((scope) => (level, message) => log[levels[level] ?? 'info'](scope, message)),
      // Batches of one: only then a failure to tell how a job ended is handled at all, instead of ending the process.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      ...options,
    })
    runner.events.on('job:complete', ({ job, error }) => {
      const startedAt = job.locked_at?.getTime() ?? Date.now()
      deps.telemetry?.record({
        kind: 'job',
        name: job.task_identifier,
        startedAt,
        duration: Date.now() - startedAt,
        attributes: { 'instandt.attempt': job.attempts },
        hasFailed: error !== undefined && error !== null,
      })
    })
    return runner
  }
  const stopped = new AbortController()
  let runner = await start()
  const keepRunning = async (): Promise<void> => {
    for (;;) {
      await runner.promise.catch((error: unknown) => log.warn({ err: error }, 'the worker gave up'))
      // Thrown out of here by the stop, and by nothing else.
      await delay(pauseMs, undefined, { signal: stopped.signal })
      const started = await start().catch((error: unknown) => {
        log.warn({ err: error }, 'the worker cannot be started yet')
      })
      if (!started) continue
      runner = started
      if (stopped.signal.aborted) await runner.stop()
    }
  }
  const kept = keepRunning().catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error
  })
  return {
    addJob: (...args) => runner.addJob(...args),
    async stop() {
      stopped.abort()
      // One that has stopped by itself at this moment says so.
      await runner.stop().catch(() => undefined)
      await kept
    },
  }
}
