import type { FragmentList } from './fragment-list.ts'

/** First fragment of every frame, and the fragment after the last frame's last. */
export interface FrameStarts {
  first: number[]
  end: number
}

export interface FragmentFacts {
  /** Declared. */
  frameCount: number
  /** Bytes of a frame where it is not compressed. */
  frameBytes: number | undefined
  extendedTable: Uint8Array | undefined
  basicTable: Uint8Array | undefined
  warn: (code: string, message: string) => void
}

/**
 * Tells which fragments make up which frame (PS3.5 A.4): by an offset table that holds against the fragments, otherwise
 * by the fragments themselves. Undefined, with a warning, when they cannot be assigned.
 */
export function assignFragments(fragments: FragmentList, facts: FragmentFacts): FrameStarts | undefined {
  const { frameCount, warn } = facts
  const images = imageStarts(fragments)
  const tables: [string, Uint8Array | undefined, 4 | 8][] = [
    ['Extended', facts.extendedTable, 8],
    ['Basic', facts.basicTable, 4],
  ]
  for (const [name, bytes, width] of tables) {
    if (bytes === undefined || bytes.length === 0) continue
    const first = readOffsetTable(bytes, width, fragments, frameCount)
    // Images that begin elsewhere, as many as there are frames, are believed before a table.
    const isDenied =
      first !== undefined && images.length === frameCount && images.some((start, frame) => start !== first[frame])
    if (first !== undefined && !isDenied) return { first, end: fragments.count }
    warn('bad-offset-table', `The ${name} Offset Table does not fit the fragments and is not used.`)
  }
  return walk(fragments, images, facts)
}

function imageStarts(fragments: FragmentList): number[] {
  const starts: number[] = []
  for (let index = 0; index < fragments.count; index += 1) if (fragments.beginsImage(index)) starts.push(index)
  return starts
}

/** First fragment of every frame by an offset table; undefined unless every offset meets a fragment's start. */
function readOffsetTable(
  bytes: Uint8Array,
  width: 4 | 8,
  fragments: FragmentList,
  frameCount: number,
): number[] | undefined {
  if (bytes.length !== frameCount * width) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const origin = fragments.offsets[0] as number
  const first: number[] = []
  let fragment = 0
  for (let frame = 0; frame < frameCount; frame += 1) {
    const offset = width === 4 ? view.getUint32(frame * 4, true) : Number(view.getBigUint64(frame * 8, true))
    while (fragment < fragments.count && (fragments.offsets[fragment] as number) - origin < offset) fragment += 1
    if (fragment >= fragments.count || (fragments.offsets[fragment] as number) - origin !== offset) return undefined
    first.push(fragment)
    fragment += 1
  }
  return first[0] === 0 ? first : undefined
}

function walk(
  fragments: FragmentList,
  images: number[],
  { frameCount, frameBytes, warn }: FragmentFacts,
): FrameStarts | undefined {
  const { count } = fragments
  const oneEach = (frames: number): FrameStarts => ({
    first: Array.from({ length: frames }, (_, index) => index),
    end: frames,
  })
  const missing = (frames: number): void =>
    warn('frames-missing', `The pixel data holds ${frames} frames of the ${frameCount} declared.`)
  if (count === frameCount) return oneEach(count)
  if (images.length === frameCount) return { first: images, end: count }
  if (images.length > frameCount) {
    warn('more-frames', `The pixel data holds ${images.length} images for the ${frameCount} frames declared.`)
    return { first: images.slice(0, frameCount), end: images[frameCount] as number }
  }
  if (frameBytes !== undefined) return walkBytes(fragments, frameCount, frameBytes, missing)
  if (frameCount === 1) return { first: [0], end: count }
  if (count < frameCount) {
    const isImage = images.length > 0
    missing(isImage ? images.length : count)
    return isImage ? { first: images, end: count } : oneEach(count)
  }
  warn('frames-unknown', `${count} fragments cannot be assigned to ${frameCount} frames.`)
  return undefined
}

/** Uncompressed frames: fragments are counted together until they make up a frame. */
function walkBytes(
  fragments: FragmentList,
  frameCount: number,
  frameBytes: number,
  missing: (frames: number) => void,
): FrameStarts {
  const first: number[] = []
  let fragment = 0
  while (first.length < frameCount && fragment < fragments.count) {
    const start = fragment
    let bytes = 0
    while (fragment < fragments.count && bytes < frameBytes) {
      bytes += fragments.lengths[fragment] as number
      fragment += 1
    }
    if (bytes < frameBytes) {
      fragment = start
      break
    }
    first.push(start)
  }
  if (first.length < frameCount) missing(first.length)
  return { first, end: fragment }
}
