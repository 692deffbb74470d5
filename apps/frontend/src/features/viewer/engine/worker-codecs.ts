import charlsWasm from '@cornerstonejs/codec-charls/decodewasm?url'
import jpegXlWasm from '@cornerstonejs/codec-libjxl/decodewasm?url'
import openJpegWasm from '@cornerstonejs/codec-openjpeg/decodewasm?url'
import openJphWasm from '@cornerstonejs/codec-openjph/wasm?url'
import type { Codecs, LoadedCodec, LosslessJpegDecode, WasmCodec } from './codecs.ts'

// The programs print what they think of a file; the fault says what people need.
const quiet = (wasm: string) => ({ locateFile: () => wasm, print: () => undefined, printErr: () => undefined })

const loaders: Record<WasmCodec, () => Promise<LoadedCodec>> = {
  async 'jpeg-ls'() {
    const module = await (await import('@cornerstonejs/codec-charls/decodewasmjs')).default(quiet(charlsWasm))
    return { module, createDecoder: () => new module.JpegLSDecoder() }
  },
  async 'jpeg-2000'() {
    const module = await (await import('@cornerstonejs/codec-openjpeg/decodewasmjs')).default(quiet(openJpegWasm))
    return { module, createDecoder: () => new module.J2KDecoder() }
  },
  async htj2k() {
    const module = await (await import('@cornerstonejs/codec-openjph/wasmjs')).default(quiet(openJphWasm))
    return { module, createDecoder: () => new module.HTJ2KDecoder() }
  },
  async 'jpeg-xl'() {
    const module = await (await import('@cornerstonejs/codec-libjxl/decodewasmjs')).default(quiet(jpegXlWasm))
    return { module, createDecoder: () => new module.JpegXLDecoder() }
  },
}

/** The codecs as a worker of the web app loads them: each once, when the first image asks for it. */
export function createWorkerCodecs(): Codecs {
  const loaded = new Map<WasmCodec, Promise<LoadedCodec>>()
  return {
    wasm(codec) {
      let loading = loaded.get(codec)
      if (!loading) {
        loading = loaders[codec]()
        loaded.set(codec, loading)
        // A broken download must not be remembered.
        loading.catch(() => loaded.delete(codec))
      }
      return loading
    },
    async losslessJpeg(): Promise<LosslessJpegDecode> {
      const { Decoder } = await import('@cornerstonejs/jpeg-lossless-decoder-js')
      return (bytes, width) => new Decoder().decode(bytes.buffer, bytes.byteOffset, bytes.byteLength, width)
    },
    inflateRaw,
  }
}

/** Frames have even lengths: a byte of padding behind the stream is no part of it, and the browser calls it an error. */
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
