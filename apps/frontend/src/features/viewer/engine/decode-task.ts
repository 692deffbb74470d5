import {
  CodecMissing,
  type Codecs,
  decodeHtj2k,
  type DecodedImage,
  type EncodedFrame,
  openFrame,
  openStored,
  PixelFault,
} from '@instandt/pixels'
import type { PixelFaultCode, PixelFaultDetail } from '@instandt/pixels'

/** One frame, from its bytes to all that showing it needs. */
export interface FrameTask extends EncodedFrame {
  kind: 'frame'
  maxTexture: number
}

/** One codestream of a rendition, or the beginning of one. */
export interface TileTask extends Omit<EncodedFrame, 'syntaxUid'> {
  kind: 'tile'
  /** Halvings that the bytes suffice for; `format` has the size after them. */
  reduction: number
  /** Its samples are red green blue whatever Photometric Interpretation says. */
  isConverted: boolean
}

/** Nothing yet: the decoder of tiles is to be ready before the first of them is here. */
export interface WarmTask {
  kind: 'warm'
}

/** What a worker is asked for. */
export type DecodeTask = FrameTask | TileTask
export type WorkerTask = DecodeTask | WarmTask

export type DecodeAnswer =
  | { image: DecodedImage }
  | { fault: { code: PixelFaultCode; detail: PixelFaultDetail } }
  | { failure: string }
export type WorkerAnswer = DecodeAnswer | { isWarm: true }

/**
 * The answer to a task, in a form that can be sent to another thread.
 * @throws {CodecMissing} the decoder could not be loaded
 */
export async function answerDecodeTask(task: DecodeTask, codecs: Codecs): Promise<DecodeAnswer> {
  try {
    return { image: await (task.kind === 'tile' ? openTile(task, codecs) : openFrame(task, task.maxTexture, codecs)) }
  } catch (error) {
    if (error instanceof CodecMissing) throw error
    if (error instanceof PixelFault) return { fault: { code: error.code, detail: error.detail } }
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

async function openTile(task: TileTask, codecs: Codecs): Promise<DecodedImage> {
  const { format, isConverted } = task
  const { samples, ...size } = await decodeHtj2k(task.bytes, task.reduction, codecs)
  if (size.columns !== format.columns || size.rows !== format.rows || size.components !== format.samplesPerPixel)
    throw new Error(`a tile of ${size.columns} × ${size.rows} where ${format.columns} × ${format.rows} is needed`)
  return openStored({ stored: samples, isConverted }, task, Number.POSITIVE_INFINITY)
}

/** Buffers that change hands with the answer; the picture may share the stored values' one. */
export function buffersOf(image: DecodedImage): ArrayBuffer[] {
  return [...new Set([image.stored.buffer, image.values.samples.buffer, image.display.pixels.buffer])]
}

/** Bytes of memory a decoded image takes. */
export const byteSizeOf = (image: DecodedImage): number =>
  buffersOf(image).reduce((sum, buffer) => sum + buffer.byteLength, 0)
