import { zstdDecompressSync } from 'node:zlib'
import { ZSTDDecoder } from 'zstddec'

const decoder = new ZSTDDecoder()
await decoder.init()

// Longer ones are rare, and memory that a module in WebAssembly has taken it never gives back.
const maxBytes = 4 * 1024 * 1024

/**
 * The length that a zstd frame says it unpacks to (RFC 8878 3.1.1.1), in bytes; undefined when it does not say. Lengths of
 * 4 GiB and more, which no instance's attributes have, are left out, too.
 */
function lengthOf(packed: Uint8Array): number | undefined {
  const { buffer, byteOffset, byteLength } = packed
  if (byteLength < 18) return undefined
  const view = new DataView(buffer, byteOffset, byteLength)
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  // Of one segment there is no window descriptor; dictionaries have 0, 1, 2 or 4 bytes of a name.
  const at = 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0)
  const size = descriptor >> 6
  if (size === 0) return isSingleSegment ? view.getUint8(at) : undefined
  if (size === 1) return view.getUint16(at, true) + 256
  return size === 2 ? view.getUint32(at, true) : undefined
}

/**
 * The DICOM JSON of an instance as it was packed (zstd, one frame).
 * @throws the runtime's own error when it cannot be unpacked
 */
export function unpackMetadata(packed: Uint8Array): Buffer {
  const length = lengthOf(packed)
  // The runtime opens a decompressor each time, which costs more than unpacking a few KiB.
  const json = length === undefined || length > maxBytes ? undefined : decoder.decode(packed, length)
  if (json?.length === length && json) return Buffer.from(json.buffer, json.byteOffset, json.byteLength)
  return zstdDecompressSync(packed)
}
