import {
  ApiError,
  isPassing,
  SourceError,
  startUpload,
  type Upload,
  uploadName,
  type UploadSource,
} from '@instandt/api'
import { OpsError } from '../ops-error.ts'
import type { TakenObject } from './archive-source.ts'
import { askKnown, tokenOver } from './ask-known.ts'
import type { Effort } from './effort.ts'
import { describeFault, notFinishedCode } from './faults.ts'
import type { Entry, Journal, Settlement } from './journal.ts'
import { knownAs } from './send-small.ts'
import { digestPart, type Target } from './target.ts'

/** Several objects travel at once, each in so many parts. */
const lanes = 2
/** Until a worker takes up what is all there. */
const patientMs = 10_000

type Became = Pick<Settlement, 'state' | 'reason'>

/**
 * Sends one object in parts, going on with an upload that was begun before. Undefined when the import ends first: the
 * journal knows the upload.
 */
export async function sendLarge(
  { path, upload, sha256: before }: Entry,
  { byteSize, sha256, sopInstanceUid }: TakenObject,
  ranges: UploadSource,
  name: string,
  { target, effort, journal }: { target: Target; effort: Effort; journal: Journal },
): Promise<Settlement | undefined> {
  const known = (await askKnown([sha256], { target, effort })).get(sha256)
  const object = { path, byteSize, sha256, sopInstanceUid: sopInstanceUid ?? known?.sopInstanceUid }
  if (known) return { ...object, ...knownAs(known, target) }

  const key = {}
  let noted = before === sha256 ? upload : undefined
  let reached = 0
  let reachedAt = Date.now()
  const running = startUpload({
    client: target.client,
    source: ranges,
    file: { name: uploadName(name), sha256, project: target.project },
    id: noted,
    lanes,
    digestPart,
    patience: effort.patienceMs,
    onChange({ id, phase, receivedBytes, readBytes, isFull }) {
      if (id !== undefined && id !== noted) journal.noteUpload(path, (noted = id), sha256)
      const step = receivedBytes + readBytes
      if (step > reached) {
        effort.progressed()
        reached = step
        reachedAt = Date.now()
      }
      const isIdle = phase === 'assembling' && Date.now() - reachedAt > patientMs
      if (isFull) effort.waiting(key, `${target.address} takes no more unfinished uploads of this account`)
      else if (phase === 'waiting') effort.waiting(key, `${target.address} does not answer`)
      else if (isIdle) effort.waiting(key, `no worker of ${target.address} stores what was uploaded`)
      else if (phase !== 'starting') effort.waiting(key, undefined)
    },
  })
  const forget = effort.onFinish(() => running.cancel())
  if (effort.isFinishing()) running.cancel()
  try {
    const ended = await running.done
    effort.progressed()
    return { ...object, ...becameOf(ended, sha256) }
  } catch (error) {
    const became = failureOf(error, target, effort)
    return became && { ...object, ...became }
  } finally {
    forget()
    effort.waiting(key, undefined)
  }
}

function becameOf({ outcome }: Upload, sha256: string): Became {
  switch (outcome?.kind) {
    case 'stored':
    case 'already-stored':
      if (outcome.sha256 !== sha256)
        return { state: 'failed', reason: 'the server does not confirm the SHA-256 of what it stored' }
      return { state: outcome.kind === 'stored' ? 'stored' : 'known' }
    case 'refused':
      return {
        state: 'refused',
        reason: `${outcome.failureReason.toString(16).toUpperCase().padStart(4, '0')}: ${outcome.comment}`,
      }
    case 'failed':
      return { state: 'failed', reason: outcome.comment }
    case undefined:
      return { state: 'failed', reason: 'the server does not say what became of it' }
  }
}

/** Undefined: ended by ourselves, or with everything else. */
function failureOf(error: unknown, target: Target, effort: Effort): Became | undefined {
  if (error instanceof DOMException && error.name === 'AbortError') return undefined
  if (error instanceof SourceError) return { state: 'failed', reason: 'it changed while it was sent' }
  if (error instanceof ApiError && error.problem.status === 401) {
    effort.fail(tokenOver(target))
    return undefined
  }
  if (isPassing(error)) {
    const words = `${target.address}: ${describeFault(error)}; run it again to go on`
    effort.fail(new OpsError(words, notFinishedCode, { cause: error }))
    return undefined
  }
  if (!(error instanceof ApiError)) throw error
  return { state: error.problem.status === 413 ? 'refused' : 'failed', reason: describeFault(error) }
}
