import { encodeWasm, type SampleBlock } from './encode-wasm.ts'
import type { Encoders } from './encoders.ts'

/**
 * JPEG-LS without loss (ISO/IEC 14495-1), also of noise, which takes more bytes in it than it has.
 * @param roomyBytes a larger frame is not tried again with room for noise, which takes twice the memory
 * @throws {RangeError} the frame would be larger in JPEG-LS than there is room for
 */
export async function encodeJpegLs(
  block: SampleBlock,
  encoders: Encoders,
  roomyBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { components, samples } = block
  try {
    return await encode(block, encoders, components > 1 ? 2 : 0)
  } catch (cause) {
    const refused = 'the frame is noise, for which JPEG-LS takes more bytes than there is room for'
    if (samples.byteLength > roomyBytes) throw new RangeError(refused, { cause })
    try {
      // The encoder gives its output the bytes of its input: one more component, of zeros, makes both larger and is cut off.
      const roomy = { ...block, components: components + 1, samples: components > 1 ? planesOf(block) : samples }
      return keepScans(await encode(roomy, encoders, 0), components)
    } catch (second) {
      throw new RangeError(refused, { cause: second })
    }
  }
}

/** @param interleaveMode 0: each component in a scan of its own · 2: pixel by pixel in one */
const encode = (block: SampleBlock, encoders: Encoders, interleaveMode: 0 | 2): Promise<Uint8Array<ArrayBuffer>> =>
  encodeWasm('jpeg-ls', block, encoders, (encoder) => {
    encoder.setNearLossless(0)
    encoder.setInterleaveMode(interleaveMode)
  })

function planesOf({ samples, components }: SampleBlock): SampleBlock['samples'] {
  const planes = samples.slice()
  const pixels = samples.length / components
  for (let component = 0; component < components; component += 1)
    for (let pixel = 0; pixel < pixels; pixel += 1)
      planes[component * pixels + pixel] = samples[pixel * components + component]!
  return planes
}

const [startOfScan, endOfImage, startOfFrame] = [0xda, 0xd9, 0xf7]
/** Of the frame header for each component (ISO/IEC 14495-1 C.2.2). */
const bytesOfComponent = 3

/** The image of its first components, each in a scan of its own; changes `bytes`, of which it is a part. */
export function keepScans(bytes: Uint8Array<ArrayBuffer>, components: number): Uint8Array<ArrayBuffer> {
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
  let dropped = 0
  let scans = 0
  let at = 2
  while (scans < components) {
    const marker = bytes[at + 1]
    if (bytes[at] !== 0xff || marker === undefined) throw new RangeError('no scan for each component')
    const length = word(at + 2)
    const end = at + 2 + length
    if (marker === startOfFrame) {
      dropped = (bytes[at + 9]! - components) * bytesOfComponent
      bytes[at + 3] = (length - dropped) & 0xff
      bytes[at + 9] = components
      // What stands before the components that go moves up to what follows them.
      bytes.copyWithin(dropped, 0, end - dropped)
    }
    at = marker === startOfScan ? endOfScan(bytes, end) : end
    if (marker === startOfScan) scans += 1
  }
  bytes.set([0xff, endOfImage], at)
  return bytes.subarray(dropped, at + 2)
}

/** Behind the coded data that begin at `from`: a bit of zero follows each byte of ones in them (A.1). */
function endOfScan(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(0xff, from)
  while (at >= 0 && at + 1 < bytes.length && bytes[at + 1]! < 0x80) at = bytes.indexOf(0xff, at + 1)
  if (at < 0) throw new RangeError('a scan without an end')
  return at
}
