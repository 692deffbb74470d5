import type { Codecs } from './codecs.ts'
import { type DecodedFrame, decodeFrame } from './decode-frame.ts'
import { colourModelOf, type DisplayPixels, displayPixels } from './display-pixels.ts'
import type { LookupTable } from './frame-attributes.ts'
import { lookUp, type LookupTables } from './look-up.ts'
import type { PixelFormat, StoredArray } from './pixel-format.ts'
import { type FrameStatistics, measureFrame, type Padding } from './statistics.ts'

/** One frame as it is stored, and what its instance says about it. */
export interface EncodedFrame {
  bytes: Uint8Array<ArrayBuffer>
  /** Transfer syntax of `bytes`. */
  syntaxUid: string
  format: PixelFormat
  tables: LookupTables
  padding: Padding | undefined
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

/**
 * From the bytes of a frame to all that showing it needs. The result may share memory with `bytes`, which is changed then.
 * @param maxEdge pixels; larger pictures are reduced to this for display, never the values
 * @throws {PixelFault} whatever is wrong with them
 */
export async function openFrame(frame: EncodedFrame, maxEdge: number, codecs: Codecs): Promise<DecodedImage> {
  return openStored(await decodeFrame(frame.bytes, frame.syntaxUid, frame.format, codecs), frame, maxEdge)
}

/** The same for samples that are decoded already. */
export function openStored(
  { stored, isConverted }: DecodedFrame,
  frame: Omit<EncodedFrame, 'bytes' | 'syntaxUid'>,
  maxEdge: number,
): DecodedImage {
  const { format, tables } = frame
  const model = colourModelOf(format, isConverted)
  const values = tables.modality ? lookUpAll(stored, format, tables.modality) : { samples: stored, format }
  const statistics = measureFrame(values.samples, values.format, tables.modality ? undefined : frame.padding)
  const display = displayPixels(values, model, statistics, tables.palette, maxEdge)
  return { stored, values, statistics, display }
}

function lookUpAll(stored: StoredArray, format: PixelFormat, table: LookupTable): Values {
  const samples = new Uint16Array(stored.length)
  for (let index = 0; index < stored.length; index += 1) samples[index] = lookUp(table, stored[index]!)
  return { samples, format: { ...format, kind: 'integer', isSigned: false, bitsAllocated: 16, bitsStored: table.bits } }
}
