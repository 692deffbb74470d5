/** Where one file stands. */
export type FileState =
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
  key: ReasonKey | SkipKey
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
  'http',
  'signIn',
] as const
export type ReasonKey = (typeof reasonKeys)[number]
export type SkipKey = 'system' | 'dicomdir' | 'empty'

export interface UploadFile {
  id: number
  /** With the folders it was found in. */
  path: string
  file: Blob
  size: number
  state: FileState
  /** Bytes that have left, while sending. */
  sent: number
  sopInstanceUid?: string | undefined
  /** Must not share a request: the answer could not be told apart. */
  isAlone?: boolean
  reason?: Reason | undefined
  /** Inspection it was stored in. */
  studyInstanceUid?: string | undefined
}

export const isStored = (state: FileState): boolean => state === 'stored' || state === 'present' || state === 'warned'
export const canRetry = (state: FileState): boolean => state === 'failed' || state === 'cancelled'
export const isWaiting = (state: FileState): boolean =>
  state === 'queued' || state === 'sending' || state === 'processing'
