import { AppError } from '../app-error.ts'
import { findReferenced } from '../data/blob-rows.ts'
import { findDiscarded, forgetDiscarded, listDiscarded } from '../data/discarded-blobs.ts'
import { findUploading } from '../data/upload-jobs.ts'
import { withUpkeepLock } from '../data/upkeep-lock.ts'
import type { Deps } from '../deps.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import {
  objectKeyOfStaged,
  objectPrefix,
  parseQuarantineKey,
  quarantineKey,
  quarantinePrefix,
  stagedPrefix,
  temporaryPrefix,
} from '../storage/blob-keys.ts'
import type { BlobInfo } from '../storage/blob-store.ts'

export interface SweepOptions {
  now?: Date
  /** Younger blobs are left alone: their upload may be about to commit. */
  graceHours?: number
  /** Days in quarantine before a blob is removed for good. */
  quarantineDays?: number
  isDryRun?: boolean
  /** Goes on even when so many blobs have no row that the database is likely the wrong one. */
  isForced?: boolean
}

export interface SweepReport {
  seen: number
  quarantined: string[]
  restored: string[]
  removed: string[]
  removedTemporary: number
  /** Stayed where they were: other bytes are at their place, or they cannot be read. */
  failed: { blobKey: string; reason: string }[]
}

/** An upload is over by then, from the first object it writes to the commit of its rows. */
export const defaultGraceHours = 24
const batchSize = 500
const hourMs = 3_600_000
// Crashes leave a handful. More than this, and more than the share, is a database that does not belong to the blobs.
const plausibleOrphans = 100
const plausibleShare = 0.1

/**
 * Puts aside what a crash left behind: blobs without a row go to a quarantine and are removed weeks later; nothing is
 * removed at once. A blob whose row has come back (reindex, restored database) returns from the quarantine.
 * @throws AppError 'too-many-orphans' before anything is touched, unless forced; 'upkeep-busy' while another sweep or a
 * reindex runs
 */
export async function sweepOrphans(deps: Deps, scope: ArchiveScope, options: SweepOptions = {}): Promise<SweepReport> {
  const {
    now = new Date(),
    graceHours = defaultGraceHours,
    quarantineDays = 30,
    isDryRun = false,
    isForced = false,
  } = options
  const isOld = writtenBefore(now, graceHours)
  return withUpkeepLock(deps.db, async () => {
    const report: SweepReport = { seen: 0, quarantined: [], restored: [], removed: [], removedTemporary: 0, failed: [] }
    if (!isDryRun) await removeDiscarded(deps, scope, report)
    const orphans = await findOrphans(deps, scope, isOld, report)
    const isPlausible = orphans.length <= Math.max(plausibleOrphans, report.seen * plausibleShare)
    if (!isPlausible && !isForced && !isDryRun) {
      throw new AppError(
        'too-many-orphans',
        409,
        `${orphans.length} of ${report.seen} objects have no row: is this their database? After restoring an older one run reindex first.`,
      )
    }
    const aside = await findAside(deps, orphans)
    for (const key of orphans) {
      // Copied before its removal was refused or cut off: once the copy's days are over, both go.
      if (aside.has(key)) continue
      // Asked again at the last moment: the list may be hours old.
      if (isDryRun || (await isDone(deps, report, key, () => putAside(deps, scope, key, now))))
        report.quarantined.push(key)
    }
    await tidyQuarantine(deps, scope, new Date(now.getTime() - quarantineDays * 24 * hourMs), isDryRun, report)
    for await (const blob of deps.blobs.list(temporaryPrefix)) {
      if (!isOld(blob)) continue
      if (isDryRun || (await isDone(deps, report, blob.key, () => deps.blobs.delete(blob.key))))
        report.removedTemporary += 1
    }
    for await (const batch of batches(deps.blobs.list(stagedPrefix)))
      report.removedTemporary += await dropStaged(deps, scope, batch.filter(isOld), isDryRun)
    return report
  })
}

/** Whether a blob is older than the grace. */
export function writtenBefore(now: Date, graceHours: number): (blob: BlobInfo) => boolean {
  const oldEnough = now.getTime() - graceHours * hourMs
  return (blob) => blob.modifiedAt.getTime() <= oldEnough
}

/** What is known to be of no use needs no quarantine, from which reindex would take it back. */
async function removeDiscarded(deps: Deps, scope: ArchiveScope, report: SweepReport): Promise<void> {
  for (let afterKey = '', last = false; !last;) {
    const keys = await listDiscarded(deps.db, scope, afterKey, batchSize)
    last = keys.length < batchSize
    afterKey = keys.at(-1) ?? ''
    const referenced = await findReferenced(deps.db, scope, keys)
    for (const key of keys) {
      try {
        if (!referenced.has(key)) {
          await deps.blobs.delete(key)
          report.removed.push(key)
        }
        await forgetDiscarded(deps.db, key)
      } catch (error) {
        // A rule of the store may keep it for a while: then it is tried again with the next sweep.
        deps.log.warn({ err: error, blobKey: key }, 'a discarded file could not be removed')
      }
    }
  }
}

async function findOrphans(
  deps: Deps,
  scope: ArchiveScope,
  isOld: (blob: BlobInfo) => boolean,
  report: SweepReport,
): Promise<string[]> {
  const orphans: string[] = []
  for await (const batch of batches(deps.blobs.list(objectPrefix))) {
    report.seen += batch.length
    const old = batch.filter(isOld).map((blob) => blob.key)
    if (old.length === 0) continue
    const referenced = await findReferenced(deps.db, scope, old)
    const discarded = await findDiscarded(deps.db, scope, old)
    for (const key of old) if (!referenced.has(key) && !discarded.has(key)) orphans.push(key)
  }
  return orphans
}

/** Those of the orphans that are in the quarantine as well. */
async function findAside(deps: Deps, orphans: readonly string[]): Promise<Set<string>> {
  const aside = new Set<string>()
  if (orphans.length === 0) return aside
  const sought = new Set(orphans)
  for await (const { key } of deps.blobs.list(quarantinePrefix)) {
    const objectKey = parseQuarantineKey(key)?.objectKey
    if (objectKey !== undefined && sought.has(objectKey)) aside.add(objectKey)
  }
  return aside
}

/**
 * Whether the work on one object was done. A fault of that object holds up nothing else: it is tried again with the next
 * sweep.
 * @throws AppError 'storage-unavailable' when the store itself does not answer
 */
async function isDone(
  deps: Deps,
  report: SweepReport,
  blobKey: string,
  work: () => Promise<boolean | void>,
): Promise<boolean> {
  try {
    return (await work()) !== false
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    await deps.blobs.check()
    // Removed meanwhile by whoever stored it.
    if (error.code === 'blob-missing') return false
    // A rule of the store's own is no fault.
    if (error.code !== 'blob-immutable') report.failed.push({ blobKey, reason: error.message })
    deps.log.warn({ err: error, blobKey }, 'left where it is by the sweep')
    return false
  }
}

/** False when the blob has a row after all; one that came while it was moved brings it back. */
async function putAside(deps: Deps, scope: ArchiveScope, key: string, now: Date): Promise<boolean> {
  const hasRow = async (): Promise<boolean> => (await findReferenced(deps.db, scope, [key])).size > 0
  if (await hasRow()) return false
  const aside = quarantineKey(key, now)
  await deps.blobs.move(key, aside)
  if (!(await hasRow())) return true
  await deps.blobs.move(aside, key)
  return false
}

async function tidyQuarantine(
  deps: Deps,
  scope: ArchiveScope,
  removeBefore: Date,
  isDryRun: boolean,
  report: SweepReport,
): Promise<void> {
  for await (const batch of batches(deps.blobs.list(quarantinePrefix))) {
    const places = batch.flatMap(({ key }) => {
      const parsed = parseQuarantineKey(key)
      return parsed === undefined ? [] : [{ key, ...parsed }]
    })
    const objectKeys = places.map(({ objectKey }) => objectKey)
    const referenced = await findReferenced(deps.db, scope, objectKeys)
    for (const { key, objectKey, day } of places) {
      if (referenced.has(objectKey)) {
        if (isDryRun || (await isDone(deps, report, key, () => deps.blobs.move(key, objectKey))))
          report.restored.push(objectKey)
      } else if (day < removeBefore) {
        if (isDryRun || (await isDone(deps, report, key, () => deps.blobs.delete(key)))) report.removed.push(objectKey)
      }
    }
  }
}

/** Parts whose upload the database does not know: it was restored from an older state. */
async function dropStaged(
  deps: Deps,
  scope: ArchiveScope,
  batch: readonly BlobInfo[],
  isDryRun: boolean,
): Promise<number> {
  const old = batch.map((blob) => objectKeyOfStaged(blob.key))
  const uploading = await findUploading(deps.db, scope, old)
  const lost = old.filter((key) => !uploading.has(key))
  if (!isDryRun) for (const key of lost) await deps.blobs.dropParts(key)
  return lost.length
}

export async function* batches(blobs: AsyncIterable<BlobInfo>): AsyncGenerator<BlobInfo[]> {
  let batch: BlobInfo[] = []
  for await (const blob of blobs) {
    batch.push(blob)
    if (batch.length === batchSize) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
