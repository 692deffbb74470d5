// The contract of this package. Every other room imports from here only.
export type {
  BulkElement,
  Dataset,
  Element,
  FrameIndex,
  JsonValue,
  PersonName,
  ReadLimits,
  ReadResult,
  ReadWarning,
  Vr,
} from './types.ts'

export { createHeaderReader, readHeader, type HeaderReader, type ReadOptions } from './read-header.ts'
export { beginsLikeDicom } from './sniff.ts'
export { defaultLimits, DicomReadError, type ReadErrorCode } from './limits.ts'
export {
  alignFrame,
  FRAME_ENTRY_BYTES,
  locateNativeFrame,
  readFrameEntry,
  stripItemHeaders,
  swapFrame,
  type FrameEntry,
  type NativeFrame,
} from './frame-index.ts'
export { parseDataset, stringifyDataset, stringifyElement } from './dicom-json.ts'
export { writePart10, type EncapsulatedPixels, type NativePixels, type WriteOptions } from './write-part10.ts'
export { writePart10Stream, type StreamedValue, type StreamOptions } from './write-stream.ts'
export { DicomWriteError } from './write-value.ts'
export { attributesOf } from './attributes-of.ts'
export {
  getItems,
  getNumber,
  getNumbers,
  getPersonName,
  getString,
  getStrings,
  getWholeText,
  isDiconde,
  privateCreatorOf,
  publicDiconde,
} from './dataset.ts'
export {
  labelOf,
  lookup,
  publicTagOfPrivate,
  sopClassName,
  sopClassNames,
  tags,
  transferSyntax,
  transferSyntaxes,
  vrOf,
  type DictionaryEntry,
  type TransferSyntax,
} from './dictionary/index.ts'
export { createTextDecoder, foldText, formatPersonName, type TextDecoder, type TextWarning } from './charset.ts'
export {
  joinMultipart,
  MultipartError,
  splitMultipart,
  type BodyPart,
  type MultipartErrorCode,
  type MultipartLimits,
} from './multipart-related.ts'
export { MediaTypeError, parseAccept, parseMediaType, type MediaType } from './media-type.ts'
export {
  buildStoreResponse,
  failureReasons,
  warningReasons,
  type FailedInstance,
  type StoredInstance,
  type StoreOutcomes,
} from './stow-response.ts'
