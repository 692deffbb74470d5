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
export interface Reason {
  key: ReasonKey | SkipKey | RefusalKey | ArchiveFault
  /** Failure or warning reason of PS3.18 I.2, four hexadecimal digits; or an HTTP status. */
  code?: string
  /** The server's own words. */
  text?: string
}

export const reasonKeys = [
  'a700',
  'a900',
  'c000',
  '0110',
  '0111',
  '0119',
  '0122',
  'c122',
  '0117',
  '0106',
  '0120',
  '0121',
  '0124',
  'b000',
  'b006',
  'b007',
  'other',
  'noAnswer',
  'network',
  'unreadable',
  'tooLarge',
  'notWhole',
  'http',
  'signIn',
] as const
export type ReasonKey = (typeof reasonKeys)[number]

/** What is never meant to be sent. */
export const skipKeys = ['system', 'dicomdir', 'empty', 'unpacked'] as const
export type SkipKey = (typeof skipKeys)[number]

/** Why a file is not sent that somebody may have meant to. */
export const refusalKeys = ['notDicom', 'notConverted', 'packed', 'document', 'notSame'] as const
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

export interface UploadFile {
  id: number
  /** With the folders and archives it was found in. */
  path: string
  /** Its bytes: on the disk, or unpacked for as long as they are needed. */
  file: Blob | undefined
  member?: ArchiveMember | undefined
  /** Of its file on the browser's own disk. */
  unpackedName?: string | undefined
  size: number
  state: FileState
  /** Bytes that have been looked at, while reading. */
  read: number
  /** Bytes that have left, while sending. */
  sent: number
  /** Hexadecimal. */
  sha256?: string | undefined
  /** It goes on with an upload of exactly these bytes. */
  expectedSha256?: string | undefined
  sopInstanceUid?: string | undefined
  /** Must not share a request: the answer could not be told apart. */
  isAlone?: boolean
  /** The upload in parts it belongs to. */
  uploadId?: string | undefined
  /** Nothing was sent: it was there. */
  wasKnown?: boolean
  reason?: Reason | undefined
  /** Inspection it was stored in. */
  studyInstanceUid?: string | undefined
  /** Slug of the project it goes to; undefined leaves it to the server. */
  project?: string | undefined
  /** When its outcome was known (Date.now). */
  settledAt?: number | undefined
}

const waitingStates: readonly FileState[] = ['reading', 'queued', 'sending', 'processing']

export const isStored = (state: FileState): boolean => state === 'stored' || state === 'present' || state === 'warned'
export const canRetry = (state: FileState): boolean => state === 'failed' || state === 'cancelled'
export const isWaiting = (state: FileState): boolean => waitingStates.includes(state)
