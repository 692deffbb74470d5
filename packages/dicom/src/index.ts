// The contract of this package. Every other room imports from here only.
export type { BulkElement, Dataset, Element, FrameIndex, JsonValue, PersonName, ReadLimits, ReadResult, ReadWarning, Vr } from './types.ts'

// read-header.ts ─ streaming Part 10 reader
//   createHeaderReader(options?: { limits?: Partial<ReadLimits> }): { push(chunk: Uint8Array): void; end(): ReadResult }
//   readHeader(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, options?): Promise<ReadResult>
//   class DicomReadError extends Error { code: ReadErrorCode; tag?: string; offset?: number }
// frame-index.ts
//   FRAME_ENTRY_BYTES = 20 (offset u64, span u64, fragment count u32, little endian)
//   readFrameEntry(entry: Uint8Array): { offset: number; span: number; fragments: number }
//     span runs from the first fragment's value to the last fragment's end; with fragments > 1 the 8-byte item
//     headers in between must be dropped: stripItemHeaders(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>
//   locateNativeFrame(index: FrameIndex, frame: number /* from 1 */): { offset; length; bitOffset; bitLength } | undefined
//   alignFrame / swapFrame(source, …): AsyncGenerator<Uint8Array>   bit-aligned or byte-swapped on the way out
// dicom-json.ts
//   stringifyDataset(dataset: Dataset): string                    tags ascending (PS3.18 F.2.2)
//   parseDataset(json: string): Dataset                           checked
// write-part10.ts
//   writePart10(dataset: Dataset, options: { transferSyntaxUid; fileMeta?; pixelFrames?; … }): Generator<Uint8Array>
// dataset.ts
//   getString(dataset, tag): string | undefined  · getStrings · getNumber · getNumbers · getItems · getPersonName
//   isDiconde(dataset): boolean · publicDiconde(dataset): Dataset  (old private astm.org/diconde blocks as public tags)
// dictionary/ ─ the only place with hex tags
//   tags: { sopInstanceUid: '00080018', … } as const (camel-case keyword → tag)
//   lookup(tagOrKeyword: string): DictionaryEntry | undefined   { tag, keyword, vr, vm, name, diconde?, retired }
//   vrOf(tag, privateCreator?): Vr | undefined · labelOf(tag, words: 'diconde' | 'dicom', privateCreator?): string
//   transferSyntaxes / transferSyntax(uid): { uid, name, encapsulated, deflated, bigEndian, implicit, mediaType } | undefined
//   sopClassName(uid): string | undefined
// charset.ts
//   createTextDecoder(specificCharacterSets: string[]): { decode(bytes: Uint8Array, vr: Vr): string }
//   formatPersonName(name: PersonName | string): string         whole, never split at ^
//   foldText(text: string): string                              case, accents and width folded, for searching
// multipart-related.ts
//   splitMultipart(body: AsyncIterable<Uint8Array>, boundary: string, limits?): AsyncGenerator<BodyPart>
//     BodyPart { headers: Map<string, string> (lower-case names); body: AsyncIterable<Uint8Array> }
//   joinMultipart(parts: AsyncIterable<{ headers: Record<string, string>; body: AsyncIterable<Uint8Array> }>, boundary): AsyncGenerator<Uint8Array>
//   class MultipartError extends Error { code }
// media-type.ts
//   parseMediaType(value: string): MediaType { type: 'multipart/related', parameters: Map } · parseAccept(value: string): MediaType[] by q
// stow-response.ts
//   buildStoreResponse({ studyUrl?, stored: […], failed: […] }): Dataset · failureReasons
