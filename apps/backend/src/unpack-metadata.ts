import { zstdDecompressSync } from 'node:zlib'
import { ZSTDDecoder } from 'zstddec'

/** Undefined until it is compiled, where it cannot be, and once it has failed: what it holds then is not known. */
let decoder: ZSTDDecoder | undefined
const compiling = new ZSTDDecoder()
compiling.init().then(
  () => {
    decoder = compiling
  },
  () => undefined,
)

// Longer ones are rare, and memory that a module in WebAssembly has taken it never gives back.
const maxBytes = 4 * 1024 * 1024
const magic = 0xfd2fb528
// The longest header and a block of no bytes.
const shortest = 18

/**
 * The length that a zstd frame says it unpacks to (RFC 8878 3.1.1.1), in bytes; 0 when it does not say, or is no frame.
 * Lengths of 4 GiB and more, which no instance's attributes have, are left out, too.
 */
function lengthOf(packed: Uint8Array): number {
  const { buffer, byteOffset, byteLength } = packed
  const view = new DataView(buffer, byteOffset, byteLength)
  if (byteLength < shortest || view.getUint32(0, true) !== magic) return 0
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  // Of one segment there is no window descriptor; dictionaries have 0, 1, 2 or 4 bytes of a name.
  const at = 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0)
  const size = descriptor >> 6
  if (size === 0) return isSingleSegment ? view.getUint8(at) : 0
  if (size === 1) return view.getUint16(at, true) + 256
  return size === 2 ? view.getUint32(at, true) : 0
}

/** The text, or something of another length where the frame does not unpack to what it says. */
function unpackTo(length: number, packed: Uint8Array): Uint8Array | undefined {
  try {
    return decoder?.decode(packed, length)
  } catch {
    decoder = undefined
    return undefined
  }
}

/**
 * The DICOM JSON of an instance as it was packed (zstd, one frame).
 * @throws the runtime's own error when it cannot be unpacked
 */
export function unpackMetadata(packed: Uint8Array): Buffer {
  const length = lengthOf(packed)
  // The runtime opens a decompressor each time, which costs more than unpacking a few KiB.
  const json = length === 0 || length > maxBytes ? undefined : unpackTo(length, packed)
  return json?.length === length
    ? Buffer.from(json.buffer, json.byteOffset, json.byteLength)
    : zstdDecompressSync(packed)
}
