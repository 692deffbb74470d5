// An independent look at pixel data, for proofs only: it shares no code with the reader it is held against.
import { createHash } from 'node:crypto'

export interface PixelGeometry {
  bitsAllocated: number
  bitsStored: number
  highBit: number
  isSigned: boolean
  samples: number
  isPlanar: boolean
  pixels: number
}

/**
 * SHA-256 of a frame in canonical form: little endian, samples interleaved, one bit a byte, values shifted and
 * sign-extended by High Bit and Bits Stored. `frame` is native, little endian and byte-aligned.
 */
export function canonicalDigest(frame: Buffer, geometry: PixelGeometry): string {
  return createHash('sha256').update(canonicalBytes(frame, geometry)).digest('hex')
}

function canonicalBytes(frame: Buffer, geometry: PixelGeometry): Buffer {
  const { bitsAllocated, bitsStored, highBit, isSigned, samples, isPlanar, pixels } = geometry
  const count = pixels * samples
  if (bitsAllocated === 1) {
    return Buffer.from(Array.from({ length: count }, (_, index) => ((frame[index >> 3] ?? 0) >> (index & 7)) & 1))
  }
  const width = bitsAllocated / 8
  const out = Buffer.alloc(count * width)
  for (let index = 0; index < count; index += 1) {
    const pixel = Math.floor(index / samples)
    const source = isPlanar && samples > 1 ? (index % samples) * pixels + pixel : index
    if (width > 4) {
      frame.copy(out, index * width, source * width, (source + 1) * width)
      continue
    }
    let value = BigInt(frame.readUIntLE(source * width, width)) >> BigInt(highBit + 1 - bitsStored)
    value = isSigned ? BigInt.asIntN(bitsStored, value) : BigInt.asUintN(bitsStored, value)
    out.writeUIntLE(Number(BigInt.asUintN(bitsAllocated, value)), index * width, width)
  }
  return out
}

/** All fragment bytes of top-level encapsulated pixel data, offset table left out; undefined when there is none. */
export function allFragments(file: Buffer): Buffer | undefined {
  // (7FE0,0010) OB or OW of undefined length, explicit little endian
  const starts = [0x42, 0x57].map((vr) => Buffer.from([0xe0, 0x7f, 0x10, 0, 0x4f, vr, 0, 0, 255, 255, 255, 255]))
  const found = starts.map((start) => file.lastIndexOf(start)).filter((at) => at >= 0)
  if (found.length === 0) return undefined
  let at = Math.max(...found) + 12
  const fragments: Buffer[] = []
  while (at + 8 <= file.length && file.readUInt32LE(at) === 0xe000fffe) {
    const length = file.readUInt32LE(at + 4)
    fragments.push(file.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return Buffer.concat(fragments.slice(1))
}
