import { AppError } from '../app-error.ts'
import {
  beginPurge,
  buryRemains,
  endPurge,
  listRemains,
  postponePurge,
  type Purge,
  type Remains,
} from '../data/purge.ts'
import type { Deps } from '../deps.ts'
import { inParallel } from '../in-parallel.ts'
import type { ArchiveScope } from '../plugins/access.ts'

const instancesAtOnce = 100
const blobsAtOnce = 4
const retryHours = 24

export interface PurgeReport {
  purged: number
  instances: number
  /** Deletions whose bytes the store would not give up. */
  postponed: number
}

/**
 * Removes for good what has been in the bin long enough, or was ordered out of it: bytes first, then rows with their
 * tombstone, a hundred instances at a time. Stopped anywhere it goes on when it is run again.
 */
export async function purgeBin(deps: Deps, scope: ArchiveScope, signal?: AbortSignal): Promise<PurgeReport> {
  const report: PurgeReport = { purged: 0, instances: 0, postponed: 0 }
  const tried: string[] = []
  for (;;) {
    const purge = await beginPurge(deps.db, scope, tried)
    if (!purge) return report
    tried.push(purge.id)
    try {
      await purgeOne(deps, scope, purge, report, signal)
      report.purged += 1
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'blob-immutable') throw error
      await postponePurge(deps.db, scope, purge.id, error.message, retryHours)
      deps.log.warn({ err: error, deletion: purge.id }, 'the image store does not give up bytes yet')
      report.postponed += 1
    }
  }
}

async function purgeOne(
  deps: Deps,
  scope: ArchiveScope,
  purge: Purge,
  report: PurgeReport,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;) {
    signal?.throwIfAborted()
    const remains = await listRemains(deps.db, scope, purge, instancesAtOnce)
    if (remains.length === 0) break
    await removeBytes(deps, remains)
    const originals = await buryRemains(deps.db, scope, purge, remains)
    // What is not removed now is an orphan, and goes with the sweep.
    await inParallel(originals, blobsAtOnce, (key) => deps.blobs.delete(key))
    report.instances += remains.length
  }
  await endPurge(deps.db, scope, purge)
}

async function removeBytes(deps: Deps, remains: readonly Remains[]): Promise<void> {
  // On a disk that is not mounted everything is gone already.
  await deps.blobs.check()
  const keys = remains.flatMap((one) => one.versions.map(({ blobKey }) => blobKey))
  await inParallel(keys, blobsAtOnce, (key) => deps.blobs.delete(key))
}
