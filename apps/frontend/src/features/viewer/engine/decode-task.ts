import { type Codecs, type DecodedImage, type EncodedFrame, openFrame, PixelFault } from '@instandt/pixels'
import type { PixelFaultCode, PixelFaultDetail } from '@instandt/pixels'

/** What a worker is asked for: one frame, from its bytes to all that showing it needs. */
export interface DecodeTask extends EncodedFrame {
  maxTexture: number
}

export type DecodeAnswer =
  | { image: DecodedImage }
  | { fault: { code: PixelFaultCode; detail: PixelFaultDetail } }
  | { failure: string }

/** The answer to a task, in a form that can be sent to another thread. */
export async function answerDecodeTask(task: DecodeTask, codecs: Codecs): Promise<DecodeAnswer> {
  try {
    return { image: await openFrame(task, task.maxTexture, codecs) }
  } catch (error) {
    if (error instanceof PixelFault) return { fault: { code: error.code, detail: error.detail } }
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

/** Buffers that change hands with the answer; the picture may share the stored values' one. */
export function buffersOf(image: DecodedImage): ArrayBuffer[] {
  return [...new Set([image.stored.buffer, image.values.samples.buffer, image.display.pixels.buffer])]
}

/** Bytes of memory a decoded image takes. */
export const byteSizeOf = (image: DecodedImage): number =>
  buffersOf(image).reduce((sum, buffer) => sum + buffer.byteLength, 0)
