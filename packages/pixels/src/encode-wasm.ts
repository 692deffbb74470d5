import { wasmError } from './codecs.ts'
import type { StoredArray } from './pixel-format.ts'
import type { Encoders, WasmEncoders } from './encoders.ts'

/** Samples to be compressed: pixel by pixel, their values within `bits`. */
export interface SampleBlock {
  samples: StoredArray
  columns: number
  rows: number
  components: number
  /** Bits of a sample, sign included; 16 at most. */
  bits: number
  isSigned: boolean
  /** Red, green, blue of 8 bits: the reversible transform makes them smaller. With 16 bits it would not be reversible. */
  isColourTransformed: boolean
}

/** Runs an encoder of the packages over one block; its memory is given back. */
export async function encodeWasm<Name extends keyof WasmEncoders>(
  name: Name,
  block: SampleBlock,
  encoders: Encoders,
  prepare: (encoder: WasmEncoders[Name]) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const { createEncoder, module } = await encoders.load(name)
  const { samples, columns, rows, components, bits, isSigned, isColourTransformed } = block
  const encoder = createEncoder()
  try {
    const input = encoder.getDecodedBuffer({
      width: columns,
      height: rows,
      bitsPerSample: bits,
      componentCount: components,
      isSigned,
      isUsingColorTransform: isColourTransformed,
    })
    input.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
    prepare(encoder)
    encoder.encode()
    return Uint8Array.from(encoder.getEncodedBuffer())
  } catch (error) {
    throw wasmError(error, module)
  } finally {
    encoder.delete()
  }
}
