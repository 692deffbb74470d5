import { tags } from './dictionary/index.ts'
import { undefinedLength } from './element-head.ts'
import type { Dataset, Vr } from './types.ts'
import { elementHeader, itemHeader, type Layout, writeElements } from './write-dataset.ts'
import { dataSetStart, fileMetaOf, preambleOf, type WriteOptions } from './write-part10.ts'
import { DicomWriteError } from './write-value.ts'

/** One value whose bytes come while the file is written: pixel data, or a document. */
export interface PieceValue {
  tag: string
  vr: Vr
  /** Bytes of all pieces together. */
  length: number
  /** Little endian, as the file is written. */
  pieces: AsyncIterable<Uint8Array>
  /** The bytes are one compressed frame: one fragment behind an empty Basic Offset Table (PS3.5 A.4). */
  isEncapsulated?: boolean
}

interface StreamOptions extends Pick<WriteOptions, 'fileMeta' | 'preamble'> {
  /** Explicit VR Little Endian, or one of the encapsulated syntaxes, which are laid out like it. */
  transferSyntaxUid: string
  value: PieceValue
}

const layout: Layout = { isImplicit: false, isBigEndian: false, lengths: 'undefined' }

/**
 * Writes a Part 10 file (PS3.10 7) of which one value is taken from its stream as it is written: nothing of it is kept.
 * @throws DicomWriteError when a value cannot be written, or when other bytes come than were announced
 */
export async function* writePart10Stream(dataset: Dataset, options: StreamOptions): AsyncGenerator<Uint8Array> {
  const { value } = options
  const { [value.tag]: _replaced, ...rest } = dataset
  yield preambleOf(options)
  yield Uint8Array.of(0x44, 0x49, 0x43, 0x4d)
  yield* fileMetaOf(dataset, options)
  yield* writeElements(rest, layout, { from: dataSetStart, to: value.tag })
  yield* writeStreamed(value)
  yield* writeElements(rest, layout, { from: value.tag })
}

async function* writeStreamed({ tag, vr, length, pieces, isEncapsulated }: PieceValue): AsyncGenerator<Uint8Array> {
  const even = length + (length % 2)
  if (even >= undefinedLength) throw new DicomWriteError(`${even} bytes do not fit into one element.`, tag)
  if (isEncapsulated === true) {
    yield elementHeader(tag, vr, undefinedLength, layout)
    yield itemHeader(tags.item, 0, false)
    yield itemHeader(tags.item, even, false)
  } else yield elementHeader(tag, vr, even, layout)
  let written = 0
  for await (const piece of pieces) {
    written += piece.length
    // Before more of them are written than the element can hold.
    if (written > length) throw new DicomWriteError(`More than the ${length} bytes that were announced came.`, tag)
    yield piece
  }
  if (written !== length) throw new DicomWriteError(`${written} bytes came, ${length} were announced.`, tag)
  if (even > length) yield new Uint8Array(1)
  if (isEncapsulated === true) yield itemHeader(tags.sequenceDelimitation, 0, false)
}
