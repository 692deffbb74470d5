import { tags } from './dictionary/index.ts'
import type { Dataset, JsonValue, Vr } from './types.ts'
import { byteLength, elementHeader, itemHeader, writeElements, type Layout } from './write-dataset.ts'
import { writePart10 } from './write-part10.ts'
import { DicomWriteError } from './write-value.ts'

/** Media Storage Directory Storage (PS3.4 table I.4-1). */
/** Media Storage Directory Storage (PS3.4 I.4): what a DICOMDIR says that it is. */
export const directorySopClassUid = '1.2.840.10008.1.3.10'
const explicitLittleEndian = '1.2.840.10008.1.2.1'
const layout: Layout = { isImplicit: false, isBigEndian: false, lengths: 'defined' }
const uint32 = 2 ** 32
// Records are handed on in pieces of about this size.
const pieceSize = 64 * 1024

/** One record; records come in the order of a tree walked from the top (PS3.3 F.2.1), each after the one it belongs to. */
export interface DirectoryRecord {
  /** 0: not below any other record. */
  level: number
  /** Directory Record Type (PS3.3 F.3.2.2). DICONDE keeps these values: a component's record is PATIENT (ASTM E2339). */
  type: 'PATIENT' | 'STUDY' | 'SERIES' | 'IMAGE' | 'ENCAP DOC'
  /** The keys of its type (PS3.3 F.5). */
  keys: Dataset
  /** What it stands for. */
  file?: {
    /** File ID, at most eight components of A-Z, 0-9 and _, of eight characters each (PS3.10 8.2 and 8.5). */
    path: readonly string[]
    sopClassUid: string
    sopInstanceUid: string
    transferSyntaxUid: string
  }
}

/** What a record has to know of those behind it before it can be written. */
export interface DirectoryPlan {
  /** Of the records that others may lie below, in their order. */
  branches: { level: number; byteLength: number; isLast: boolean }[]
  /** Level of the records below which nothing lies. */
  leafLevel: number
  byteLength: number
  /** Bytes from the last record of level 0 to the end. */
  lastRootLength: number
}

/**
 * Measures a directory before it is written, because each record names the place of the next one of its kind.
 * Keeps some bytes for each record above `leafLevel`.
 * @throws DicomWriteError when it would not fit into the four bytes of an offset
 */
export async function planDirectory(
  records: AsyncIterable<DirectoryRecord>,
  leafLevel: number,
): Promise<DirectoryPlan> {
  const plan: DirectoryPlan = { branches: [], leafLevel, byteLength: 0, lastRootLength: 0 }
  const open: DirectoryPlan['branches'] = []
  for await (const record of records) {
    const length = encodeRecord(record).length
    plan.byteLength += length
    open.length = Math.min(open.length, record.level)
    for (const above of open) above.byteLength += length
    if (record.level >= leafLevel) continue
    const branch = { level: record.level, byteLength: length, isLast: true }
    plan.branches.push(branch)
    open.push(branch)
  }
  // Walked from the end: the first one seen below the same parent is the last one there.
  const seen: boolean[] = []
  for (const branch of plan.branches.toReversed()) {
    branch.isLast = seen[branch.level] !== true
    seen.length = branch.level
    seen[branch.level] = true
  }
  plan.lastRootLength = plan.branches.findLast(({ level }) => level === 0)?.byteLength ?? 0
  if (plan.byteLength > uint32 - pieceSize)
    throw new DicomWriteError('A DICOMDIR cannot be longer than 4 GiB.', tags.directoryRecordSequence)
  return plan
}

/** Bytes of the DICOMDIR that `writeDirectory` will make. */
export function directoryLength(plan: DirectoryPlan, sopInstanceUid: string): number {
  return byteLength(directoryHead(plan, sopInstanceUid)) + plan.byteLength
}

/**
 * Writes a DICOMDIR (PS3.10 8.6, PS3.3 annex F), in explicit little endian as PS3.10 8.6 wants it. `records` are those
 * that were planned.
 * @throws DicomWriteError when they are others
 */
export async function* writeDirectory(
  records: AsyncIterable<DirectoryRecord>,
  plan: DirectoryPlan,
  sopInstanceUid: string,
): AsyncGenerator<Uint8Array> {
  let pieces = directoryHead(plan, sopInstanceUid)
  let waiting = byteLength(pieces)
  let at = waiting
  const end = at + plan.byteLength
  let branchCount = 0
  let leaf: Uint8Array | undefined
  for await (const record of records) {
    const isLeaf = record.level === plan.leafLevel
    // Whether another leaf follows the one before is known only now.
    if (leaf && isLeaf) pointTo(leaf, at)
    if (waiting >= pieceSize) {
      yield join(pieces)
      pieces = []
      waiting = 0
    }
    const bytes = encodeRecord(record)
    leaf = isLeaf ? bytes : undefined
    if (!isLeaf) {
      const branch = plan.branches[branchCount++]
      if (branch?.level !== record.level) throw otherRecords()
      pointTo(bytes, branch.isLast ? 0 : at + branch.byteLength)
      if (branch.byteLength > bytes.length) pointDown(bytes, at + bytes.length)
    }
    at += bytes.length
    waiting += bytes.length
    pieces.push(bytes)
  }
  if (at !== end || branchCount !== plan.branches.length) throw otherRecords()
  yield join(pieces)
}

const otherRecords = (): DicomWriteError =>
  new DicomWriteError('The records are not those that were planned.', tags.directoryRecordSequence)

/** Everything up to the first record. */
function directoryHead(plan: DirectoryPlan, sopInstanceUid: string): Uint8Array[] {
  const make = (first: number, last: number): Uint8Array[] => [
    ...writePart10(
      {
        [tags.fileSetId]: element('CS'),
        [tags.offsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity]: element('UL', first),
        [tags.offsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity]: element('UL', last),
        [tags.fileSetConsistencyFlag]: element('US', 0),
      },
      {
        transferSyntaxUid: explicitLittleEndian,
        fileMeta: {
          [tags.mediaStorageSopClassUid]: element('UI', directorySopClassUid),
          [tags.mediaStorageSopInstanceUid]: element('UI', sopInstanceUid),
        },
      },
    ),
    elementHeader(tags.directoryRecordSequence, 'SQ', plan.byteLength, layout),
  ]
  const start = byteLength(make(0, 0))
  return plan.byteLength === 0 ? make(0, 0) : make(start, start + plan.byteLength - plan.lastRootLength)
}

const element = (vr: Vr, ...values: JsonValue[]): { vr: Vr; Value?: JsonValue[] } =>
  values.length === 0 ? { vr } : { vr, Value: values }

/** Item with the record's links, still open, its file and its keys (PS3.3 table F.3-3). */
function encodeRecord({ type, keys, file }: DirectoryRecord): Uint8Array {
  const dataset: Dataset = {
    [tags.offsetOfTheNextDirectoryRecord]: element('UL', 0),
    [tags.recordInUseFlag]: element('US', 0xffff),
    [tags.offsetOfReferencedLowerLevelDirectoryEntity]: element('UL', 0),
    [tags.directoryRecordType]: element('CS', type),
    ...(file && {
      [tags.referencedFileId]: element('CS', ...file.path),
      [tags.referencedSopClassUidInFile]: element('UI', file.sopClassUid),
      [tags.referencedSopInstanceUidInFile]: element('UI', file.sopInstanceUid),
      [tags.referencedTransferSyntaxUidInFile]: element('UI', file.transferSyntaxUid),
    }),
    ...keys,
  }
  const elements = writeElements(dataset, layout)
  return join([itemHeader(tags.item, byteLength(elements), false), ...elements])
}

// Each record begins with its item's header (8 bytes), the link to the next record (8 and 4), the flag (8 and 2) and
// the link to what lies below it (8 and 4).
const pointTo = (record: Uint8Array, place: number): void => setLink(record, 16, place)
const pointDown = (record: Uint8Array, place: number): void => setLink(record, 38, place)
const setLink = (record: Uint8Array, at: number, place: number): void =>
  new DataView(record.buffer).setUint32(at, place, true)

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(byteLength(pieces))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}
