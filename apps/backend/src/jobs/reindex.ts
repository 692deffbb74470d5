import { AppError } from '../app-error.ts'
import { findReferenced } from '../data/blob-rows.ts'
import { correctionOf, earlierHashes } from '../correction/hash-chain.ts'
import { holdBin } from '../data/hold-bin.ts'
import { createInstanceWriter, type InstanceWriter } from '../data/group-commit.ts'
import { type InsertResult, isKept } from '../data/new-instance.ts'
import { allPlaces, listCopies, listObjects } from '../data/proofs.ts'
import { joinVersions, mayAdopt } from '../data/version-rows.ts'
import { withUpkeepLock } from '../data/upkeep-lock.ts'
import type { Deps } from '../deps.ts'
import { buildRows } from '../dicomweb/stow/build-rows.ts'
import { observe, type ReceivedFile, Refusal } from '../dicomweb/stow/store-instance.ts'
import { inParallel } from '../in-parallel.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import { objectPrefix, parseQuarantineKey, quarantinePrefix } from '../storage/blob-keys.ts'
import { isUnreadable } from './is-unreadable.ts'
import { proveAndNote } from './prove-objects.ts'
import { batches, defaultGraceHours, writtenBefore } from './sweep-orphans.ts'

export interface ReindexOptions {
  now?: Date
  /** Younger blobs are left alone, as by the sweep: whoever is storing one knows its project. 0 while nothing stores. */
  graceHours?: number
  /** Also takes blobs out of the quarantine when they give a row. */
  hasQuarantine?: boolean
  /** Also reads every known object again and compares its SHA-256. */
  isVerifying?: boolean
  isDryRun?: boolean
  onProgress?: (report: ReindexReport) => void
}

export interface ReindexReport {
  /** Objects that had a row already. */
  known: number
  /** Objects that got their row back. */
  indexed: number
  /** Objects that got their place before or after a correction of another one. */
  versions: number
  /** Took the place of a stored object whose own bytes had been found damaged. */
  replaced: number
  /** Second copies of stored instances; left for the sweep. */
  copies: number
  /** Objects that were deleted before they were read: second copies of uploads under way. */
  vanished: number
  /** Deletions in the bin that were given a week more. */
  held: number
  /** Objects without a row that may be about to get theirs: left alone. */
  young: number
  failed: { blobKey: string; reason: string }[]
  verified: number
}

const concurrency = 4

/** Rebuilds rows from the stored objects alone; what has a row is skipped, so it can be stopped and run again at any time. */
export async function reindex(deps: Deps, scope: ArchiveScope, options: ReindexOptions = {}): Promise<ReindexReport> {
  return withUpkeepLock(deps.db, () => indexAll(deps, scope, options))
}

async function indexAll(deps: Deps, scope: ArchiveScope, options: ReindexOptions): Promise<ReindexReport> {
  const report: ReindexReport = {
    known: 0,
    indexed: 0,
    versions: 0,
    replaced: 0,
    copies: 0,
    vanished: 0,
    held: 0,
    young: 0,
    failed: [],
    verified: 0,
  }
  if (options.isDryRun !== true) report.held = await holdBin(deps.db, scope)
  const { now = new Date(), graceHours = defaultGraceHours } = options
  const isOld = writtenBefore(now, graceHours)
  const writer = createInstanceWriter(deps.db)
  const prefixes = options.hasQuarantine === true ? [objectPrefix, quarantinePrefix] : [objectPrefix]
  for (const prefix of prefixes) {
    for await (const batch of batches(deps.blobs.list(prefix))) {
      const places = batch.flatMap((blob) => {
        const { key } = blob
        if (prefix === objectPrefix) return [{ key, objectKey: key, isYoung: !isOld(blob) }]
        // What the sweep put aside was old enough for it.
        const objectKey = parseQuarantineKey(key)?.objectKey
        return objectKey === undefined ? [] : [{ key, objectKey, isYoung: false }]
      })
      const referenced = await findReferenced(
        deps.db,
        scope,
        places.map(({ objectKey }) => objectKey),
      )
      report.known += referenced.size
      const rowless = places.filter(({ objectKey }) => !referenced.has(objectKey))
      const missing = rowless.filter(({ isYoung }) => !isYoung)
      report.young += rowless.length - missing.length
      if (options.isDryRun === true) report.indexed += missing.length
      else
        await inParallel(missing, concurrency, ({ key, objectKey }) =>
          indexObject(deps, scope, writer, key, objectKey, report),
        )
      options.onProgress?.(report)
    }
  }
  if (options.isVerifying === true) await verifyObjects(deps, scope, report, options)
  return report
}

const unreadable = 'its bytes cannot be read'

async function indexObject(
  deps: Deps,
  scope: ArchiveScope,
  writer: InstanceWriter,
  key: string,
  objectKey: string,
  report: ReindexReport,
): Promise<void> {
  const received: { file?: ReceivedFile } = {}
  try {
    for await (const _chunk of observe(Number.POSITIVE_INFINITY, await deps.blobs.read(key), undefined, received));
  } catch (error) {
    if (error instanceof Refusal) report.failed.push({ blobKey: key, reason: error.message })
    else if (error instanceof AppError && error.code === 'blob-missing') report.vanished += 1
    else if (await isUnreadable(deps, key, error)) report.failed.push({ blobKey: key, reason: unreadable })
    else throw error
    return
  }
  const file = received.file as ReceivedFile
  const correction = correctionOf(file.read.dataset)
  if (!(await mayAdopt(deps.db, scope, objectKey, correction))) {
    const reason = 'it was made by a correction that is not done, and is not what was decided'
    report.failed.push({ blobKey: key, reason })
    return
  }
  // Back at its place first: a row must never point to a key that is not there.
  if (key !== objectKey && !(await isMoved(deps, key, objectKey, report))) return
  const row = buildRows(file.read, file.uids, { blobKey: objectKey, byteSize: file.byteSize, sha256: file.sha256 })
  let inserted = await writer.insert(scope, row)
  // The stored one may be damaged or gone, which a database put back does not know: then this one is the only one.
  if (inserted.outcome === 'already-stored' && !(await areWhole(deps, scope, file)))
    inserted = await writer.insert(scope, row)
  // Of a corrected instance there are several files: which one is the newest they say themselves.
  const origin = { earlier: earlierHashes(file.read.dataset), correction }
  const isVersion = await joinVersions(deps.db, scope, row, origin, inserted)
  const result: InsertResult = isVersion ? { outcome: 'stored' } : inserted
  if (key !== objectKey && !isKept(result)) await isMoved(deps, objectKey, key, report)
  if (isVersion) report.versions += 1
  else if (result.outcome === 'stored') report.indexed += 1
  else if (result.outcome === 'replaced') report.replaced += 1
  else if (result.outcome === 'already-stored') report.copies += 1
  else
    report.failed.push({
      blobKey: key,
      reason: result.outcome === 'conflict' ? result.reason : String(result.error),
    })
}

/** Other bytes at its place, or a rule of the store's own, are this object's matter and hold up no other. */
async function isMoved({ blobs }: Deps, from: string, to: string, report: ReindexReport): Promise<boolean> {
  try {
    await blobs.move(from, to)
    return true
  } catch (error) {
    const isOwn = error instanceof AppError && ['blob-exists', 'blob-immutable'].includes(error.code)
    if (!isOwn && !(await isUnreadable({ blobs }, from, error))) throw error
    report.failed.push({ blobKey: from, reason: isOwn ? error.message : unreadable })
    return false
  }
}

async function areWhole(deps: Deps, scope: ArchiveScope, { uids, sha256 }: ReceivedFile): Promise<boolean> {
  let areAll = true
  for (const object of await listCopies(deps.db, scope, uids.instance, sha256))
    if (!(await proveAndNote(deps, scope, object))) areAll = false
  return areAll
}

/** Reads everything that a row speaks of, as the fixity job does in its own time. */
async function verifyObjects(
  deps: Deps,
  scope: ArchiveScope,
  report: ReindexReport,
  options: ReindexOptions,
): Promise<void> {
  for (const place of allPlaces) {
    for (let afterKey = '', last = true; last;) {
      const objects = await listObjects(deps.db, scope, place, afterKey, 500)
      afterKey = objects.at(-1)?.blobKey ?? ''
      last = objects.length > 0
      await inParallel(objects, concurrency, async (object) => {
        const { blobKey } = object
        try {
          if (await proveAndNote(deps, scope, object)) report.verified += 1
          else
            report.failed.push({
              blobKey,
              reason: 'the bytes are missing, cannot be read or differ from their SHA-256',
            })
        } catch (error) {
          report.failed.push({ blobKey, reason: error instanceof Error ? error.message : String(error) })
        }
      })
      options.onProgress?.(report)
    }
  }
}
