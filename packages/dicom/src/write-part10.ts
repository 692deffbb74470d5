import { Deflate } from 'fflate'
import { getString } from './dataset.ts'
import { tags, transferSyntax } from './dictionary/index.ts'
import { swapWords } from './swap-words.ts'
import { undefinedLength } from './element-head.ts'
import type { Dataset, Vr } from './types.ts'
import { byteLength, elementHeader, writeElements, type Layout } from './write-dataset.ts'
import { writeFragments, type EncapsulatedPixels } from './write-fragments.ts'
import { DicomWriteError } from './write-value.ts'

export type { EncapsulatedPixels }

/** Native pixel data. */
export interface NativePixels {
  /** OW unless said; float pixel data needs its tag. */
  vr?: Vr
  tag?: string
  /** Bytes of all pieces; may be left out when `pieces` is an array. */
  length?: number
  /** Of any size, but of whole samples where these are to be swapped. */
  pieces: Iterable<Uint8Array>
  /** Bytes of a sample: little endian, to be turned where the syntax wants it. Without it pieces are written as they come. */
  sampleBytes?: 1 | 2 | 4 | 8
}

export interface WriteOptions {
  transferSyntaxUid: string
  /** Elements of group 0002 that replace or join the ones made. */
  fileMeta?: Dataset
  /** 128 bytes; zeros unless given. */
  preamble?: Uint8Array
  /** whole: preamble, DICM, file meta information · no-preamble: from DICM on · dataset: the bare data set. */
  start?: 'whole' | 'no-preamble' | 'dataset'
  /** Lengths of sequences and items; undefined unless said. */
  sequenceLengths?: 'defined' | 'undefined'
  /** Replaces pixel data of the data set. */
  pixels?: NativePixels | EncapsulatedPixels
  /** Bytes of a value the data set names by BulkDataURI. */
  bulk?: Layout['bulk']
}

/** Group 0002 is file meta information, all behind it the data set. */
export const dataSetStart = '0003'

/** Made once for this program (PS3.7 D.3.3.2), derived from a UUID (PS3.5 B.2). */
const implementationClassUid = '2.25.107504147168058301534899708687642384073'

/**
 * Writes a Part 10 file (PS3.10 7) piece by piece: pixel data is taken from its iterator as it is written, so that its
 * size does not matter. Elements come out in ascending order. Throws DicomWriteError, naming the tag, for a value that cannot
 * be written and for a bulk value whose bytes are not given.
 */
export function* writePart10(dataset: Dataset, options: WriteOptions): Generator<Uint8Array> {
  const { start = 'whole' } = options
  if (start !== 'dataset') {
    if (start === 'whole') yield preambleOf(options)
    yield Uint8Array.of(0x44, 0x49, 0x43, 0x4d)
    yield* fileMetaOf(dataset, options)
  }
  const syntax = transferSyntax(options.transferSyntaxUid)
  const layout: Layout = {
    isImplicit: syntax?.implicit ?? false,
    isBigEndian: syntax?.bigEndian ?? false,
    lengths: options.sequenceLengths ?? 'undefined',
    bulk: options.bulk,
  }
  const pieces = writeBody(dataset, options, layout)
  yield* syntax?.deflated ? deflate(pieces) : pieces
}

export function preambleOf({ preamble = new Uint8Array(128) }: WriteOptions): Uint8Array {
  if (preamble.length !== 128) throw new DicomWriteError(`A preamble has 128 bytes, not ${preamble.length}.`)
  return preamble
}

/** File meta information (PS3.10 7.1) of a data set. */
export function fileMetaOf(
  dataset: Dataset,
  options: Pick<WriteOptions, 'transferSyntaxUid' | 'fileMeta'>,
): Uint8Array[] {
  const text = (vr: Vr, value: string | undefined) => (value === undefined ? { vr } : { vr, Value: [value] })
  const made: Dataset = {
    [tags.fileMetaInformationVersion]: { vr: 'OB', InlineBinary: 'AAE=' },
    [tags.mediaStorageSopClassUid]: text('UI', getString(dataset, tags.sopClassUid)),
    [tags.mediaStorageSopInstanceUid]: text('UI', getString(dataset, tags.sopInstanceUid)),
    [tags.transferSyntaxUid]: text('UI', options.transferSyntaxUid),
    [tags.implementationClassUid]: text('UI', implementationClassUid),
    [tags.implementationVersionName]: text('SH', 'INSTANDT'),
    ...options.fileMeta,
  }
  const layout: Layout = { isImplicit: false, isBigEndian: false, lengths: 'defined' }
  const elements = writeElements(made, layout, { from: tags.fileMetaInformationVersion, to: dataSetStart })
  const length = made[tags.fileMetaInformationGroupLength] ?? { vr: 'UL', Value: [byteLength(elements)] }
  return [...writeElements({ [tags.fileMetaInformationGroupLength]: length }, layout), ...elements]
}

function* writeBody(dataset: Dataset, options: WriteOptions, layout: Layout): Generator<Uint8Array> {
  const { pixels } = options
  if (!pixels) {
    yield* writeElements(dataset, layout, { from: dataSetStart })
    return
  }
  const isTurned = transferSyntax(options.transferSyntaxUid)?.bigEndianPixels ?? false
  const tag = ('pieces' in pixels ? pixels.tag : undefined) ?? tags.pixelData
  const { [tag]: _replaced, ...rest } = dataset
  yield* writeElements(rest, layout, { from: dataSetStart, to: tag })
  if ('pieces' in pixels) yield* writeNative(pixels, tag, layout, isTurned)
  else yield* writeFragments(pixels, layout)
  yield* writeElements(rest, layout, { from: tag })
}

function* writeNative(pixels: NativePixels, tag: string, layout: Layout, isTurned: boolean): Generator<Uint8Array> {
  const { vr = 'OW', pieces, sampleBytes = 1 } = pixels
  const total = pixels.length ?? (Array.isArray(pieces) ? byteLength(pieces as Uint8Array[]) : undefined)
  if (total === undefined) throw new DicomWriteError('The length of native pixel data has to be known before.', tag)
  const even = total + (total % 2)
  if (even >= undefinedLength) throw new DicomWriteError(`${even} bytes do not fit into native pixel data.`, tag)
  yield elementHeader(tag, vr, even, layout)
  let written = 0
  for (const piece of pieces) {
    written += piece.length
    yield isTurned && sampleBytes > 1 ? swapWords(piece, sampleBytes as 2 | 4 | 8) : piece
  }
  if (written !== total) throw new DicomWriteError(`${written} bytes of pixel data came, ${total} were announced.`, tag)
  if (even > total) yield new Uint8Array(1)
}

function* deflate(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let made: Uint8Array[] = []
  let length = 0
  const stream = new Deflate({ level: 6 }, (chunk) => {
    length += chunk.length
    made.push(chunk)
  })
  for (const piece of pieces) {
    stream.push(piece)
    yield* made
    made = []
  }
  stream.push(new Uint8Array(0), true)
  yield* made
  if (length % 2 === 1) yield new Uint8Array(1)
}
