import type { Codecs } from './codecs.ts'
import { decodeFrame } from './decode-frame.ts'
import { colourModelOf, type DisplayPixels, displayPixels } from './display-pixels.ts'
import type { LookupTable } from './frame-attributes.ts'
import { lookUp, type LookupTables } from './look-up.ts'
import { PixelFault, type PixelFaultCode, type PixelFaultDetail } from './pixel-fault.ts'
import type { PixelFormat, StoredArray } from './pixel-format.ts'
import { type FrameStatistics, measureFrame, type Padding } from './statistics.ts'

/** What a worker is asked for: one frame, from its bytes to all that showing it needs. */
export interface DecodeTask {
  id: number
  bytes: Uint8Array<ArrayBuffer>
  syntaxUid: string
  format: PixelFormat
  tables: LookupTables
  padding: Padding | undefined
  maxTexture: number
}

export interface DecodedImage {
  stored: StoredArray
  /** What windows are in: the stored values, or those the Modality LUT makes of them. */
  values: Values
  statistics: FrameStatistics
  display: DisplayPixels
}

export interface Values {
  samples: StoredArray
  format: PixelFormat
}

export type DecodeAnswer = { id: number } & (
  | { image: DecodedImage }
  | { fault: { code: PixelFaultCode; detail: PixelFaultDetail } }
  | { failure: string }
)

export async function runDecodeTask(task: DecodeTask, codecs: Codecs): Promise<DecodedImage> {
  const { format, tables } = task
  const { stored, isConverted } = await decodeFrame(task.bytes, task.syntaxUid, format, codecs)
  const model = colourModelOf(format, isConverted)
  const values = tables.modality ? lookUpAll(stored, format, tables.modality) : { samples: stored, format }
  const statistics = measureFrame(values.samples, values.format, tables.modality ? undefined : task.padding)
  const display = displayPixels(values, model, statistics, tables.palette, task.maxTexture)
  return { stored, values, statistics, display }
}

function lookUpAll(stored: StoredArray, format: PixelFormat, table: LookupTable): Values {
  const samples = new Uint16Array(stored.length)
  for (let index = 0; index < stored.length; index += 1) samples[index] = lookUp(table, stored[index]!)
  return { samples, format: { ...format, kind: 'integer', isSigned: false, bitsAllocated: 16, bitsStored: table.bits } }
}

/** The answer to a task, in a form that can be sent to another thread. */
export async function answerDecodeTask(task: DecodeTask, codecs: Codecs): Promise<DecodeAnswer> {
  try {
    return { id: task.id, image: await runDecodeTask(task, codecs) }
  } catch (error) {
    if (error instanceof PixelFault) return { id: task.id, fault: { code: error.code, detail: error.detail } }
    return { id: task.id, failure: error instanceof Error ? error.message : String(error) }
  }
}

/** Buffers that change hands with the answer; the picture may share the stored values' one. */
export function buffersOf(image: DecodedImage): ArrayBuffer[] {
  return [...new Set([image.stored.buffer, image.values.samples.buffer, image.display.pixels.buffer])]
}

/** Bytes of memory a decoded image takes. */
export const byteSizeOf = (image: DecodedImage): number =>
  buffersOf(image).reduce((sum, buffer) => sum + buffer.byteLength, 0)
