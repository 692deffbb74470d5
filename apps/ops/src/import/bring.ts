import { batchLimits, createPace, type UploadSource } from '@instandt/api'
import { type ArchiveSource, type TakenObject, unlisted } from './archive-source.ts'
import type { Effort } from './effort.ts'
import { createFeed } from './feed.ts'
import { type Entry, isListing, type Journal, type Settlement } from './journal.ts'
import { sendLarge } from './send-large.ts'
import { sendSmall, type SmallObject } from './send-small.ts'
import type { Target } from './target.ts'

export interface Bringing {
  source: ArchiveSource
  target: Target
  journal: Journal
  effort: Effort
  /** Requests at once, and files that are read at once. */
  parallel: number
  onSettled(settlements: readonly Settlement[]): void
}

/** Settlements that are noted in one step. */
const notedAtOnce = 200
const laneMs = 200

/**
 * Brings everything that the journal has pending. Each lane reads a request full of objects, sends it, and notes what
 * became of them: what a killed process leaves open is what its lanes held.
 */
export async function bring(bringing: Bringing): Promise<void> {
  const { source, target, journal, effort, parallel } = bringing
  const { gate } = effort
  const pace = createPace({ ...batchLimits, lanes: parallel })
  const next = createFeed(journal, ['pending'])
  let isOver = false

  const note = (settlements: readonly Settlement[]): void => {
    if (settlements.length === 0) return
    journal.settle(settlements)
    bringing.onSettled(settlements)
  }

  /** Objects for one request; a large one is sent on the way, and ends it. */
  const gather = async (): Promise<SmallObject[]> => {
    const objects: SmallObject[] = []
    const left: Settlement[] = []
    let bytes = 0
    try {
      while (objects.length < batchLimits.files && bytes < pace.limits().bytes && !effort.isFinishing()) {
        const entry = next()
        if (!entry) {
          isOver = true
          break
        }
        const taken = isListing(entry.path) ? unlisted : await source.take(entry, gate.signal)
        if (!taken) break
        if (taken.kind === 'left') {
          left.push({ path: entry.path, byteSize: entry.byteSize, state: taken.state, reason: taken.reason })
          if (left.length >= notedAtOnce) note(left.splice(0))
        } else if ('blob' in taken.bytes) {
          objects.push(small(entry, taken, taken.bytes.blob))
          bytes += taken.byteSize
        } else {
          const settlement = await large(entry, taken, taken.bytes.ranges)
          if (settlement) left.push(settlement)
          // It took its time: neither its outcome nor what was gathered before it waits for another one.
          break
        }
      }
    } finally {
      note(left)
    }
    return objects
  }

  const large = async (entry: Entry, taken: TakenObject, ranges: UploadSource): Promise<Settlement | undefined> => {
    try {
      return await sendLarge(entry, taken, ranges, source.nameOf(entry.path), { target, effort, journal })
    } finally {
      await taken.release()
    }
  }

  const lane = async (number: number): Promise<void> => {
    try {
      while (!isOver && !effort.isFinishing()) {
        if (number >= pace.lanes()) {
          await gate.wait(laneMs)
          continue
        }
        const objects = await gather()
        if (objects.length > 0 && !effort.isFinishing()) note(await sendSmall(objects, { target, effort, pace }))
      }
    } catch (error) {
      // Ended by another lane, or by whoever started it.
      if (!gate.signal.aborted) effort.fail(error)
    }
  }
  await Promise.all(Array.from({ length: parallel }, (_, number) => lane(number)))
}

const small = ({ path }: Entry, { byteSize, sha256, sopInstanceUid }: TakenObject, blob: Blob): SmallObject => ({
  path,
  sha256,
  sopInstanceUid,
  file: blob,
  size: byteSize,
  state: 'queued',
  sent: 0,
})
