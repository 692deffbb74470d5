import type { SendRequest } from '@instandt/api'
import type { AskServer } from './ask-known.ts'
import type { Intake } from './intake-pool.ts'
import type { StartLarge } from './send-large.ts'
import type { UploadFile } from './upload-file.ts'

export interface QueueOptions extends AskServer {
  intake: Intake
  send: SendRequest
  startLarge: StartLarge
  /** Whether the server answers anything at all. */
  isReachable: () => Promise<boolean>
  /** Slug of the project that files chosen now go to. */
  project: () => string | undefined
  /** Requests of small files at once; browsers open six connections at most, and the pages need some too. */
  parallel?: number
  /** Files from this size on travel in parts. */
  largeFrom?: number
  /** Milliseconds before the second try of a request (1,000). */
  firstPause?: number
  /** Something changed; called very often. */
  onChange: () => void
}

export interface Found {
  path: string
  /** Undefined: it could not be opened. */
  file: Blob | undefined
  project?: string
  expectedSha256?: string
}

export type Stop = 'paused' | 'signed-out'

export interface UploadQueue {
  readonly files: readonly UploadFile[]
  /** Something is under way, about to be, or stopped and not at its end. */
  isActive(): boolean
  stopped(): Stop | undefined
  /** When the next try begins (milliseconds of Date.now), while the server is busy or away. */
  retryAt(): number | undefined
  /** The server takes no more unfinished uploads of this person. */
  isFull(): boolean
  add(found: readonly Found[]): void
  pause: () => void
  /** Goes on after a pause, or once somebody is signed in again. */
  resume: () => void
  /** The line is another one: what is under way begins anew at once. */
  renew: () => void
  cancel: () => void
  retryFailed: () => void
  /** Forgets all files; only while nothing is active. */
  clear: () => void
}
