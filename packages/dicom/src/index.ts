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

export { planCorrection, type CorrectionNote, type Corrections } from './correct-file.ts'
export { readLayout, type FileLayout, type PlacedElement } from './file-layout.ts'
export { spliceFile, type Splice } from './splice.ts'
export { createHeaderReader, readHeader, type HeaderReader, type ReadOptions, type ReadSoFar } from './read-header.ts'
export { metaOf, type FileMeta } from './file-meta.ts'
export { beginsLikeDicom } from './sniff.ts'
export { defaultLimits, DicomReadError, maxJpegScans, type ReadErrorCode } from './limits.ts'
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
export {
  streamPart10,
  type StreamedFrames,
  type StreamedNative,
  type StreamedValue,
  type StreamOptions,
} from './stream-part10.ts'
export { writePart10, type EncapsulatedPixels, type NativePixels, type WriteOptions } from './write-part10.ts'
export {
  directoryLength,
  directorySopClassUid,
  planDirectory,
  writeDirectory,
  type DirectoryPlan,
  type DirectoryRecord,
} from './dicomdir.ts'
export { writePart10Stream, type PieceValue } from './write-stream.ts'
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
  searchDictionary,
  sopClassName,
  sopClassNames,
  tags,
  transferSyntax,
  transferSyntaxes,
  vrOf,
  type DictionaryEntry,
  type TransferSyntax,
} from './dictionary/index.ts'
export { faultOfText } from './check-text.ts'
export { createTextDecoder, foldText, formatPersonName, type TextDecoder, type TextWarning } from './charset.ts'
export { joinMultipart, multipartOverhead } from './join-multipart.ts'
export { MultipartError, type MultipartErrorCode } from './multipart-form.ts'
export { splitMultipart, type BodyPart, type MultipartLimits } from './split-multipart.ts'
export { MediaTypeError, parseAccept, parseMediaType, type AcceptRange, type MediaType } from './media-type.ts'
export {
  buildStoreResponse,
  failureReasons,
  warningReasons,
  type FailedInstance,
  type StoredInstance,
  type StoreOutcomes,
} from './stow-response.ts'
