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
  const start = (): Promise<Runner> =>
    run({
      pgPool: deps.db.pool,
      noHandleSignals: true,
      logger: new WorkerLogger((scope) => (level, message) => log[levels[level] ?? 'info'](scope, message)),
      // Batches of one: only then a failure to tell how a job ended is handled at all, instead of ending the process.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      ...options,
    })
  const stopped = new AbortController()
  let runner = await start()
  const watching = (async () => {
    for (;;) {
      await runner.promise.catch((error: unknown) => log.warn({ err: error }, 'the worker gave up'))
      for (let isStarted = false; !isStarted && !stopped.signal.aborted;) {
        await delay(pauseMs, undefined, { signal: stopped.signal }).catch(() => undefined)
        if (stopped.signal.aborted) break
        isStarted = await start().then(
          (started) => {
            runner = started
            return true
          },
          (error: unknown) => {
            log.warn({ err: error }, 'the worker cannot be started yet')
            return false
          },
        )
      }
      if (stopped.signal.aborted) return
    }
  })()
  return {
    addJob: (...args) => runner.addJob(...args),
    async stop() {
      stopped.abort()
      // Ended by itself at this moment: nothing left to stop.
      await runner.stop().catch(() => undefined)
      await watching
    },
  }
}
