/** Decoder objects of the WebAssembly packages: bytes in, samples out, pixel by pixel and little endian. */
export interface WasmDecoder {
  getEncodedBuffer(byteLength: number): Uint8Array
  getDecodedBuffer(): Uint8Array
  decode(): void
  getFrameInfo(): FrameInfo
  /** JPEG-LS: 0 none (planes), 1 line, 2 sample. */
  getInterleaveMode?(): number
  /** JPEG 2000 and HTJ2K: the picture halved so many times. */
  decodeSubResolution?(reduction: number): void
  calculateSizeAtDecompositionLevel?(reduction: number): { width: number; height: number }
  delete(): void
}

export interface FrameInfo {
  width: number
  height: number
  bitsPerSample: number
  componentCount: number
  isSigned?: boolean
}

export interface WasmModule {
  getExceptionMessage?: (pointer: number) => string
}

/** Exceptions of C++ arrive as the address of their text. */
export const wasmError = (error: unknown, module: WasmModule): unknown =>
  typeof error === 'number' ? new Error(module.getExceptionMessage?.(error) ?? 'damaged data', { cause: error }) : error

export interface WasmOptions {
  /** Where the .wasm lies. */
  locateFile?: (file: string) => string
  wasmBinary?: Uint8Array
  print?: (text: string) => void
  printErr?: (text: string) => void
}

/** Starts a WebAssembly module. */
export type WasmFactory<Name extends string> = (
  options: WasmOptions,
) => Promise<WasmModule & Record<Name, new () => WasmDecoder>>

/** The program of a codec could not be loaded: nothing is said about the image, and asking again may help. */
export class CodecMissing extends Error {
  override readonly name = 'CodecMissing'
}

export type WasmCodec = 'jpeg-ls' | 'jpeg-2000' | 'htj2k' | 'jpeg-xl'

export interface LoadedCodec {
  createDecoder: () => WasmDecoder
  module: WasmModule
}

/** Decoder of lossless JPEG: 8-bit samples in bytes, others in 16-bit words. */
export type LosslessJpegDecode = (bytes: Uint8Array<ArrayBuffer>, bytesPerSample: number) => Uint8Array | Uint16Array

/**
 * The image codecs, each loaded when first needed; the worker and the tests know where from.
 * @throws {CodecMissing} one cannot be loaded
 */
export interface Codecs {
  wasm(codec: WasmCodec): Promise<LoadedCodec>
  losslessJpeg(): Promise<LosslessJpegDecode>
  /** Up to `byteLength` bytes; fewer when the stream ends before. */
  inflateRaw(bytes: Uint8Array<ArrayBuffer>, byteLength: number): Promise<Uint8Array<ArrayBuffer>>
}
