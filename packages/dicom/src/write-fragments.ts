import { tags } from './dictionary/index.ts'
import { undefinedLength } from './element-head.ts'
import type { Vr } from './types.ts'
import { elementHeader, itemHeader, type Layout } from './write-dataset.ts'
import { DicomWriteError } from './write-value.ts'

/** Encapsulated pixel data (PS3.5 A.4): every frame is one fragment or a list of them. */
export interface EncapsulatedPixels {
  vr?: Vr
  frames: Iterable<Uint8Array | readonly Uint8Array[]>
  /** none: an empty Basic Offset Table · basic: a filled one · extended: (7FE0,0001) and (7FE0,0002). */
  offsetTable?: 'none' | 'basic' | 'extended'
  /** Bytes of every fragment of every frame. Without them `frames` is read as a whole before a table is written. */
  fragmentLengths?: readonly (readonly number[])[]
  /** Bytes that stand in place of the table asked for. */
  tableBytes?: Uint8Array
  /** Left out, the file ends without its sequence delimiter. */
  hasDelimiter?: boolean
}

const even = (length: number): number => length + (length % 2)

/** Writes the offset tables and the pixel data element, taking frames as they are written. */
export function* writeFragments(pixels: EncapsulatedPixels, layout: Layout): Generator<Uint8Array> {
  const { offsetTable = 'none', vr = 'OB' } = pixels
  let { frames } = pixels
  let lengths = offsetTable === 'none' ? [] : pixels.fragmentLengths
  if (lengths === undefined) {
    const all = [...frames]
    frames = all
    lengths = all.map((frame) => fragmentsOf(frame).map(({ length }) => length))
  }
  if (offsetTable === 'extended') yield* extendedTables(lengths, layout, pixels.tableBytes)
  yield elementHeader(tags.pixelData, vr, undefinedLength, layout)
  const basic = offsetTable === 'basic' ? (pixels.tableBytes ?? basicTable(lengths)) : new Uint8Array(0)
  yield itemHeader(tags.item, basic.length, layout.isBigEndian)
  yield basic
  let frame = 0
  for (const fragments of frames) {
    const list = fragmentsOf(fragments)
    const announced = lengths[frame]
    if (announced && (announced.length !== list.length || list.some((one, index) => one.length !== announced[index]))) {
      throw new DicomWriteError(`Frame ${frame + 1} has other fragments than were announced.`, tags.pixelData)
    }
    for (const fragment of list) {
      yield itemHeader(tags.item, even(fragment.length), layout.isBigEndian)
      yield fragment
      if (fragment.length % 2 === 1) yield new Uint8Array(1)
    }
    frame += 1
  }
  if (pixels.hasDelimiter !== false) yield itemHeader(tags.sequenceDelimitation, 0, layout.isBigEndian)
}

const fragmentsOf = (frame: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] =>
  frame instanceof Uint8Array ? [frame] : frame

/** Offset of every frame's first item from the first byte behind the Basic Offset Table. */
function frameOffsets(lengths: readonly (readonly number[])[]): number[] {
  const offsets: number[] = []
  let at = 0
  for (const fragments of lengths) {
    offsets.push(at)
    for (const length of fragments) at += 8 + even(length)
  }
  return offsets
}

/** Basic Offset Table (PS3.5 A.4) of frames' fragments. */
export function basicTable(lengths: readonly (readonly number[])[]): Uint8Array {
  const table = new DataView(new ArrayBuffer(lengths.length * 4))
  for (const [frame, offset] of frameOffsets(lengths).entries()) {
    if (offset > 0xffffffff)
      throw new DicomWriteError(`Frame ${frame + 1} lies beyond a Basic Offset Table's 4 GiB.`, tags.pixelData)
    table.setUint32(frame * 4, offset, true)
  }
  return new Uint8Array(table.buffer)
}

/** Extended Offset Table and its lengths (PS3.3 C.7.6.3.1.8), each frame one fragment. */
export function* extendedTables(
  lengths: readonly (readonly number[])[],
  layout: Layout,
  tableBytes?: Uint8Array,
): Generator<Uint8Array> {
  const offsets = new DataView(new ArrayBuffer(lengths.length * 8))
  const sizes = new DataView(new ArrayBuffer(lengths.length * 8))
  for (const [frame, offset] of frameOffsets(lengths).entries()) {
    const fragments = lengths[frame] ?? []
    if (fragments.length > 1)
      throw new DicomWriteError(
        `Frame ${frame + 1} has several fragments: an Extended Offset Table allows one.`,
        tags.pixelData,
      )
    offsets.setBigUint64(frame * 8, BigInt(offset), true)
    sizes.setBigUint64(frame * 8, BigInt(fragments[0] ?? 0), true)
  }
  const pieces: [string, Uint8Array][] = [
    [tags.extendedOffsetTable, tableBytes ?? new Uint8Array(offsets.buffer)],
    [tags.extendedOffsetTableLengths, new Uint8Array(sizes.buffer)],
  ]
  for (const [tag, bytes] of pieces) {
    yield elementHeader(tag, 'OV', bytes.length, layout)
    yield bytes
  }
}
