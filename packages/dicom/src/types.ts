/** Value representations of PS3.5 6.2, and '??' never: an unknown one is read as UN. */
export type Vr =
  | 'AE'
  | 'AS'
  | 'AT'
  | 'CS'
  | 'DA'
  | 'DS'
  | 'DT'
  | 'FD'
  | 'FL'
  | 'IS'
  | 'LO'
  | 'LT'
  | 'OB'
  | 'OD'
  | 'OF'
  | 'OL'
  | 'OV'
  | 'OW'
  | 'PN'
  | 'SH'
  | 'SL'
  | 'SQ'
  | 'SS'
  | 'ST'
  | 'SV'
  | 'TM'
  | 'UC'
  | 'UI'
  | 'UL'
  | 'UN'
  | 'UR'
  | 'US'
  | 'UT'
  | 'UV'

/** A person name (PS3.18 F.2.2); DICONDE component names use only the first group and are shown whole. */
export interface PersonName {
  Alphabetic?: string
  Ideographic?: string
  Phonetic?: string
}

export type JsonValue = string | number | null | PersonName | Dataset

/** One attribute of the DICOM JSON model (PS3.18 F.2). At most one of the three value forms is present. */
export interface Element {
  vr: Vr
  Value?: JsonValue[]
  InlineBinary?: string
  BulkDataURI?: string
}

/** A data set of the DICOM JSON model: keys are eight upper-case hexadecimal digits. */
export interface Dataset {
  [tag: string]: Element
}

/** A value kept out of the data set: its bytes stay in the file. */
export interface BulkElement {
  /** Where it sits: '42000011', or '54000100/0/54001010' (item index from 0) inside sequences. */
  path: string
  vr: Vr
  /** First value byte, from the start of the file; of the inflated stream when the syntax is deflated. */
  offset: number
  /** Bytes. */
  length: number
}

/**
 * Where every frame lies. Native frames follow from four numbers; encapsulated ones have a table of
 * `frameCount` entries of FRAME_ENTRY_BYTES (see frame-index.ts), so that one frame is one small read.
 */
export interface FrameIndex {
  encapsulated: boolean
  /** Offsets count from the start of the inflated stream, so ranged reads of the file do not apply. */
  deflated: boolean
  frameCount: number
  /** Native: first byte of the pixel data. */
  offset: number
  /** Native: value bytes of the whole pixel data element. */
  length: number
  /** Native: bits from one frame to the next; not always a multiple of 8 (PS3.5 8.1.1). */
  frameBits: number
  /** Native: bytes to reverse to get little endian, 1 when there is nothing to swap. */
  swapBytes: 1 | 2 | 4 | 8
  /** Encapsulated: frameCount × FRAME_ENTRY_BYTES. */
  table?: Uint8Array
}

export interface ReadWarning {
  code: string
  tag?: string
  offset?: number
  message: string
}

export interface ReadResult {
  /** Group 0002. */
  fileMeta: Dataset
  /** Everything else; bulk elements carry BulkDataURI 'bulkdata/<path>' and pixel data 'bulkdata/7FE00010'. */
  dataset: Dataset
  transferSyntaxUid: string
  /** Bytes seen. */
  byteLength: number
  bulk: BulkElement[]
  /** Undefined when there is no pixel data or its geometry cannot be known (a warning says why). */
  frames: FrameIndex | undefined
  /** Found by handbook rules: software versions, group 0014, private creator or SOP class. */
  isDiconde: boolean
  /** Things that are wrong but did not stop reading. */
  warnings: ReadWarning[]
}

export interface ReadLimits {
  /** Sequence nesting. */
  maxDepth: number
  /** Elements in the whole file, nested ones included. */
  maxElements: number
  /** Longest value kept in memory (bytes); longer ones of any VR become bulk data. */
  maxValueLength: number
  /** Values of OB, OD, OF, OL, OV, OW, UN longer than this (bytes) become bulk data. */
  maxInlineLength: number
  /** Memory for attributes (bytes): their values, and what objects cost around them, roughly. */
  maxHeaderLength: number
  maxFragments: number
  /** Inflated bytes per deflated byte, checked after the first 64 MiB. */
  maxInflateRatio: number
}
