import { wasmOptions } from './create-codecs.ts'
import type { Encoders, LoadedEncoder, WasmEncoders } from './encoders.ts'

const loaders: { [Name in keyof WasmEncoders]: () => Promise<LoadedEncoder<Name>> } = {
  async 'jpeg-ls'() {
    const module = await (await import('@cornerstonejs/codec-charls/wasmjs')).default(wasmOptions())
    return { module, createEncoder: () => new module.JpegLSEncoder() }
  },
  async 'jpeg-2000'() {
    const module = await (await import('@cornerstonejs/codec-openjpeg/wasmjs')).default(wasmOptions())
    return { module, createEncoder: () => new module.J2KEncoder() }
  },
  async htj2k() {
    const module = await (await import('@cornerstonejs/codec-openjph/wasmjs')).default(wasmOptions())
    return { module, createEncoder: () => new module.HTJ2KEncoder() }
  },
  async jpeg() {
    const module = await (await import('@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs')).default(wasmOptions())
    return { module, createEncoder: () => new module.JPEGEncoder() }
  },
}

/** The encoders of one thread of Node, which finds their programs beside their scripts; each is loaded once. */
export function createEncoders(): Encoders {
  const loaded = new Map<string, Promise<unknown>>()
  return {
    load<Name extends keyof WasmEncoders>(name: Name) {
      const loading = loaded.get(name) ?? loaders[name]()
      loaded.set(name, loading)
      return loading as Promise<LoadedEncoder<Name>>
    },
  }
}
