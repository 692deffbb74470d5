import type { Encoders } from './encoders.ts'
import { encodeWasm } from './encode-wasm.ts'
import type { Picture } from './resample.ts'

/** JPEG has 16 bits for an edge. */
export const maxJpegEdge = 65_535

/**
 * Whether the package's encoder has room for the picture: as many bytes as it has samples, and it breaks beyond. Measured
 * for black and white by chance, which needs most: bytes for each pixel, whole blocks of the edges counted, and the tables.
 */
function isSafe({ columns, rows, components }: Picture, quality: number): boolean {
  if (quality > 90) return false
  const isHalved = components === 3 && quality < 90
  const whole = (edge: number): number => Math.ceil(edge / (isHalved ? 16 : 8)) * (isHalved ? 16 : 8)
  const bytes = components === 1 ? (quality > 85 ? 0.97 : 0.85) : isHalved ? 1.4 : 2.34
  return bytes * whole(columns) * whole(rows) + 700 <= columns * rows * components
}

/**
 * Baseline JPEG (PS3.18 8.7.4 wants this process) for people to look at.
 * @param quality 1 to 100; from 90 every pixel keeps its own colour
 */
export async function encodeJpeg(
  picture: Picture,
  quality: number,
  encoders: Encoders,
): Promise<Uint8Array<ArrayBuffer>> {
  const { pixels: samples, columns, rows, components } = picture
  if (!isSafe(picture, quality)) return encodeInScript(picture, quality)
  const block = { samples, columns, rows, components, bits: 8, isSigned: false, isColourTransformed: components === 3 }
  return encodeWasm('jpeg', block, encoders, (encoder) => {
    encoder.setQuality(quality)
    encoder.setProgressive(false)
    encoder.setSubSampling(quality < 90 ? 2 : 0)
  })
}

/** Several times slower, and grey in three components, but whatever comes fits. */
async function encodeInScript(picture: Picture, quality: number): Promise<Uint8Array<ArrayBuffer>> {
  const { pixels, columns, rows, components } = picture
  const { encode } = (await import('jpeg-js')).default
  const data = new Uint8Array(columns * rows * 4)
  for (let at = 0; at < columns * rows; at += 1) {
    const from = at * components
    data[4 * at] = pixels[from] ?? 0
    data[4 * at + 1] = pixels[components === 3 ? from + 1 : from] ?? 0
    data[4 * at + 2] = pixels[components === 3 ? from + 2 : from] ?? 0
  }
  return Uint8Array.from(encode({ data, width: columns, height: rows }, quality).data)
}
