import { ApiError, namedReason, type RunningUpload, SourceError, type Upload, type UploadProgress } from '@instandt/api'
import { type FileOutcome, isWaiting, type UploadFile } from './upload-file.ts'

/** Begins or goes on with an upload in parts; `onChange` is called often. */
export type StartLarge = (file: UploadFile, onChange: (progress: UploadProgress) => void) => RunningUpload

export interface LargeEvents {
  onChange: (progress: UploadProgress) => void
  /** All its bytes are there: the line is free for the next one. */
  onTransferred: () => void
}

/** Watches one upload in parts to its end. Undefined when it was cancelled. */
export async function followLarge(
  file: UploadFile,
  start: StartLarge,
  { onChange, onTransferred }: LargeEvents,
  keep: (running: RunningUpload) => void,
): Promise<FileOutcome | undefined> {
  let isTransferred = false
  const running = start(file, (progress) => {
    const { phase } = progress
    file.uploadId = progress.id
    if (phase === 'assembling' && !isTransferred) {
      isTransferred = true
      onTransferred()
    }
    if (phase === 'done' || phase === 'failed' || !isWaiting(file.state)) return
    file.sent = progress.sentBytes
    file.state = phase === 'assembling' ? 'processing' : phase === 'sending' ? 'sending' : 'queued'
    onChange(progress)
  })
  keep(running)
  try {
    const ended = await running.done
    // Tried again, it is another one.
    file.uploadId = undefined
    return outcomeOf(ended)
  } catch (error) {
    return failureOf(error)
  } finally {
    if (!isTransferred) onTransferred()
  }
}

function outcomeOf({ outcome }: Upload): FileOutcome {
  switch (outcome?.kind) {
    case 'stored':
    case 'already-stored': {
      const { studyInstanceUid, sopInstanceUid, sha256 } = outcome
      const state = outcome.kind === 'stored' ? 'stored' : 'present'
      return { state, studyInstanceUid, sopInstanceUid, sha256 }
    }
    case 'refused':
      return { state: 'refused', reason: namedReason(outcome.failureReason, outcome.comment) }
    case 'failed':
      return { state: 'failed', reason: { key: 'notWhole', text: outcome.comment } }
    case undefined:
      return { state: 'failed', reason: { key: 'noAnswer' } }
  }
}

function failureOf(error: unknown): FileOutcome | undefined {
  if (error instanceof DOMException && error.name === 'AbortError') return undefined
  if (error instanceof SourceError) return { state: 'failed', reason: { key: 'unreadable' } }
  if (!(error instanceof ApiError)) return { state: 'failed', reason: { key: 'network' } }
  const { status, detail, requestId } = error.problem
  const text = [detail, requestId].filter(Boolean).join(' · ')
  const reason = { code: String(status), ...(text ? { text } : {}) }
  if (status === 403) return { state: 'failed', reason: { ...reason, key: '0124' } }
  if (status === 413) return { state: 'refused', reason: { ...reason, key: 'tooLarge' } }
  return { state: 'failed', reason: { ...reason, key: 'http' } }
}
