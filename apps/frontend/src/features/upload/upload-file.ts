import type { BatchFile, StoreReason, StoreReasonKey, StoreVerdict } from '@instandt/api'
import type { ZipBudget } from './zip-limits.ts'

/** Where one file stands. */
export type FileState =
  /** Waiting to be looked at, or being read: kind, hash, whether it is there already. */
  | 'reading'
  | 'queued'
  | 'sending'
  /** All bytes are out; the server has not answered. */
  | 'processing'
  | 'stored'
  /** The same bytes were there before. */
  | 'present'
  | 'warned'
  /** The server will not take it; sending it again changes nothing. */
  | 'refused'
  /** It did not get through; sending it again may help. */
  | 'failed'
  | 'cancelled'
  /** Never meant to be sent. */
  | 'skipped'

/** Key below `upload.reason` or `upload.skip` of the catalogue, and what the server added. */
export interface Reason extends Omit<StoreReason, 'key'> {
  key: StoreReasonKey | SkipKey | RefusalKey | ArchiveFault
}

/** What became of one file. */
export interface FileOutcome extends Omit<StoreVerdict, 'state' | 'reason'> {
  state: StoreVerdict['state'] | 'cancelled' | 'skipped'
  reason?: Reason
  /** Hexadecimal, as the server counted it. */
  sha256?: string | undefined
  /** Nothing was sent. */
  wasKnown?: boolean
}

/** What is never meant to be sent. */
export const skipKeys = ['system', 'dicomdir', 'empty', 'unpacked'] as const
export type SkipKey = (typeof skipKeys)[number]

/** Why a file is not sent that somebody may have meant to. */
export const refusalKeys = ['notDicom', 'notConverted', 'packed', 'document', 'notSame', 'notLoaded'] as const
export type RefusalKey = (typeof refusalKeys)[number]

/** Why an archive, or a file in it, is not unpacked. */
export const archiveFaults = [
  'zipBroken',
  'zipEncrypted',
  'zipMethod',
  'zipSplit',
  'zipTooMany',
  'zipTooLarge',
  'zipBomb',
  'zipName',
  'zipDepth',
  'zipNoRoom',
] as const
export type ArchiveFault = (typeof archiveFaults)[number]

/** A file in an archive that is open. */
export interface ArchiveMember {
  archive: OpenedArchive
  index: number
}

export interface OpenedArchive {
  number: number
  /** 1; 2 for an archive in an archive. */
  depth: number
  budget: ZipBudget
}

export interface UploadFile extends BatchFile {
  id: number
  /** With the folders and archives it was found in. */
  path: string
  /** Its bytes: on the disk, or unpacked for as long as they are needed. */
  file: Blob | undefined
  member?: ArchiveMember | undefined
  /** Of its file on the browser's own disk. */
  unpackedName?: string | undefined
  state: FileState
  /** Bytes that have been looked at, while reading. */
  read: number
  /** Hexadecimal. */
  sha256?: string | undefined
  /** It goes on with an upload of exactly these bytes. */
  expectedSha256?: string | undefined
  /** The upload in parts it belongs to. */
  uploadId?: string | undefined
  /** Nothing was sent: it was there. */
  wasKnown?: boolean
  reason?: Reason | undefined
  /** Inspection it was stored in. */
  studyInstanceUid?: string | undefined
  /** When its outcome was known (Date.now). */
  settledAt?: number | undefined
}

const waitingStates: readonly FileState[] = ['reading', 'queued', 'sending', 'processing']

export const isStored = (state: FileState): boolean => state === 'stored' || state === 'present' || state === 'warned'
export const canRetry = (state: FileState): boolean => state === 'failed' || state === 'cancelled'
export const isWaiting = (state: FileState): boolean => waitingStates.includes(state)
