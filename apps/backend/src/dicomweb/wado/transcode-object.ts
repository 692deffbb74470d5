import {
  type Dataset,
  type Element,
  getString,
  type StreamedFrames,
  type StreamedNative,
  streamPart10,
  type StreamOptions,
  swapFrame,
  tags,
  transferSyntax,
  type Vr,
} from '@instandt/dicom'
import { decodedFormat, nativeFrameBytes, writtenPhotometric } from '@instandt/pixels'
import { findAttributes, readAttributes, type StoredAttributes, type StoredObject } from '../../data/retrieve.ts'
import type { Deps } from '../../deps.ts'
import { type ImageInfo, readDataset } from '../../pixels/read-image.ts'
import type { Scope } from '../../plugins/access.ts'
import { freshMemory } from '../../storage/disk-read.ts'
import type { ReaderMemory } from './answer-memory.ts'
import { explicitLittleEndian, implicitLittleEndian } from './offers.ts'
import { planBulk } from './retrieve-bulkdata.ts'
import { type ObjectBody, openObject, openRange, readPages } from './retrieve-object.ts'
import { isDecodedToRgb, possibleFor, readImageIfPossible, transcodeFrames } from './transcode-frames.ts'

/** A stored object and how it can be written anew. */
export interface TranscodableObject {
  stored: StoredAttributes
  dataset: Dataset
  image: ImageInfo | undefined
  toSyntaxUid: string
}

// Compressed frames up to this size are kept until all are there: then an offset table tells where each begins.
const tableBytes = 32 * 1024 * 1024
/** One element ends below 4 GiB. */
const longestNative = 0xffff_fffe

const isNative = (uid: string): boolean => uid === explicitLittleEndian || uid === implicitLittleEndian

/**
 * How an object is sent to somebody who asks for a transfer syntax; undefined when it stays as it is stored, because it
 * cannot be written so, or would lose or gain nothing. Objects without pixels have nothing to compress.
 */
export async function planTranscoding(
  deps: Deps,
  scope: Scope,
  stored: StoredAttributes,
  askedUid: string,
): Promise<TranscodableObject | undefined> {
  const { transferSyntaxUid: ownUid, layout } = stored
  if (ownUid === askedUid || !transferSyntax(ownUid)) return undefined
  const dataset = readDataset(stored)
  const hasPixels = pixelTags.some((tag) => dataset[tag] !== undefined)
  if (!hasPixels) {
    const toSyntaxUid = isNative(askedUid) ? askedUid : explicitLittleEndian
    return toSyntaxUid === ownUid ? undefined : { stored, dataset, image: undefined, toSyntaxUid }
  }
  // Native pixels are copied, whatever they mean.
  if (layout?.encapsulated === false && isNative(askedUid))
    return { stored, dataset, image: undefined, toSyntaxUid: askedUid }
  const image = await readImageIfPossible(deps, scope, stored)
  if (!image || !possibleFor(image)(askedUid)) return undefined
  const frameBits = nativeFrameBytes(image.format) * image.format.frameCount
  const isEven = image.format.bitsAllocated > 1 || image.format.frameCount === 1
  if (isNative(askedUid) && (!isEven || frameBits > longestNative)) return undefined
  return { stored, dataset, image, toSyntaxUid: askedUid }
}

/** The same for an object that was found by its address. */
export async function planTranscodingOf(
  deps: Deps,
  scope: Scope,
  object: StoredObject,
  askedUid: string,
): Promise<TranscodableObject | undefined> {
  const stored = await findAttributes(deps.db, scope, object)
  return stored && planTranscoding(deps, scope, stored, askedUid)
}

/** Objects of the listed rows, in the transfer syntax asked for where they can be written in it, else as stored. */
export async function* transcodeObjects(
  deps: Deps,
  scope: Scope,
  ids: readonly string[],
  askedUid: string,
  memory: ReaderMemory,
  signal: AbortSignal,
): AsyncGenerator<ObjectBody> {
  for await (const rows of readPages(ids, (page) => readAttributes(deps.db, scope, page), firstPage)) {
    for (const stored of rows) {
      const made = await planTranscoding(deps, scope, stored, askedUid)
      const body = made ? openTranscoded(deps, scope, made, signal) : await openObject(deps, stored, memory)
      yield { ...stored, transferSyntaxUid: made?.toSyntaxUid ?? stored.transferSyntaxUid, body }
    }
  }
}

const firstPage = 20
const pixelTags = [tags.pixelData, tags.floatPixelData, tags.doubleFloatPixelData]

/** The object as a Part 10 file in its new transfer syntax; frames stream through one by one. */
export function openTranscoded(
  deps: Deps,
  scope: Scope,
  object: TranscodableObject,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  return gathered(writeTranscoded(deps, scope, object, signal))
}

async function* writeTranscoded(
  deps: Deps,
  scope: Scope,
  object: TranscodableObject,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { stored, toSyntaxUid, image } = object
  const bulk: StreamOptions['bulk'] = async (uri) => {
    const path = uri.slice(uri.indexOf('bulkdata/') + 'bulkdata/'.length)
    const plan = await planBulk(deps, scope, stored, path)
    return { byteLength: plan.byteLengths[0] ?? 0, body: firstOf(plan.open(() => freshMemory)) }
  }
  const dataset = inOneCharacterSet(
    image ? await describeWritten(deps, scope, image, toSyntaxUid, signal) : object.dataset,
  )
  const pixels = image
    ? await writeFrames(deps, scope, image, toSyntaxUid, signal)
    : copyNative(deps, stored, object.dataset)
  yield* streamPart10(dataset, { transferSyntaxUid: toSyntaxUid, bulk, ...(pixels ? { pixels } : {}) })
}

async function* firstOf(bodies: AsyncIterable<AsyncIterable<Uint8Array>>): AsyncGenerator<Uint8Array> {
  for await (const body of bodies) yield* body
}

/** Native pixel data as it is, in little-endian order. */
function copyNative(deps: Deps, stored: StoredAttributes, dataset: Dataset): StreamedNative | undefined {
  const { layout } = stored
  const tag = pixelTags.find((one) => dataset[one] !== undefined)
  if (!layout || tag === undefined) return undefined
  async function* body(of: NonNullable<typeof layout>): AsyncGenerator<Uint8Array> {
    const range = { offset: of.offset, length: of.length }
    const source = await openRange(deps, stored, of.deflated, range, () => freshMemory)
    yield* of.swapBytes > 1 ? swapFrame(source, of.swapBytes) : source
  }
  const { vr } = dataset[tag] as Element
  // OB of 16-bit samples is not allowed (PS3.5 A.2), and UN says nothing.
  const written: Vr = vr === 'UN' ? 'OW' : vr
  return { tag, vr: written, byteLength: layout.length, body: body(layout) }
}

async function writeFrames(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  toSyntaxUid: string,
  signal: AbortSignal | undefined,
): Promise<StreamedNative | StreamedFrames> {
  const { format } = image
  const numbers = Array.from({ length: format.frameCount }, (_, index) => index + 1)
  const frames = transcodeFrames(deps, scope, image, numbers, toSyntaxUid, signal)
  if (isNative(toSyntaxUid)) {
    const byteLength = nativeFrameBytes(decodedFormat(format, false)) * format.frameCount
    return { tag: tags.pixelData, vr: format.bitsAllocated > 8 ? 'OW' : 'OB', byteLength, body: frames }
  }
  const kept: Uint8Array[] = []
  let bytes = 0
  while (bytes < tableBytes) {
    const step = await frames.next()
    if (step.done) return { frames: each(kept), byteLengths: kept.map(({ length }) => length) }
    kept.push(step.value)
    bytes += step.value.length
  }
  return { frames: each(kept, frames), byteLengths: undefined }
}

async function* each(kept: readonly Uint8Array[], rest?: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* kept
  if (rest) yield* rest
}

/** Attributes of the pixels as they are written (PS3.3 C.7.6.3.1, C.7.6.1.1.5). */
async function describeWritten(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  toSyntaxUid: string,
  signal: AbortSignal | undefined,
): Promise<Dataset> {
  const { dataset, frameSyntaxUid } = image
  const syntax = transferSyntax(frameSyntaxUid)
  // The first frame speaks for all: the attribute does.
  const isColour = image.format.samplesPerPixel > 1
  const format = decodedFormat(image.format, isColour && (await isDecodedToRgb(deps, scope, image, signal)))
  const text = (vr: Vr, value: string | number): Element => ({ vr, Value: [value] })
  const written: Dataset = {
    ...dataset,
    [tags.photometricInterpretation]: text('CS', writtenPhotometric(format, toSyntaxUid)),
    [tags.highBit]: text('US', format.highBit),
  }
  if (format.samplesPerPixel > 1) written[tags.planarConfiguration] = text('US', 0)
  if (dataset[tags.numberOfFrames] !== undefined || format.frameCount > 1)
    written[tags.numberOfFrames] = text('IS', String(format.frameCount))
  if (syntax?.isLossy) {
    // Once lost is lost, and has to be said (PS3.3 C.7.6.1.1.5).
    written[tags.lossyImageCompression] = text('CS', '01')
    const method = lossyMethods[syntax.mediaType]
    if (method !== undefined && getString(dataset, tags.lossyImageCompressionMethod) === undefined)
      written[tags.lossyImageCompressionMethod] = text('CS', method)
  }
  return written
}

const lossyMethods: Readonly<Record<string, string>> = {
  'image/jpeg': 'ISO_10918_1',
  'image/jls': 'ISO_14495_1',
  'image/jp2': 'ISO_15444_1',
  'image/jphc': 'ISO_15444_15',
  'image/jxl': 'ISO_18181_1',
}

/** The metadata are Unicode: one character set for all of it, declared once. */
function inOneCharacterSet(dataset: Dataset): Dataset {
  const withoutOwn = (of: Dataset): Dataset =>
    Object.fromEntries(
      Object.entries(of)
        .filter(([tag]) => tag !== tags.specificCharacterSet)
        .map(([tag, element]) => [
          tag,
          element.vr === 'SQ' && element.Value
            ? { ...element, Value: (element.Value as Dataset[]).map(withoutOwn) }
            : element,
        ]),
    )
  return { ...withoutOwn(dataset), [tags.specificCharacterSet]: { vr: 'CS', Value: ['ISO_IR 192'] } }
}

// Pieces of some bytes each would be one write to the network each.
const pieceSize = 64 * 1024

async function* gathered(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of source) {
    if (piece.length >= pieceSize) {
      if (size > 0) yield Buffer.concat(pieces)
      yield piece
      pieces = []
      size = 0
      continue
    }
    pieces.push(piece)
    size += piece.length
    if (size < pieceSize) continue
    yield Buffer.concat(pieces)
    pieces = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(pieces)
}
