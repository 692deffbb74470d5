import { AppError } from '../app-error.ts'
import { countRemains, endDoubt, keepWatch, lookIntoBin, putBack } from '../data/hold-bin.ts'
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
import { isGone } from '../storage/is-gone.ts'

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
 * tombstone, a hundred instances at a time. Stopped anywhere it goes on when it is run again; after a long silence nothing
 * becomes due at once.
 */
export async function purgeBin(deps: Deps, scope: ArchiveScope, signal?: AbortSignal): Promise<PurgeReport> {
  const report: PurgeReport = { purged: 0, instances: 0, postponed: 0 }
  const tried: string[] = []
  for (;;) {
    // Each time: the database may be put back while this runs.
    const held = await lookIntoBin(deps.db, scope)
    if (held > 0) deps.log.warn({ held }, 'the bin was not looked into for long: what is due there is held for a week')
    const purge = await beginPurge(deps.db, scope, tried)
    if (!purge) return report
    tried.push(purge.id)
    try {
      if (purge.isDoubtful && !(await isToGoOn(deps, scope, purge, signal))) continue
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

/** Whether a purge of an older database goes on: only when some of its bytes are gone, else it is put back into the bin. */
async function isToGoOn(
  deps: Deps,
  scope: ArchiveScope,
  purge: Purge,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!(await isWhole(deps, scope, purge, signal))) return endDoubt(deps.db, scope, purge)
  await putBack(deps.db, scope, purge)
  deps.log.warn({ deletion: purge.id }, 'a purge that had begun is put back into the bin: all its bytes are there')
  return false
}

async function isWhole(
  deps: Deps,
  scope: ArchiveScope,
  purge: Purge,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if ((await countRemains(deps.db, scope, purge)) < purge.instanceCount) return false
  for (let afterId = 0; ;) {
    signal?.throwIfAborted()
    const remains = await listRemains(deps.db, scope, purge, instancesAtOnce, afterId)
    const last = remains.at(-1)
    if (!last) return true
    afterId = last.id
    let missing = 0
    await inParallel(keysOf(remains), blobsAtOnce, async (key) => {
      if (!(await isStored(deps, key))) missing += 1
    })
    if (missing > 0) return false
    await keepWatch(deps.db, scope)
  }
}

/** @throws AppError 'storage-unavailable' when the store does not answer, which says nothing */
async function isStored(deps: Deps, key: string): Promise<boolean> {
  try {
    for await (const _chunk of await deps.blobs.read(key, { offset: 0, length: 1 })) break
    return true
  } catch (error) {
    if (await isGone(deps.blobs, error)) return false
    throw error
  }
}

const keysOf = (remains: readonly Remains[]): string[] =>
  remains.flatMap((one) => one.versions.map(({ blobKey }) => blobKey))

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
    await keepWatch(deps.db, scope)
  }
  await endPurge(deps.db, scope, purge)
}

async function removeBytes(deps: Deps, remains: readonly Remains[]): Promise<void> {
  // On a disk that is not mounted everything is gone already.
  await deps.blobs.check()
  await inParallel(keysOf(remains), blobsAtOnce, (key) => deps.blobs.delete(key))
}
