import type { BulkElement, Dataset, FrameIndex, ReadWarning } from '@instandt/dicom'

/** Search columns of one inspection, as read from one instance. Absent = not in the file. */
export interface NewStudy {
  studyInstanceUid: string
  componentIdentityKey: string
  componentNumber?: string
  componentIssuer?: string
  componentName?: string
  componentNameFolded?: string
  studyDate?: string
  studyTime?: string
  accessionNumber?: string
  studyId?: string
  studyDescription?: string
  ownerName?: string
  ownerNameFolded?: string
  manufacturingDate?: string
  materialName?: string
  searchText: string
  isDiconde: boolean
  /** DICOM JSON of the component- and study-level search answer, ready to send; ends before the counts. */
  attributes: string
}

export interface NewSeries {
  seriesInstanceUid: string
  modality?: string
  seriesNumber?: number
  seriesDescription?: string
  seriesDate?: string
  seriesTime?: string
  stepStartDate?: string
  stepStartTime?: string
  scheduledStepIds: string[]
  requestedProcedureIds: string[]
  manufacturer?: string
  stationName?: string
  operatorName?: string
  operatorNameFolded?: string
  attributes: string
}

/** Everything the commit needs of one stored object. */
export interface NewInstance {
  study: NewStudy
  series: NewSeries
  sopInstanceUid: string
  sopClassUid: string
  transferSyntaxUid: string
  instanceNumber?: number
  rowCount?: number
  columnCount?: number
  bitsAllocated?: number
  photometric?: string
  frameCount?: number
  contentDate?: string
  contentTime?: string
  byteSize: number
  sha256: Uint8Array
  blobKey: string
  /** Without its table. */
  frameLayout?: Omit<FrameIndex, 'table'>
  frameTable?: Uint8Array
  bulk: BulkElement[]
  attributes: string
  /** The whole data set with old private DICONDE elements under their public tags: declared attributes are read from it. */
  dataset: Dataset
  /** zstd of the whole data set's DICOM JSON; bulk URIs are relative ('bulkdata/…'). */
  metadata: Uint8Array
  warnings: ReadWarning[]
}

/** What a row says of its file; another file of the same instance has others. */
export type NewFile = Pick<
  NewInstance,
  'blobKey' | 'byteSize' | 'sha256' | 'frameLayout' | 'frameTable' | 'bulk' | 'metadata' | 'warnings'
>

/** As parameters for blob_key, byte_size, sha256, frame_layout, frame_table, bulk, metadata, warnings. */
export const fileValues = (file: NewFile): unknown[] => [
  file.blobKey,
  file.byteSize,
  file.sha256,
  file.frameLayout === undefined ? null : JSON.stringify(file.frameLayout),
  file.frameTable ?? null,
  JSON.stringify(file.bulk),
  file.metadata,
  JSON.stringify(file.warnings),
]

export type InsertResult =
  | { outcome: 'stored' }
  /** Same UID, same bytes: nothing was added; the caller removes its fresh blob. */
  | { outcome: 'already-stored' }
  /** Same UID, same bytes, and those that were stored had been found damaged: the new ones took the place of `blobKey`. */
  | { outcome: 'replaced'; place: 'current' | 'version'; blobKey: string; projectId: number }
  /** Same UID, other bytes; or the UID belongs to another study, series or project. */
  | { outcome: 'conflict'; reason: string }
  | { outcome: 'failed'; error: unknown }

export type Kept = Extract<InsertResult, { outcome: 'stored' | 'replaced' }>

/** The bytes have a row from now on: they must not be discarded. */
export const isKept = (result: InsertResult): result is Kept =>
  result.outcome === 'stored' || result.outcome === 'replaced'
