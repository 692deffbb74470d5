import { addMissingJobs } from '../data/rendition-jobs.ts'
import { findReferencedRenditions } from '../data/renditions.ts'
import type { Deps } from '../deps.ts'
import { batches } from '../jobs/sweep-orphans.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import { renditionPrefix } from '../storage/blob-keys.ts'

export interface RenditionSweep {
  seen: number
  removed: number
  /** Instances that nothing had been asked to be made of. */
  added: number
}

const hourMs = 3_600_000

/**
 * Removes what was made and nobody refers to: of deleted instances, of crashes, of what was made anew. Nothing is put aside
 * first: all of it can be made again. Instances that older programs stored get their turn.
 * @param graceHours younger objects are left alone: their row may be about to come, or somebody still reads them
 */
export async function sweepRenditions(
  deps: Deps,
  scope: ArchiveScope,
  { now = new Date(), graceHours = 24 }: { now?: Date; graceHours?: number } = {},
): Promise<RenditionSweep> {
  const oldEnough = now.getTime() - graceHours * hourMs
  const report: RenditionSweep = { seen: 0, removed: 0, added: await addMissingJobs(deps.db, scope) }
  for await (const batch of batches(deps.blobs.list(renditionPrefix))) {
    report.seen += batch.length
    const old = batch.filter(({ modifiedAt }) => modifiedAt.getTime() <= oldEnough).map(({ key }) => key)
    if (old.length === 0) continue
    const referenced = await findReferencedRenditions(deps.db, scope, old)
    for (const key of old) {
      if (referenced.has(key)) continue
      await deps.blobs.delete(key)
      report.removed += 1
    }
  }
  return report
}
