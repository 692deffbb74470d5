import { type Runner, run } from 'graphile-worker'
import type { Deps } from '../deps.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { sweepOrphans } from './sweep-orphans.ts'

/** Every background task by name; schedules in UTC. */
export async function startJobs(deps: Deps): Promise<Runner> {
  return run({
    pgPool: deps.db.pool,
    concurrency: 2,
    noHandleSignals: true,
    crontab: '17 3 * * * sweep-orphans ?max=3&fill=1d',
    taskList: {
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
}
