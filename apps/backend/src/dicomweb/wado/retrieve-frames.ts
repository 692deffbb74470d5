import {
  alignFrame,
  FRAME_ENTRY_BYTES,
  locateNativeFrame,
  readFrameEntry,
  stripItemHeaders,
  swapFrame,
  tags,
} from '@instandt/dicom'
import { AppError } from '../../app-error.ts'
import type { FrameLayout, InstanceAddress, StoredFrames, StoredObject } from '../../data/retrieve.ts'
import { findFrames } from '../../data/retrieve.ts'
import type { Deps } from '../../deps.ts'
import type { Scope } from '../../plugins/access.ts'
import type { ReaderMemory } from './answer-memory.ts'
import { notFound, openRange } from './retrieve-object.ts'

/** Where one frame's bytes lie and what has to be done to them on the way out. */
export interface FramePlace {
  frame: number
  /** First byte to read, from the start of the file or of the inflated stream. */
  offset: number
  /** Bytes to read. */
  span: number
  /** Bytes that go out. */
  byteLength: number
  change: 'none' | 'drop-item-headers' | 'swap-bytes' | 'align-bits'
  bitOffset: number
  bitLength: number
}

export interface FramePlan {
  object: StoredObject
  layout: FrameLayout
  places: FramePlace[]
}

// Frames of encapsulated pixel data are 8 bytes apart; up to this gap one read is cheaper than two.
const mergeGap = 64 * 1024

/** Finds the frames (from 1, any order). Throws 404, with the reason, for an unknown instance or frame. */
export async function planFrames(
  deps: Deps,
  scope: Scope,
  address: InstanceAddress,
  frames: readonly number[],
): Promise<FramePlan> {
  const stored = await findFrames(deps.db, scope, address, frames)
  if (!stored) throw notFound()
  const { layout } = stored
  if (!layout) {
    const reason = pixelWords(stored, 'The file holds no pixel data.')
    throw new AppError('pixel-data-missing', 404, `This instance has no frames that can be sent. ${reason}`)
  }
  const beyond = frames.find((frame) => frame > layout.frameCount)
  if (beyond !== undefined) {
    const reason = pixelWords(stored, '')
    const words = `There is no frame ${beyond}: the instance has ${layout.frameCount}. ${reason}`
    throw new AppError('frame-not-found', 404, words.trim())
  }
  const places = frames.map((frame, at) => {
    const place = layout.encapsulated
      ? placeEncapsulated(frame, stored.entries.subarray(at * FRAME_ENTRY_BYTES, (at + 1) * FRAME_ENTRY_BYTES))
      : placeNative(frame, layout)
    if (!place)
      throw new AppError('frame-not-found', 404, `The bytes of frame ${frame} are missing in the stored file.`)
    return place
  })
  return { object: stored, layout, places }
}

export const pixelTags: readonly (string | undefined)[] = [
  tags.pixelData,
  tags.floatPixelData,
  tags.doubleFloatPixelData,
]

/** What the reader of the file had to say about its pixels. */
function pixelWords(stored: StoredFrames, otherwise: string): string {
  const reasons = stored.warnings.filter(({ tag }) => pixelTags.includes(tag)).map(({ message }) => message)
  return reasons.length > 0 ? reasons.join(' ') : otherwise
}

function placeEncapsulated(frame: number, bytes: Uint8Array): FramePlace | undefined {
  if (bytes.length < FRAME_ENTRY_BYTES) return undefined
  const { offset, span, fragments } = readFrameEntry(bytes)
  if (fragments === 0) return undefined
  const place = { frame, bitOffset: 0, bitLength: 0 }
  if (fragments === 1) return { ...place, offset, span, byteLength: span, change: 'none' }
  // Several fragments are read with their 8-byte item headers, the first one's included, and sent without.
  const byteLength = span - 8 * (fragments - 1)
  return { ...place, offset: offset - 8, span: span + 8, byteLength, change: 'drop-item-headers' }
}

function placeNative(frame: number, layout: FrameLayout): FramePlace | undefined {
  const found = locateNativeFrame(layout, frame)
  if (!found) return undefined
  const { offset, length: span, bitOffset, bitLength } = found
  const isWhole = bitOffset === 0 && bitLength === span * 8
  const change = !isWhole ? 'align-bits' : layout.swapBytes > 1 ? 'swap-bytes' : 'none'
  return { frame, offset, span, byteLength: Math.ceil(bitLength / 8), change, bitOffset, bitLength }
}

/** Bodies of the planned frames, in their order; neighbours in the file share one read. Read each to its end. */
export async function* retrieveFrames(
  deps: Deps,
  plan: FramePlan,
  memory: ReaderMemory,
): AsyncGenerator<AsyncIterable<Uint8Array>> {
  for (const run of joinNeighbours(plan.places)) {
    const start = run[0]?.offset ?? 0
    const last = run.at(-1)
    const length = last ? last.offset + last.span - start : 0
    const source = cutter(await openRange(deps, plan.object, plan.layout.deflated, { offset: start, length }, memory))
    try {
      let position = start
      for (const place of run) {
        await source.skip(place.offset - position)
        yield changeFrame(source.take(place.span), place, plan.layout)
        position = place.offset + place.span
      }
    } finally {
      await source.close()
    }
  }
}

function changeFrame(
  source: AsyncIterable<Uint8Array>,
  place: FramePlace,
  layout: FrameLayout,
): AsyncIterable<Uint8Array> {
  if (place.change === 'drop-item-headers') return stripItemHeaders(source)
  if (place.change === 'none') return source
  const littleEndian = layout.swapBytes > 1 ? swapFrame(source, layout.swapBytes) : source
  return place.change === 'align-bits' ? alignFrame(littleEndian, place.bitOffset, place.bitLength) : littleEndian
}

/** Frames that follow each other in the file, in the order asked for. */
export function joinNeighbours(places: readonly FramePlace[]): FramePlace[][] {
  const runs: FramePlace[][] = []
  let end = Number.NaN
  for (const place of places) {
    const gap = place.offset - end
    const run = runs.at(-1)
    if (run && gap >= 0 && gap <= mergeGap) run.push(place)
    else runs.push([place])
    end = place.offset + place.span
  }
  return runs
}

interface Cutter {
  skip(byteLength: number): Promise<void>
  take(byteLength: number): AsyncGenerator<Uint8Array>
  close(): Promise<void>
}

/** Cuts one stream into pieces that are read one after the other. */
function cutter(source: AsyncIterable<Uint8Array>): Cutter {
  const iterator = source[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array()
  async function* take(byteLength: number): AsyncGenerator<Uint8Array> {
    let left = byteLength
    while (left > 0) {
      if (rest.length === 0) {
        const step = await iterator.next()
        if (step.done) throw new AppError('blob-truncated', 500, 'The stored bytes are fewer than they were.')
        rest = step.value
      }
      const piece = rest.subarray(0, left)
      rest = rest.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }
  return {
    take,
    async skip(byteLength) {
      for await (const piece of take(byteLength)) void piece
    },
    async close() {
      await iterator.return?.()
    },
  }
}
