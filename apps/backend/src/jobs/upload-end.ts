import type { UploadOutcome } from '@instandt/api'
import type { AuditEntry } from '../data/audit.ts'
import { refusalEvent, type StoreOutcome, type Uids } from '../dicomweb/stow/store-instance.ts'

/** How an upload ended. */
export interface End {
  state: 'stored' | 'refused' | 'failed'
  outcome: UploadOutcome
  event?: AuditEntry | undefined
  /** Committed with the rows: nothing is left to be told. */
  isTold?: boolean
}

/** A reading under way. */
export interface Reading {
  signal: AbortSignal
  readBytes: number
  isSuperseded(): boolean
  stop(): void
}

export type Named = Omit<Extract<UploadOutcome, { kind: 'stored' }>, 'kind'>

export function uidsOf({ study, series, instance, sopClass }: Partial<Uids> = {}): Partial<Named> {
  return {
    ...(study === undefined ? {} : { studyInstanceUid: study }),
    ...(series === undefined ? {} : { seriesInstanceUid: series }),
    ...(instance === undefined ? {} : { sopInstanceUid: instance }),
    ...(sopClass === undefined ? {} : { sopClassUid: sopClass }),
  }
}

export function refused(outcome: Extract<StoreOutcome, { kind: 'refused' }>): End {
  const { failureReason, comment, uids } = outcome
  return {
    state: 'refused',
    outcome: { kind: 'refused', failureReason, comment, ...uidsOf(uids) },
    event: refusalEvent([outcome]),
  }
}

export const failed = (code: string, comment: string): End => ({
  state: 'failed',
  outcome: { kind: 'failed', code, comment },
  event: { action: 'image.store', result: 'failed', detail: { reason: comment } },
})

export const digestMismatch = (): End =>
  failed('digest-mismatch', 'The file has another SHA-256 than announced: it changed while it was sent.')
