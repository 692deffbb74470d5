import type { TaskList } from 'graphile-worker'
import { forgetChanges } from '../data/changes.ts'
import type { Deps } from '../deps.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { purgeBin } from './purge-bin.ts'

/** When what the archive owes is due; UTC. A queue's jobs run one after the other, over all processes. */
export const archiveCrontab = `11 * * * * purge-bin ?queue=purge-bin&jobKey=purge-bin
53 3 * * * forget-changes ?max=3&fill=1d`

/** Background work on what is stored already. */
export function archiveTasks(deps: Deps): TaskList {
  return {
    'purge-bin': async (_payload, { abortSignal }) => {
      const report = await purgeBin(deps, await readArchiveScope(deps.db), abortSignal)
      if (report.purged + report.postponed > 0) deps.log.info(report, 'the bin was purged')
    },
    'forget-changes': async () => {
      const count = await forgetChanges(deps.db, await readArchiveScope(deps.db), deps.config.CHANGES_DAYS)
      deps.log.info({ count }, 'old changes are forgotten')
    },
  }
}
