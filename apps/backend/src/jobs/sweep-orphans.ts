import { findReferenced } from '../data/blob-rows.ts'
import type { Deps } from '../deps.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import {
  objectPrefix,
  parseQuarantineKey,
  quarantineKey,
  quarantinePrefix,
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
}

export interface SweepReport {
  seen: number
  quarantined: string[]
  restored: string[]
  removed: string[]
  removedTemporary: number
}

const batchSize = 500
const hourMs = 3_600_000

/**
 * Puts aside what a crash left behind: blobs without a row go to a quarantine and are removed weeks later; nothing is
 * removed at once. A blob whose row has come back (reindex, restored database) returns from the quarantine.
 */
export async function sweepOrphans(deps: Deps, scope: ArchiveScope, options: SweepOptions = {}): Promise<SweepReport> {
  const { now = new Date(), graceHours = 24, quarantineDays = 30, isDryRun = false } = options
  const report: SweepReport = { seen: 0, quarantined: [], restored: [], removed: [], removedTemporary: 0 }
  const oldEnough = now.getTime() - graceHours * hourMs

  for await (const batch of batches(deps.blobs.list(objectPrefix))) {
    report.seen += batch.length
    const old = batch.filter((blob) => blob.modifiedAt.getTime() <= oldEnough).map((blob) => blob.key)
    const referenced = await findReferenced(deps.db, scope, old)
    for (const key of old.filter((each) => !referenced.has(each))) {
      // Asked again at the last moment: a reindex may have given it a row since.
      if ((await findReferenced(deps.db, scope, [key])).size > 0) continue
      if (!isDryRun) await deps.blobs.move(key, quarantineKey(key, now))
      report.quarantined.push(key)
    }
  }

  for await (const batch of batches(deps.blobs.list(quarantinePrefix))) {
    for (const { key } of batch) {
      const parsed = parseQuarantineKey(key)
      if (!parsed) continue
      if ((await findReferenced(deps.db, scope, [parsed.objectKey])).size > 0) {
        if (!isDryRun) await deps.blobs.move(key, parsed.objectKey)
        report.restored.push(parsed.objectKey)
      } else if (now.getTime() - parsed.day.getTime() > quarantineDays * 24 * hourMs) {
        if (!isDryRun) await deps.blobs.delete(key)
        report.removed.push(parsed.objectKey)
      }
    }
  }

  for await (const blob of deps.blobs.list(temporaryPrefix)) {
    if (blob.modifiedAt.getTime() > oldEnough) continue
    if (!isDryRun) await deps.blobs.delete(blob.key)
    report.removedTemporary += 1
  }
  return report
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
