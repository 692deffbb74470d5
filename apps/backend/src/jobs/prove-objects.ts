import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { claimRequest, endRequest, keepRequest, listOfRequest } from '../data/proof-requests.ts'
import {
  type ArchiveSize,
  dayMs,
  type FoundFault,
  listDue,
  measureArchive,
  noteFault,
  noteProven,
  oldestDue,
  type ProvableObject,
  provenLastDay,
} from '../data/proofs.ts'
import { withLock } from '../data/upkeep-lock.ts'
import type { Deps } from '../deps.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import { isGone } from '../storage/is-gone.ts'
import { isUnreadable } from './is-unreadable.ts'

/** What runs over the day's share, so that a stopped worker or a grown archive is caught up with. */
const margin = 1.1
/** Times the share once something is older than the period. */
const hurry = 4
const turnsPerDay = 144
const turnMs = 8 * 60_000
const listed = 50
const proofLock = 4_410_032
const keepEveryMs = 15_000

/**
 * Reads one object to its end and holds it against its hash and length; undefined when it is the same.
 * @throws AppError 'storage-unavailable' when the store does not answer, which proves nothing
 */
export async function proveObject(
  deps: Pick<Deps, 'blobs'>,
  object: Pick<ProvableObject, 'blobKey' | 'byteSize' | 'sha256'>,
  signal?: AbortSignal,
): Promise<FoundFault | undefined> {
  const hash = createHash('sha256')
  let byteLength = 0
  try {
    for await (const chunk of await deps.blobs.read(object.blobKey)) {
      signal?.throwIfAborted()
      hash.update(chunk)
      byteLength += chunk.length
    }
  } catch (error) {
    if (await isUnreadable(deps, object.blobKey, error, signal)) return { fault: 'unreadable', found: {} }
    if (await isGone(deps.blobs, error)) return { fault: 'missing', found: {} }
    throw error
  }
  const digest = hash.digest()
  if (byteLength !== object.byteSize) return { fault: 'length', found: { byteLength, sha256: digest.toString('hex') } }
  return digest.equals(object.sha256)
    ? undefined
    : { fault: 'bytes', found: { byteLength, sha256: digest.toString('hex') } }
}

/** Reads an object and keeps what was found; whether it was right. */
export async function proveAndNote(
  deps: Deps,
  scope: ArchiveScope,
  object: ProvableObject,
  signal?: AbortSignal,
): Promise<boolean> {
  const found = await proveObject(deps, object, signal)
  if (!found) {
    await noteProven(deps.db, scope, object)
    return true
  }
  if (await noteFault(deps.db, scope, object, found)) {
    const { blobKey, place, studyInstanceUid, sopInstanceUid } = object
    // An alert of the cloud looks for this code.
    deps.log.error(
      { code: 'fixity-fault', fault: found.fault, blobKey, place, studyInstanceUid, sopInstanceUid },
      'stored bytes are not those that were stored',
    )
  }
  return false
}

export interface ProofReport {
  objects: number
  bytes: number
  faults: number
}

/** Bytes that may be read in one turn so that everything comes round within the period, evenly. */
export function shareOf(
  size: ArchiveSize,
  lastDay: ArchiveSize,
  periodDays: number,
  oldest: Date | null,
  now: number,
): number {
  const isLate = oldest !== null && now - oldest.getTime() > periodDays * dayMs
  const perDay = (size.byteSize * margin * (isLate ? hurry : 1)) / periodDays
  // A turn may be left out now and then: two turns' worth at most, and never more than the day's.
  return Math.floor(Math.max(0, Math.min(perDay - lastDay.byteSize, (2 * perDay) / turnsPerDay)))
}

/**
 * One turn of reading everything again within FIXITY_DAYS: what was not looked at for longest comes first. Works at half
 * speed, one object at a time, over all processes. Undefined while another process is at it.
 */
export async function proveDue(
  deps: Deps,
  scope: ArchiveScope,
  options: { signal?: AbortSignal; shareBytes?: number } = {},
): Promise<ProofReport | undefined> {
  return withLock(deps.db, proofLock, async () => {
    const { db, config } = deps
    const [size, lastDay, oldest] = await Promise.all([
      measureArchive(db, scope),
      provenLastDay(db, scope),
      oldestDue(db, scope),
    ])
    const share = options.shareBytes ?? shareOf(size, lastDay, config.FIXITY_DAYS, oldest, Date.now())
    const report: ProofReport = { objects: 0, bytes: 0, faults: 0 }
    const until = Date.now() + turnMs
    while (report.bytes < share && Date.now() < until) {
      const objects = await listDue(db, scope, listed)
      if (objects.length === 0) break
      for (const object of objects) {
        options.signal?.throwIfAborted()
        if (report.bytes >= share || Date.now() >= until) break
        const began = performance.now()
        if (!(await proveAndNote(deps, scope, object, options.signal))) report.faults += 1
        report.objects += 1
        report.bytes += object.byteSize
        // Whoever looks at images goes first.
        if (options.shareBytes === undefined)
          await delay(performance.now() - began, undefined, { signal: options.signal })
      }
    }
    return report
  })
}

/** Reads the inspections that somebody asked for, one after the other, as fast as the store gives. */
export async function proveRequested(deps: Deps, scope: ArchiveScope, signal?: AbortSignal): Promise<number> {
  for (let count = 0; ; count += 1) {
    signal?.throwIfAborted()
    const request = await claimRequest(deps.db, scope)
    if (!request) return count
    const keeping = setInterval(
      () =>
        void keepRequest(deps.db, scope, request).catch((error: unknown) => deps.log.debug({ err: error }, 'not kept')),
      keepEveryMs,
    )
    try {
      for (;;) {
        const objects = await listOfRequest(deps.db, scope, request, listed)
        if (objects.length === 0) break
        for (const object of objects) await proveAndNote(deps, scope, object, signal)
      }
      await endRequest(deps.db, scope, request)
    } finally {
      clearInterval(keeping)
    }
  }
}
