import type {
  Codecs,
  Encoders,
  FrameAttributes,
  Htj2kStream,
  LookupTables,
  PixelFormat,
  RenderOptions,
  StoredArray,
} from '@instandt/pixels'
import {
  allocateStored,
  blockOf,
  createReducer,
  decodedFormat,
  decodeFrame,
  decodeHtj2k,
  encodeFrame,
  encodeHtj2k,
  encodeJpeg,
  openStored,
  readNativeFrame,
  renderPicture,
} from '@instandt/pixels'
import { writeGif } from './write-gif.ts'
import { writePng } from './write-png.ts'

/** One frame as it is stored. */
export interface FrameInput {
  bytes: Uint8Array<ArrayBuffer>
  syntaxUid: string
  format: PixelFormat
}

export interface DecodedSamples {
  stored: StoredArray
  /** See DecodedFrame. */
  isConverted: boolean
}

/** Rows of a frame, beginning at a row of tiles. */
export interface StripInput {
  /** As they stand in a native frame, or decoded. */
  rows: Uint8Array<ArrayBuffer> | DecodedSamples
  /** Of the frame, but for its rows. */
  format: PixelFormat
  /** Edge of a tile and how often one can be halved; absent where only the smaller picture is wanted. */
  tiles: { size: number; reductions: number } | undefined
  /** Edge of the squares of the smaller picture. */
  square: number
}

export interface StripOutput {
  tiles: Htj2kStream[]
  reduced: StoredArray
}

export type RenderedType = 'image/jpeg' | 'image/png' | 'image/gif'

export interface RenderInput {
  source:
    | Omit<FrameInput, 'format'>
    | DecodedSamples
    | { codestream: Uint8Array; reduction: number; isConverted: boolean }
  /** Of the source; a codestream has rows and columns of its own. */
  format: PixelFormat
  tables: LookupTables
  attributes: FrameAttributes
  options: RenderOptions
  mediaType: RenderedType
  quality: number
}

/** What threads are asked for, and what they answer. */
export interface PixelTasks {
  decode: { input: FrameInput; output: DecodedSamples }
  strip: { input: StripInput; output: StripOutput }
  codestream: { input: DecodedSamples & { format: PixelFormat }; output: Htj2kStream }
  render: { input: RenderInput; output: Uint8Array<ArrayBuffer> }
  /** `roomyBytes`: see encodeFrame. */
  transcode: { input: FrameInput & { toSyntaxUid: string; roomyBytes: number }; output: Uint8Array<ArrayBuffer> }
}

export type PixelTaskKind = keyof PixelTasks

type Handlers = {
  [Kind in PixelTaskKind]: (
    input: PixelTasks[Kind]['input'],
    codecs: Codecs,
    encoders: Encoders,
  ) => Promise<PixelTasks[Kind]['output']>
}

/** The work itself, in whatever thread. @throws {PixelFault} what is wrong with the bytes */
export const handlers: Handlers = {
  decode: ({ bytes, syntaxUid, format }, codecs) => decodeFrame(bytes, syntaxUid, format, codecs),
  strip: encodeStrip,
  codestream: ({ stored, isConverted, format }, _codecs, encoders) =>
    encodeHtj2k(blockOf(stored, decodedFormat(format, isConverted)), encoders),
  render: renderFrame,
  async transcode({ bytes, syntaxUid, format, toSyntaxUid, roomyBytes }, codecs, encoders) {
    const { stored, isConverted } = await decodeFrame(bytes, syntaxUid, format, codecs)
    return encodeFrame(stored, decodedFormat(format, isConverted), toSyntaxUid, encoders, roomyBytes)
  },
}

async function encodeStrip(input: StripInput, _codecs: Codecs, encoders: Encoders): Promise<StripOutput> {
  const { rows: given, format, tiles, square } = input
  const decoded = 'stored' in given ? given : { stored: readNativeFrame(given, format), isConverted: false }
  const { stored } = decoded
  const of = decodedFormat(format, decoded.isConverted)
  const { columns, rows, samplesPerPixel: components } = of
  const encoded: Htj2kStream[] = []
  for (let left = 0; tiles && left < columns; left += tiles.size) {
    const width = Math.min(tiles.size, columns - left)
    const tile = width === columns ? stored : cut(stored, of, left, width)
    encoded.push(await encodeHtj2k(blockOf(tile, { ...of, columns: width }), encoders, tiles.reductions))
  }
  const reducer = createReducer({ columns, rows, components }, square, (length) => allocateStored(of, length))
  reducer.push(stored)
  return { tiles: encoded, reduced: reducer.finish().pixels }
}

function cut(stored: StoredArray, format: PixelFormat, left: number, width: number): StoredArray {
  const { columns, rows, samplesPerPixel } = format
  const tile = allocateStored(format, width * rows * samplesPerPixel)
  for (let row = 0; row < rows; row += 1) {
    const from = (row * columns + left) * samplesPerPixel
    tile.set(stored.subarray(from, from + width * samplesPerPixel), row * width * samplesPerPixel)
  }
  return tile
}

async function renderFrame(input: RenderInput, codecs: Codecs, encoders: Encoders): Promise<Uint8Array<ArrayBuffer>> {
  const { source, tables, attributes, options, mediaType, quality } = input
  let { format } = input
  let decoded: DecodedSamples
  if ('stored' in source) decoded = source
  else if ('bytes' in source) decoded = await decodeFrame(source.bytes, source.syntaxUid, format, codecs)
  else {
    const { samples, columns, rows } = await decodeHtj2k(source.codestream, source.reduction, codecs)
    format = { ...format, columns, rows }
    const stored = allocateStored(format)
    stored.set(samples)
    decoded = { stored, isConverted: source.isConverted }
  }
  const { padding } = attributes
  const image = openStored(decoded, { format, tables, padding }, Number.POSITIVE_INFINITY)
  const picture = renderPicture(image, attributes, options)
  if (mediaType === 'image/png') return writePng(picture)
  return mediaType === 'image/gif' ? writeGif(picture) : encodeJpeg(picture, quality, encoders)
}

/** Buffers that change hands with an answer. */
export function buffersOf(output: PixelTasks[PixelTaskKind]['output']): ArrayBuffer[] {
  if (output instanceof Uint8Array) return [output.buffer]
  if ('tiles' in output) return [...output.tiles.map(({ bytes }) => bytes.buffer), output.reduced.buffer]
  return ['stored' in output ? output.stored.buffer : output.bytes.buffer]
}
