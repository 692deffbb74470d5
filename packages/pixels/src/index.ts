// Pixels of DICOM frames: from stored bytes to stored values and to pictures, the same in a browser and in Node.
export {
  CodecMissing,
  type Codecs,
  type LoadedCodec,
  type LosslessJpegDecode,
  type WasmCodec,
  type WasmDecoder,
  type WasmModule,
} from './codecs.ts'
export { createCodecs, type CodecPrograms } from './create-codecs.ts'
export { createEncoders } from './create-encoders.ts'
export { decodeHtj2k } from './decode-htj2k.ts'
export { decodeFrame, type DecodedFrame, decodesToRgb, familyOf, syntaxName } from './decode-frame.ts'
export {
  type ColourModel,
  colourModelOf,
  type DisplayArray,
  type DisplayPixels,
  displayPixels,
} from './display-pixels.ts'
export { blockOf, canEncode, decodedFormat, encodeFrame, writableSyntaxes, writtenPhotometric } from './encode-frame.ts'
export { encodeHtj2k, type Htj2kStream, prefixesOf, type ReducedSamples, reductionsOf } from './encode-htj2k.ts'
export { encodeJpeg } from './encode-jpeg.ts'
export { encodeRle } from './encode-rle.ts'
export type { SampleBlock } from './encode-wasm.ts'
export type { Encoders } from './encoders.ts'
export { type FrameAttributes, type LookupTable, readFrameAttributes } from './frame-attributes.ts'
export { type JpegHeader, readJpegHeader } from './jpeg-dct.ts'
export { type BulkFetch, lookUp, type LookupTables, readLookupTables } from './look-up.ts'
export { type DecodedImage, type EncodedFrame, openFrame, openStored, type Values } from './open-frame.ts'
export { PixelFault, type PixelFaultCode, type PixelFaultDetail } from './pixel-fault.ts'
export {
  isSubsampled,
  nativeFrameBytes,
  type PixelFormat,
  readPixelFormat,
  sampleCount,
  type StoredArray,
} from './pixel-format.ts'
export { createReducer, type Reducer } from './reduce.ts'
export { type AskedWindow, renderPicture, type RenderOptions } from './render-picture.ts'
export { type Part, type Picture, pictureSize } from './resample.ts'
export {
  type FrameStatistics,
  measureFrame,
  type Padding,
  type Region,
  type ValueRange,
  valueRange,
} from './statistics.ts'
export { allocateStored, readNativeFrame, storedValuesAt } from './stored-values.ts'
export {
  createThreadPool,
  type JobOptions,
  JobTooSlow,
  type Thread,
  ThreadFailure,
  type ThreadPool,
} from './thread-pool.ts'
export * from './window.ts'
