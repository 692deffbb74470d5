import type { StoredArray } from './pixel-format.ts'
import type { Encoders } from './encoders.ts'
import { linesForEncoder } from './htj2k-lines.ts'
import { encodeWasm, type SampleBlock } from './encode-wasm.ts'

/** A codestream whose beginnings are pictures, too: `prefixes[k]` bytes hold k halvings less than the lowest resolution. */
export interface Htj2kStream {
  bytes: Uint8Array<ArrayBuffer>
  /** From the lowest resolution to full. */
  prefixes: number[]
}

/**
 * Halvings until neither edge is longer than 64 (PS3.5 10.18 wants that of HTJ2K RPCL). Never 0: without any the encoder
 * is not lossless.
 */
export const reductionsOf = (columns: number, rows: number): number =>
  Math.max(1, Math.ceil(Math.log2(Math.max(columns, rows) / 64)))

/**
 * Lossless HTJ2K in the order of resolutions (RPCL) with a tile-part for each, announced by TLM (PS3.5 10.18,
 * 1.2.840.10008.1.2.4.202).
 * @param reductions how often the picture can be halved, 1 to 32
 */
export async function encodeHtj2k(
  block: SampleBlock,
  encoders: Encoders,
  reductions: number = reductionsOf(block.columns, block.rows),
): Promise<Htj2kStream> {
  const { samples, columns, rows, components, isColourTransformed } = block
  const isMoved = components === 3 && !isColourTransformed
  const given = isMoved ? { ...block, samples: linesForEncoder(samples, columns, rows) } : block
  const bytes = await encodeWasm('htj2k', given, encoders, (encoder) => {
    encoder.setQuality(true, 0)
    encoder.setDecompositions(reductions)
    encoder.setProgressionOrder(2)
    encoder.setTilePartDivisionsAtResolutions(true)
    encoder.setTLMMarker(true)
  })
  return { bytes, prefixes: prefixesOf(bytes) }
}

const sot = 0xff90
const eoc = 0xffd9

/**
 * Where the tile-parts of a codestream end, by their SOT markers (ISO/IEC 15444-1 A.4.2); the last prefix is the whole.
 * @throws {RangeError} when the bytes are no codestream
 */
export function prefixesOf(codestream: Uint8Array): number[] {
  const view = new DataView(codestream.buffer, codestream.byteOffset, codestream.byteLength)
  const ends: number[] = []
  for (let at = 2; ;) {
    const marker = view.getUint16(at)
    if (marker === eoc) break
    if (marker === sot) {
      at += view.getUint32(at + 6)
      ends.push(at)
    } else at += 2 + view.getUint16(at + 2)
  }
  ends[ends.length - 1] = codestream.byteLength
  return ends
}

/** Stored values of an image that was halved some times. */
export interface ReducedSamples {
  samples: StoredArray
  columns: number
  rows: number
}
