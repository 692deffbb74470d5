import type { BulkElement, Vr } from '@instandt/dicom'
import { swapFrame, tags, transferSyntax } from '@instandt/dicom'
import { AppError } from '../../app-error.ts'
import type { InstanceAddress, StoredBulk, StoredObject } from '../../data/retrieve.ts'
import { findBulk } from '../../data/retrieve.ts'
import type { Deps } from '../../deps.ts'
import type { Scope } from '../../plugins/access.ts'
import type { OpenRange } from './answer.ts'
import type { ReaderMemory } from './answer-memory.ts'
import { pixelTags, planFrames, retrieveFrames } from './retrieve-frames.ts'
import { notFound, openRange } from './retrieve-object.ts'

export interface BulkPlan {
  object: StoredObject
  /** Bytes of each part: one for a value, one a frame for encapsulated pixel data. */
  byteLengths: number[]
  isEncapsulated: boolean
  /** Bodies in the order of `byteLengths`, each to be read to its end. */
  open: (memory: ReaderMemory) => AsyncGenerator<AsyncIterable<Uint8Array>>
  /** A part of the only body, read from where it begins; undefined where that cannot be. */
  openRange?: OpenRange | undefined
}

/**
 * A value that the metadata names by BulkDataURI. `path` as in BulkElement. Pixel data in fragments comes frame by
 * frame (PS3.18 8.7.3.3.2), all else as it stands in the file. Throws 404 when there is no such value.
 */
export async function planBulk(deps: Deps, scope: Scope, address: InstanceAddress, path: string): Promise<BulkPlan> {
  const stored = await findBulk(deps.db, scope, address, path)
  if (!stored) throw notFound()
  const { bulk, layout } = stored
  if (path === tags.pixelData && layout?.encapsulated) {
    const frames = Array.from({ length: layout.frameCount }, (_, at) => at + 1)
    const plan = await planFrames(deps, scope, address, frames)
    return {
      object: stored,
      byteLengths: plan.places.map((place) => place.byteLength),
      isEncapsulated: true,
      open: (memory) => retrieveFrames(deps, plan, memory),
    }
  }
  if (!bulk) throw new AppError('bulkdata-not-found', 404, `The instance has no bulk data at ${path}.`)
  return {
    object: stored,
    byteLengths: [bulk.length],
    isEncapsulated: false,
    open: (memory) => openValue(deps, stored, bulk, memory),
    openRange:
      bytesToSwap(stored, bulk) > 1
        ? undefined
        : (range, memory) =>
            openRange(deps, stored, isDeflated(stored), { ...range, offset: bulk.offset + range.offset }, memory),
  }
}

const isDeflated = (stored: StoredObject): boolean => transferSyntax(stored.transferSyntaxUid)?.deflated ?? false

const vrsByWord: readonly (readonly [2 | 4 | 8, readonly Vr[]])[] = [
  [2, ['AT', 'OW', 'SS', 'US']],
  [4, ['FL', 'OF', 'OL', 'SL', 'UL']],
  [8, ['FD', 'OD', 'OV', 'SV', 'UV']],
]

/** Bulk data is little endian whatever the file's byte order (PS3.18 8.7.3.3.2). */
function bytesToSwap({ transferSyntaxUid, layout }: StoredBulk, bulk: BulkElement): number {
  if (layout && pixelTags.includes(bulk.path)) return layout.swapBytes
  if (!transferSyntax(transferSyntaxUid)?.bigEndian) return 1
  return vrsByWord.find(([, vrs]) => vrs.includes(bulk.vr))?.[0] ?? 1
}

async function* openValue(
  deps: Deps,
  stored: StoredBulk,
  bulk: BulkElement,
  memory: ReaderMemory,
): AsyncGenerator<AsyncIterable<Uint8Array>> {
  const source = await openRange(deps, stored, isDeflated(stored), bulk, memory)
  const width = bytesToSwap(stored, bulk)
  yield width > 1 ? swapFrame(source, width) : source
}
