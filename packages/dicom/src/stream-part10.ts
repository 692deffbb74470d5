import { tags, transferSyntax } from './dictionary/index.ts'
import { getStrings } from './dataset.ts'
import { undefinedLength } from './element-head.ts'
import type { Dataset, Element, Vr } from './types.ts'
import { vrForm } from './vr-forms.ts'
import { elementHeader, itemHeader, type Layout, writeElements } from './write-dataset.ts'
import { extendedTables, basicTable } from './write-fragments.ts'
import { fileMetaOf } from './write-part10.ts'
import { createTextEncoder, DicomWriteError, type EncodeText } from './write-value.ts'

/** A value whose bytes come as they are needed: little endian, in whole bytes. */
export interface StreamedValue {
  byteLength: number
  body: AsyncIterable<Uint8Array>
}

/** Pixel data whose length is known before it comes. */
export interface StreamedNative extends StreamedValue {
  tag: string
  vr: Vr
}

/** Compressed frames, one fragment each. */
export interface StreamedFrames {
  frames: AsyncIterable<Uint8Array>
  /** Bytes of every frame, where they are known before: then an offset table is written. */
  byteLengths: readonly number[] | undefined
}

export interface StreamOptions {
  /** Of the data set that is written: little endian, not deflated. */
  transferSyntaxUid: string
  /** Replaces the pixel data of the data set; absent: it has none. */
  pixels?: StreamedNative | StreamedFrames
  /** Values that the data set names by BulkDataURI. */
  bulk: (uri: string, element: Element) => Promise<StreamedValue>
}

const pixelTags = new Set<string>([tags.pixelData, tags.floatPixelData, tags.doubleFloatPixelData])
/** They describe the pixel data that is replaced. */
const tableTags = new Set<string>([
  tags.extendedOffsetTable,
  tags.extendedOffsetTableLengths,
  tags.encapsulatedPixelDataValueTotalLength,
])
const maxBasicOffset = 0xffff_ffff
const even = (length: number): number => length + (length % 2)

/**
 * Writes a Part 10 file (PS3.10 7) whose large values and frames are taken as they are written: its size does not matter.
 * Sequences and items have no lengths, so that nothing has to be known before it comes.
 * @throws {DicomWriteError} naming the tag, for a value that cannot be written or is not as long as was said
 */
export async function* streamPart10(dataset: Dataset, options: StreamOptions): AsyncGenerator<Uint8Array> {
  const { transferSyntaxUid, pixels, bulk } = options
  const isImplicit = transferSyntax(transferSyntaxUid)?.implicit ?? false
  const layout: Layout = { isImplicit, isBigEndian: false, lengths: 'undefined' }
  const rest: Dataset = {}
  for (const [tag, element] of Object.entries(dataset))
    if (!pixelTags.has(tag) && !tableTags.has(tag)) rest[tag] = element
  yield new Uint8Array(128)
  yield Uint8Array.of(0x44, 0x49, 0x43, 0x4d)
  yield* fileMetaOf(dataset, { transferSyntaxUid })
  const tag = pixels && 'tag' in pixels ? pixels.tag : tags.pixelData
  yield* streamElements(rest, layout, bulk, { to: tag })
  if (pixels) yield* 'tag' in pixels ? streamNative(pixels, layout) : streamFrames(pixels, layout)
  yield* streamElements(rest, layout, bulk, { from: tag })
}

async function* streamElements(
  dataset: Dataset,
  layout: Layout,
  bulk: StreamOptions['bulk'],
  { from = '0003', to = 'G' }: { from?: string; to?: string } = {},
  inherited: EncodeText = createTextEncoder([]),
): AsyncGenerator<Uint8Array> {
  const terms = getStrings(dataset, tags.specificCharacterSet)
  const encode = terms.length > 0 ? createTextEncoder(terms) : inherited
  for (const tag of Object.keys(dataset).sort()) {
    if (tag < from || tag >= to) continue
    const element = dataset[tag] as Element
    if (element.vr === 'SQ') {
      yield elementHeader(tag, 'SQ', undefinedLength, layout)
      for (const item of (element.Value ?? []) as Dataset[]) {
        yield itemHeader(tags.item, undefinedLength, false)
        yield* streamElements(item, layout, bulk, { from: '0000' }, encode)
        yield itemHeader(tags.itemDelimitation, 0, false)
      }
      yield itemHeader(tags.sequenceDelimitation, 0, false)
    } else if (element.BulkDataURI === undefined) {
      yield* writeElements({ [tag]: element }, layout, {}, encode)
    } else {
      const value = await bulk(element.BulkDataURI, element)
      // PS3.5 6.2.2: a value too long for its VR's length is UN.
      const isTooLong = !layout.isImplicit && !vrForm(element.vr).isLong && value.byteLength > 0xffff
      yield* streamValue(tag, isTooLong ? 'UN' : element.vr, value, layout)
    }
  }
}

async function* streamValue(tag: string, vr: Vr, value: StreamedValue, layout: Layout): AsyncGenerator<Uint8Array> {
  const { byteLength, body } = value
  if (even(byteLength) >= undefinedLength)
    throw new DicomWriteError(`${byteLength} bytes do not fit into one element.`, tag)
  yield elementHeader(tag, vr, even(byteLength), layout)
  let written = 0
  for await (const piece of body) {
    written += piece.length
    yield piece
  }
  if (written !== byteLength) throw new DicomWriteError(`${written} bytes came, ${byteLength} were announced.`, tag)
  if (byteLength % 2 === 1) yield new Uint8Array(1)
}

const streamNative = (pixels: StreamedNative, layout: Layout): AsyncGenerator<Uint8Array> =>
  streamValue(pixels.tag, pixels.vr, pixels, layout)

/** PS3.5 A.4: a Basic Offset Table while it can hold the offsets, else an extended one; without lengths an empty one. */
async function* streamFrames({ frames, byteLengths }: StreamedFrames, layout: Layout): AsyncGenerator<Uint8Array> {
  const lengths = byteLengths?.map((length) => [length])
  const total = byteLengths?.reduce((sum, length) => sum + 8 + even(length), 0) ?? 0
  const isExtended = total > maxBasicOffset
  if (lengths && isExtended) yield* extendedTables(lengths, layout)
  const table = lengths && !isExtended ? basicTable(lengths) : new Uint8Array(0)
  yield elementHeader(tags.pixelData, 'OB', undefinedLength, layout)
  yield itemHeader(tags.item, table.length, false)
  yield table
  let frame = 0
  for await (const bytes of frames) {
    const announced = byteLengths?.[frame]
    frame += 1
    if (announced !== undefined && announced !== bytes.length)
      throw new DicomWriteError(
        `Frame ${frame} has ${bytes.length} bytes, ${announced} were announced.`,
        tags.pixelData,
      )
    yield itemHeader(tags.item, even(bytes.length), false)
    yield bytes
    if (bytes.length % 2 === 1) yield new Uint8Array(1)
  }
  yield itemHeader(tags.sequenceDelimitation, 0, false)
}
