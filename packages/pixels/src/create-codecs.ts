import {
  CodecMissing,
  type Codecs,
  type LoadedCodec,
  type LosslessJpegDecode,
  type WasmCodec,
  type WasmOptions,
} from './codecs.ts'

/** The codecs' WebAssembly programs: addresses, or the programs themselves. Node finds the others beside their scripts. */
export type CodecPrograms = Readonly<Partial<Record<WasmCodec, string | Uint8Array>>>

// The programs print what they think of a file; the fault says what people need. A fresh object each time: the module
// makes itself out of it.
export const wasmOptions = (program?: string | Uint8Array): WasmOptions => ({
  print: () => undefined,
  printErr: () => undefined,
  ...(typeof program === 'string' ? { locateFile: () => program } : program ? { wasmBinary: program } : {}),
})

const loaders: Record<WasmCodec, (program: string | Uint8Array | undefined) => Promise<LoadedCodec>> = {
  async 'jpeg-ls'(program) {
    const module = await (await import('@cornerstonejs/codec-charls/decodewasmjs')).default(wasmOptions(program))
    return { module, createDecoder: () => new module.JpegLSDecoder() }
  },
  async 'jpeg-2000'(program) {
    const module = await (await import('@cornerstonejs/codec-openjpeg/decodewasmjs')).default(wasmOptions(program))
    return { module, createDecoder: () => new module.J2KDecoder() }
  },
  async htj2k(program) {
    const module = await (await import('@cornerstonejs/codec-openjph/wasmjs')).default(wasmOptions(program))
    return { module, createDecoder: () => new module.HTJ2KDecoder() }
  },
  async 'jpeg-xl'(program) {
    const module = await (await import('@cornerstonejs/codec-libjxl/decodewasmjs')).default(wasmOptions(program))
    return { module, createDecoder: () => new module.JpegXLDecoder() }
  },
}

const missing =
  (codec: string) =>
  (error: unknown): never => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CodecMissing(`the decoder of ${codec} could not be loaded: ${reason}`, { cause: error })
  }

/** The decoders of one thread, of a browser or of Node: each is loaded once, when the first image asks for it. */
export function createCodecs(programs: CodecPrograms = {}): Codecs {
  const loaded = new Map<WasmCodec, Promise<LoadedCodec>>()
  return {
    wasm(codec) {
      let loading = loaded.get(codec)
      if (!loading) {
        loading = loaders[codec](programs[codec]).catch(missing(codec))
        loaded.set(codec, loading)
        // A broken download must not be remembered.
        loading.catch(() => loaded.delete(codec))
      }
      return loading
    },
    async losslessJpeg(): Promise<LosslessJpegDecode> {
      const { Decoder } = await import('@cornerstonejs/jpeg-lossless-decoder-js').catch(missing('jpeg-lossless'))
      return (bytes, width) => new Decoder().decode(bytes.buffer, bytes.byteOffset, bytes.byteLength, width)
    },
    inflateRaw,
  }
}

/** Frames have even lengths: a byte of padding behind the stream is no part of it, and the platform calls it an error. */
async function inflateRaw(bytes: Uint8Array<ArrayBuffer>, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await inflateExactly(bytes, byteLength)
  } catch (error) {
    if (bytes.at(-1) !== 0) throw error
    return inflateExactly(bytes.subarray(0, -1), byteLength)
  }
}

/** Inflates to `byteLength` bytes and no further, so that a bomb costs nothing. */
async function inflateExactly(bytes: Uint8Array<ArrayBuffer>, byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(byteLength)
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  let filled = 0
  while (filled < byteLength) {
    const { done, value } = await reader.read()
    if (done) return out.subarray(0, filled)
    out.set(value.subarray(0, byteLength - filled), filled)
    filled += value.length
  }
  reader.cancel().catch(() => undefined)
  return out
}
