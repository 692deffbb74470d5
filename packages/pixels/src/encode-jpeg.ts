import type { Encoders } from './encoders.ts'
import { encodeWasm } from './encode-wasm.ts'
import type { Picture } from './resample.ts'

/** JPEG has 16 bits for an edge. */
export const maxJpegEdge = 65_535

/**
 * Baseline JPEG (PS3.18 8.7.4 wants this process) for people to look at.
 * @param quality 1 to 100; from 90 every pixel keeps its own colour
 */
export function encodeJpeg(picture: Picture, quality: number, encoders: Encoders): Promise<Uint8Array<ArrayBuffer>> {
  const { pixels: samples, columns, rows, components } = picture
  const block = { samples, columns, rows, components, bits: 8, isSigned: false, isColourTransformed: components === 3 }
  return encodeWasm('jpeg', block, encoders, (encoder) => {
    encoder.setQuality(quality)
    encoder.setProgressive(false)
    encoder.setSubSampling(quality < 90 ? 2 : 0)
  })
}
