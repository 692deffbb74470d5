import type { WasmCodec } from './codecs.ts'
import { readJpegHeader } from './jpeg-dct.ts'

export interface PictureSize {
  columns: number
  rows: number
  components: number
}

/**
 * The size a compressed frame says it has, read from its header alone: a decoder takes memory and time for that before it
 * notices that the rest is missing. Undefined where there is no such header; the decoder will say so.
 */
export function readSizeInside(bytes: Uint8Array, codec: WasmCodec): PictureSize | undefined {
  if (codec === 'jpeg-ls') return readJpegHeader(bytes)
  if (codec === 'jpeg-xl') return undefined
  const at = findSiz(bytes)
  if (at === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + at)
  // Xsiz less XOsiz, Ysiz less YOsiz, Csiz (ISO/IEC 15444-1 A.5.1).
  return {
    columns: view.getUint32(8) - view.getUint32(16),
    rows: view.getUint32(12) - view.getUint32(20),
    components: view.getUint16(40),
  }
}

// Boxes before the codestream hold a few attributes and perhaps a colour profile.
const longestBoxes = 4 * 1024 * 1024

/** Where SOC and SIZ stand, one right behind the other; files in boxes (JP2) have them further in. */
function findSiz(bytes: Uint8Array): number | undefined {
  const end = Math.min(bytes.length - 42, longestBoxes)
  for (let at = bytes.indexOf(0xff); at >= 0 && at <= end; at = bytes.indexOf(0xff, at + 1))
    if (bytes[at + 1] === 0x4f && bytes[at + 2] === 0xff && bytes[at + 3] === 0x51) return at
  return undefined
}
