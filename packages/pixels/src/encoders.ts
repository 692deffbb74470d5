import type { FrameInfo, WasmModule, WasmOptions } from './codecs.ts'

export interface EncoderInput extends FrameInfo {
  isSigned: boolean
  /** The reversible colour transform of JPEG 2000 (ISO/IEC 15444-1 G.2). */
  isUsingColorTransform: boolean
}

/** Encoder objects of the WebAssembly packages: samples in, pixel by pixel and little endian, bytes out. */
export interface WasmEncoder {
  getDecodedBuffer(input: EncoderInput): Uint8Array
  encode(): void
  getEncodedBuffer(): Uint8Array
  delete(): void
}

export interface JpegLsEncoder extends WasmEncoder {
  setNearLossless(difference: number): void
  /** 0 none (planes), 1 line, 2 sample. */
  setInterleaveMode(mode: number): void
}

export interface J2kEncoder extends WasmEncoder {
  setQuality(isReversible: boolean, rate: number): void
  setDecompositions(count: number): void
  /** 0 LRCP, 1 RLCP, 2 RPCL, 3 PCRL, 4 CPRL. */
  setProgressionOrder(order: number): void
}

export interface Htj2kEncoder extends J2kEncoder {
  setTilePartDivisionsAtResolutions(isDivided: boolean): void
  setTLMMarker(isWritten: boolean): void
}

export interface JpegEncoder extends WasmEncoder {
  /** 1 to 100. */
  setQuality(quality: number): void
  setProgressive(isProgressive: boolean): void
  /** 0 none, 1 half of the columns, 2 half of columns and rows. */
  setSubSampling(kind: number): void
}

export interface WasmEncoders {
  'jpeg-ls': JpegLsEncoder
  'jpeg-2000': J2kEncoder
  htj2k: Htj2kEncoder
  jpeg: JpegEncoder
}

/** Starts a WebAssembly module with an encoder of this class. */
export type EncoderFactory<Class extends string, Name extends keyof WasmEncoders> = (
  options: WasmOptions,
) => Promise<WasmModule & Record<Class, new () => WasmEncoders[Name]>>

export interface LoadedEncoder<Name extends keyof WasmEncoders> {
  createEncoder: () => WasmEncoders[Name]
  module: WasmModule
}

/** The image encoders, each loaded when first needed. */
export interface Encoders {
  load<Name extends keyof WasmEncoders>(name: Name): Promise<LoadedEncoder<Name>>
}
