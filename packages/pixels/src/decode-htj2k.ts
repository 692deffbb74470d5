import { type Codecs, wasmError } from './codecs.ts'
import type { ReducedSamples } from './encode-htj2k.ts'
import { linesFromDecoder } from './htj2k-lines.ts'
import { viewDecoded } from './decode-frame.ts'

/**
 * Stored values of an HTJ2K codestream that may end early, halved as often as asked for: `prefixes` of the rendition say
 * how many bytes that takes.
 * @throws {Error} damaged data, or a prefix too short for the resolution
 */
export async function decodeHtj2k(
  bytes: Uint8Array,
  reduction: number,
  codecs: Codecs,
): Promise<ReducedSamples & { components: number }> {
  const { createDecoder, module } = await codecs.wasm('htj2k')
  const decoder = createDecoder()
  try {
    decoder.getEncodedBuffer(bytes.byteLength).set(bytes)
    if (!decoder.decodeSubResolution || !decoder.calculateSizeAtDecompositionLevel)
      throw new Error('this decoder knows no resolutions')
    decoder.decodeSubResolution(reduction)
    const info = decoder.getFrameInfo()
    if (info.width === 0 || info.height === 0) throw new Error('damaged data')
    const { width, height } = decoder.calculateSizeAtDecompositionLevel(reduction)
    const size = { columns: width, rows: height, components: info.componentCount }
    const samples = viewDecoded(decoder.getDecodedBuffer().slice(), info)
    const expected = width * height * size.components
    if (samples.length < expected) throw new Error(`${samples.length} samples where ${expected} are needed`)
    return { ...size, samples: linesFromDecoder(samples.subarray(0, expected), bytes, size) }
  } catch (error) {
    throw wasmError(error, module)
  } finally {
    decoder.delete()
  }
}
