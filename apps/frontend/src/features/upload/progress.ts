import type { UploadSnapshot } from './snapshot.ts'

type Progress = Pick<UploadSnapshot, 'bytes' | 'counts'>

/** 100 only when every file has its outcome: the last bytes are sent before the last answer comes. */
export function percentOf({ bytes, counts }: Progress): number {
  if (counts.toSend > 0 && counts.done === counts.toSend && counts.cancelled === 0) return 100
  return bytes.total === 0 ? 0 : Math.min(99, Math.floor((bytes.sent / bytes.total) * 100))
}

/** Undefined while nothing can be said. */
export function secondsLeft({ bytes }: Progress): number | undefined {
  return bytes.perSecond > 0 ? (bytes.total - bytes.sent) / bytes.perSecond : undefined
}
