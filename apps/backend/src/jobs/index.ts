import { Logger as WorkerLogger, type Runner, run } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { archiveCrontab, archiveTasks } from './archive-tasks.ts'
import { forgetExpired } from './forget-expired.ts'
import { sweepOrphans } from './sweep-orphans.ts'

const levels: Record<string, 'error' | 'warn' | 'info' | 'debug'> = {
  error: 'error',
  warning: 'warn',
  // The worker tells of every job and every schedule it read.
  info: 'debug',
  debug: 'debug',
}

/** Every background task by name; schedules in UTC. Any number of processes may run them: a task runs once. */
export async function startJobs(deps: Deps): Promise<Runner> {
  const log = deps.log.child({ part: 'jobs' })
  const runner = await run({
    pgPool: deps.db.pool,
    concurrency: 2,
    noHandleSignals: true,
    logger: new WorkerLogger((scope) => (level, message) => log[levels[level] ?? 'info'](scope, message)),
    crontab: `17 3 * * * sweep-orphans ?max=3&fill=1d
47 3 * * * forget-expired ?max=3&fill=1d
${archiveCrontab}`,
    taskList: {
      ...archiveTasks(deps),
      'forget-expired': async () => {
        const count = await forgetExpired(deps, await readArchiveScope(deps.db))
        deps.log.info({ count }, 'expired sessions and links are removed')
      },
      'sweep-orphans': async () => {
        const report = await sweepOrphans(deps, await readArchiveScope(deps.db))
        deps.log.info(
          {
            seen: report.seen,
            quarantined: report.quarantined.length,
            restored: report.restored.length,
            removed: report.removed.length,
          },
          'orphan sweep done',
        )
      },
    },
  })
  runner.events.on('job:complete', ({ job, error }) => {
    deps.telemetry?.record({
      kind: 'job',
      name: job.task_identifier,
      startedAt: job.locked_at?.getTime() ?? Date.now(),
      duration: Date.now() - (job.locked_at?.getTime() ?? Date.now()),
      attributes: { 'instandt.attempt': job.attempts },
      hasFailed: error !== undefined && error !== null,
    })
  })
  return runner
}
