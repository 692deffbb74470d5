import type { TaskList } from 'graphile-worker'
import { forgetChanges } from '../data/changes.ts'
import type { Deps } from '../deps.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { correctInspections } from './correct-inspections.ts'
import { proveDue, proveRequested } from './prove-objects.ts'
import { purgeBin } from './purge-bin.ts'

/**
 * When what the archive owes is due; UTC. The often repeated ones also take up what a killed process left: a worker's own
 * hold on a job would last for hours.
 */
export const archiveCrontab = `* * * * * prove-requested ?jobKey=prove-requested
*/10 * * * * prove-objects ?jobKey=prove-objects
* * * * * correct-inspections ?jobKey=correct-inspections
*/10 * * * * purge-bin ?jobKey=purge-bin
53 3 * * * forget-changes ?max=3&fill=1d`

/** Background work on what is stored already. */
export function archiveTasks(deps: Deps): TaskList {
  return {
    'prove-objects': async (_payload, { abortSignal }) => {
      const report = await proveDue(deps, await readArchiveScope(deps.db), { signal: abortSignal })
      if (report) deps.log.debug(report, 'stored bytes were held against their hashes')
    },
    'prove-requested': async (_payload, { abortSignal }) => {
      await proveRequested(deps, await readArchiveScope(deps.db), abortSignal)
    },
    'correct-inspections': async (_payload, { abortSignal }) => {
      const count = await correctInspections(deps, await readArchiveScope(deps.db), abortSignal)
      if (count > 0) deps.log.info({ count }, 'inspections were corrected')
    },
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
