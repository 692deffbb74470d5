import type { UploadOutcome } from '@instandt/api'
import { AppError } from '../app-error.ts'
import type { InstanceWriter } from '../data/group-commit.ts'
import {
  type Assembly,
  beginAssembly,
  finishUpload,
  forgiveAttempt,
  noteReading,
  storedAlongside,
} from '../data/upload-jobs.ts'
import { withUploadAlone } from '../data/upload-locks.ts'
import type { Deps } from '../deps.ts'
import { observe, type ReceivedFile, Refusal, registerFile } from '../dicomweb/stow/store-instance.ts'
import { type ArchiveScope, scopeAsKept } from '../plugins/access.ts'
import { convertUpload } from './convert-upload.ts'
import { digestMismatch, type End, failed, type Named, type Reading, refused, uidsOf } from './upload-end.ts'
import { PartDamaged, verifiedParts } from './verified-parts.ts'

const mostAttempts = 20
const noteEveryMs = 2_000

/**
 * Puts an upload's parts together, reads them once and stores the file as STOW-RS does: blob first, row last, and with the
 * row its end. May be broken off anywhere and run again, also beside itself.
 * @throws what may pass (store or database away, told to stop): the job is tried again
 */
export async function assembleUpload(
  deps: Deps,
  writer: InstanceWriter,
  scope: ArchiveScope,
  id: string,
  signal?: AbortSignal,
): Promise<void> {
  const upload = await beginAssembly(deps.db, scope, id)
  if (!upload) return
  const reading = startNotes(deps, scope, id, signal)
  let end: End
  try {
    end = await bringToEnd(deps, writer, scope, upload, reading)
  } catch (error) {
    // A superseded run has nothing to tell, and nothing to try again.
    if (reading.isSuperseded()) return
    if (signal?.aborted === true || (error instanceof AppError && error.status === 503))
      await forgiveAttempt(deps.db, scope, id)
    throw error
  } finally {
    reading.stop()
  }
  if (end.isTold === true) return
  const { state, outcome, event } = end
  const isOurs = await finishUpload(deps.db, scopeAsKept(upload.askedBy), id, { state, outcome, event })
  // The end is told first: what a crash leaves here is an orphan for the sweep. No row refers to these bytes.
  if (isOurs) await deps.blobs.delete(upload.blobKey)
}

/** Tells now and then how far the reading is; stops it when somebody else has ended the upload. */
function startNotes(deps: Deps, scope: ArchiveScope, id: string, outer: AbortSignal | undefined): Reading {
  const superseded = new AbortController()
  const note = async (): Promise<void> => {
    if (!(await noteReading(deps.db, scope, id, reading.readBytes)))
      superseded.abort(new Error('ended by somebody else'))
  }
  // Without the database the reading goes on; only its end needs one.
  const timer = setInterval(
    () => void note().catch((error: unknown) => deps.log.debug({ err: error }, 'not noted')),
    noteEveryMs,
  )
  const reading: Reading = {
    signal: outer ? AbortSignal.any([outer, superseded.signal]) : superseded.signal,
    readBytes: 0,
    isSuperseded: () => superseded.signal.aborted,
    stop: () => clearInterval(timer),
  }
  return reading
}

async function bringToEnd(
  deps: Deps,
  writer: InstanceWriter,
  scope: ArchiveScope,
  upload: Assembly,
  reading: Reading,
): Promise<End> {
  const { id, blobKey, byteSize, partSize, parts } = upload
  if (upload.attempts > mostAttempts) {
    deps.log.error({ upload: id, attempts: upload.attempts }, 'given up: every reading ended without a word')
    return failed('unreadable', 'The server could not read this file; its log says more.')
  }
  try {
    // Parts under way elsewhere are waited for: after the commit nothing may still be writing.
    await withUploadAlone(deps.db, scope, id, () =>
      deps.blobs.commitParts(blobKey, { count: parts.length, partSize, byteLength: byteSize }),
    )
    if (upload.content.kind === 'convert')
      return await convertUpload(deps, writer, scope, upload, upload.content, reading)
    const file = await readOnce(deps, upload, reading)
    if (upload.sha256 && !upload.sha256.equals(file.sha256)) return digestMismatch()
    return await register(deps, writer, upload, file)
  } catch (error) {
    if (error instanceof Refusal) return refused(error.outcome)
    if (error instanceof PartDamaged) {
      deps.log.error({ upload: id, part: error.number }, 'the store gave back other bytes than it got')
      return failed('part-damaged', 'Bytes were damaged in the store; send the file again.')
    }
    if (error instanceof AppError && error.code === 'parts-missing') {
      deps.log.error({ upload: id }, 'the store has lost parts of this upload')
      return failed('parts-lost', 'Parts of the file were lost in the store; send it again.')
    }
    throw error
  }
}

async function readOnce(deps: Deps, upload: Assembly, reading: Reading): Promise<ReceivedFile> {
  const received: { file?: ReceivedFile } = {}
  const body = verifiedParts(deps.blobs.read.bind(deps.blobs), upload.blobKey, upload.partSize, upload.parts)
  for await (const chunk of observe(deps.config.STORE_MAX_INSTANCE_BYTES, body, undefined, received)) {
    reading.signal.throwIfAborted()
    reading.readBytes += chunk.length
  }
  return received.file as ReceivedFile
}

async function register(deps: Deps, writer: InstanceWriter, upload: Assembly, file: ReceivedFile): Promise<End> {
  const sha256 = Buffer.from(file.sha256).toString('hex')
  const named = { ...uidsOf(file.uids), sha256 } as Named
  const told: UploadOutcome = { kind: 'stored', ...named }
  const scope = scopeAsKept(upload.askedBy)
  const outcome = await registerFile(deps, writer, scope, upload.blobKey, file, {
    alongside: storedAlongside(upload.id, told),
  })
  if (outcome.kind === 'refused') return refused(outcome)
  if (outcome.kind === 'stored') return { state: 'stored', outcome: told, isTold: true }
  return { state: 'stored', outcome: { kind: 'already-stored', ...named } }
}
