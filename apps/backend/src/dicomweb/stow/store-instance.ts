import {
  type Dataset,
  DicomReadError,
  createHeaderReader,
  directorySopClassUid,
  failureReasons,
  getString,
  tags,
} from '@instandt/dicom'
import { AppError } from '../../app-error.ts'
import type { AuditEntry } from '../../data/audit.ts'
import type { Alongside, InstanceWriter } from '../../data/group-commit.ts'
import { type InsertResult, isKept, type Kept } from '../../data/new-instance.ts'
import type { Deps } from '../../deps.ts'
import { hashBeside, hashHere, type RunningHash } from '../../hash-thread.ts'
import type { StoreScope } from '../../plugins/access.ts'
import { newObjectKey } from '../../storage/blob-keys.ts'
import { buildRows } from './build-rows.ts'

export type StoreOutcome =
  | { kind: 'stored' | 'already-stored'; uids: Uids }
  | { kind: 'refused'; failureReason: number; comment: string; uids?: Partial<Uids>; isTooLarge?: boolean }

export interface Uids {
  study: string
  series: string
  instance: string
  sopClass: string
}

/** Ends the reading of one part with an outcome that is its sender's fault. */
export class Refusal extends Error {
  readonly outcome: Extract<StoreOutcome, { kind: 'refused' }>

  constructor(failureReason: number, comment: string, more: { uids?: Partial<Uids>; isTooLarge?: boolean } = {}) {
    super(comment)
    this.outcome = { kind: 'refused', failureReason, comment, ...more }
  }
}

// The way to a thread and back takes longer than hashing a short file. Of several at once it is this thread that all wait for.
const longBytes = 4 * 1024 * 1024
const several = 4

interface StoreOptions {
  expectedStudy?: string | undefined
  /** As announced. */
  requestBytes?: number
  /** Requests that store at this moment, this one among them. */
  atOnce?: number
}

/**
 * Stores one Part 10 file: header, hash and blob in one pass over its bytes, then the row. Blob first, row last: a crash
 * may leave an orphan blob, never a row without bytes. The memory of the body's chunks is taken over.
 */
export async function storeInstance(
  deps: Deps,
  writer: InstanceWriter,
  scope: StoreScope,
  body: AsyncIterable<Uint8Array>,
  { expectedStudy, requestBytes = 0, atOnce = 1 }: StoreOptions = {},
): Promise<StoreOutcome> {
  const blobKey = newObjectKey()
  const received: { file?: ReceivedFile } = {}
  let onWritten: () => void = () => undefined
  const isWritten = new Promise<void>((resolve) => {
    onWritten = resolve
  })
  const hash = requestBytes > longBytes ? hashBeside() : atOnce >= several ? hashBeside('short') : hashHere()
  const bytes = observe(deps.config.STORE_MAX_INSTANCE_BYTES, body, expectedStudy, received, hash)
  const durable = deps.blobs.write(blobKey, bytes, { onWritten, mayLetGo: true })
  // The flush of a short one takes about as long as writing its row does, which is then committed behind it.
  const isShort = (): boolean => received.file !== undefined && received.file.byteSize < longBytes
  try {
    await Promise.race([durable, isWritten])
    if (!isShort()) await durable
  } catch (error) {
    if (error instanceof Refusal) return error.outcome
    throw error
  }
  const { file } = received
  if (!file) throw new AppError('internal', 500, 'The blob store did not read the body to its end.')
  const discard = (): Promise<void> =>
    deps.blobs.delete(blobKey).catch((error: unknown) => deps.log.warn({ err: error, blobKey }, 'left for the sweep'))
  let outcome: StoreOutcome
  try {
    outcome = await registerFile(deps, writer, scope, blobKey, file, isShort() ? { durable } : {})
    await durable
  } catch (error) {
    // Nobody writes behind the caller's back.
    await durable.catch(() => undefined)
    // Only when it is certain that no row refers to these bytes; otherwise they wait for the sweep to find out.
    if (error instanceof AppError && error.code === 'database-unavailable') await discard()
    throw error
  }
  if (outcome.kind !== 'stored') await discard()
  return outcome
}

/** Gives a stored object its row. Unless it is `stored` nothing refers to these bytes, and the caller removes them. */
export async function registerFile(
  deps: Pick<Deps, 'log'>,
  writer: InstanceWriter,
  scope: StoreScope,
  blobKey: string,
  { read, uids, byteSize, sha256 }: ReceivedFile,
  more?: { alongside?: Alongside; durable?: Promise<unknown> },
): Promise<StoreOutcome> {
  const result = await writer.insert(scope, buildRows(read, uids, { blobKey, byteSize, sha256 }), more)
  if (isKept(result)) return { kind: 'stored', uids }
  if (result.outcome === 'already-stored') return { kind: 'already-stored', uids }
  return insertRefusal(deps, result, uids)
}

/** What is told of an instance that got no row. */
export function insertRefusal(
  deps: Pick<Deps, 'log'>,
  result: Exclude<InsertResult, Kept>,
  uids: Uids,
): Extract<StoreOutcome, { kind: 'refused' }> {
  if (result.outcome === 'conflict') return { kind: 'refused', ...conflictWords(result.reason), uids }
  if (result.outcome === 'already-stored') return { kind: 'refused', ...conflictWords('same-bytes'), uids }
  deps.log.error({ err: result.error, sopInstanceUid: uids.instance }, 'the row could not be inserted')
  return {
    kind: 'refused',
    failureReason: failureReasons.processingFailure,
    comment: 'The index refused this instance.',
    uids,
  }
}

/** What was stored is in the audit with its commit; this is what was not. */
export function refusalEvent(outcomes: readonly StoreOutcome[]): AuditEntry | undefined {
  const refused = outcomes.filter((outcome) => outcome.kind === 'refused')
  const [first] = refused
  if (!first) return undefined
  const study = first.uids?.study
  return {
    action: 'image.store',
    result: 'refused',
    count: refused.length,
    detail: { reason: first.comment, ...(study === undefined ? {} : { study }) },
  }
}

function conflictWords(reason: string): { failureReason: number; comment: string } {
  if (reason === 'other-bytes') {
    return {
      failureReason: failureReasons.duplicateSopInstance,
      comment: 'Another file with this SOP Instance UID is stored; it was kept.',
    }
  }
  if (reason === 'same-bytes')
    return { failureReason: failureReasons.duplicateSopInstance, comment: 'This very object is stored already.' }
  if (reason === 'other-series') {
    return {
      failureReason: failureReasons.duplicateSopInstance,
      comment: 'This SOP Instance UID is taken in another study or series.',
    }
  }
  return { failureReason: failureReasons.refusedNotAuthorized, comment: 'This study cannot be added to.' }
}

export interface ReceivedFile {
  read: ReturnType<ReturnType<typeof createHeaderReader>['end']>
  uids: Uids
  byteSize: number
  sha256: Uint8Array
}

/** Hands the bytes on and looks at them in passing. Throws Refusal before the last byte is taken for good. */
export async function* observe(
  maxBytes: number,
  body: AsyncIterable<Uint8Array>,
  expectedStudy: string | undefined,
  received: { file?: ReceivedFile },
  hash: RunningHash = hashHere(),
): AsyncGenerator<Uint8Array> {
  const reader = createHeaderReader()
  let byteSize = 0
  try {
    for await (const chunk of body) {
      byteSize += chunk.length
      if (byteSize > maxBytes) {
        throw new Refusal(failureReasons.outOfResources, `The file is larger than ${maxBytes} bytes.`, {
          isTooLarge: true,
        })
      }
      reader.push(chunk)
      const isToWait = hash.update(chunk)
      if (isToWait) await isToWait
      yield chunk
    }
    const read = reader.end()
    if (getString(read.fileMeta, tags.mediaStorageSopClassUid) === directorySopClassUid)
      throw new Refusal(failureReasons.sopClassNotSupported, 'This is a DICOMDIR: send the files that it lists.')
    const uids = checkUids(read.dataset, expectedStudy)
    received.file = { read, uids, byteSize, sha256: await hash.digest() }
  } catch (error) {
    if (!(error instanceof DicomReadError)) throw error
    throw new Refusal(failureReasons.cannotUnderstand, error.message)
  } finally {
    hash.drop()
  }
}

// PS3.5 9.1 with two allowances real files need: leading zeros in a component, and no check of the root.
const uidForm = /^[0-9]+(\.[0-9]+)*$/
const maxUidLength = 64

function checkUids(dataset: Dataset, expectedStudy: string | undefined): Uids {
  const found: Partial<Uids> = {}
  const wanted: [keyof Uids, string, string][] = [
    ['sopClass', tags.sopClassUid, 'SOPClassUID'],
    ['instance', tags.sopInstanceUid, 'SOPInstanceUID'],
    ['study', tags.studyInstanceUid, 'StudyInstanceUID'],
    ['series', tags.seriesInstanceUid, 'SeriesInstanceUID'],
  ]
  for (const [name, tag, keyword] of wanted) {
    const uid = getString(dataset, tag)
    if (dataset[tag] === undefined)
      throw new Refusal(failureReasons.missingAttribute, `${keyword} is missing.`, { uids: found })
    if (uid === undefined || uid === '')
      throw new Refusal(failureReasons.missingAttributeValue, `${keyword} is empty.`, { uids: found })
    if (uid.length > maxUidLength || !uidForm.test(uid)) {
      throw new Refusal(failureReasons.invalidAttributeValue, `${keyword} is no valid UID.`, { uids: found })
    }
    found[name] = uid
  }
  const uids = found as Uids
  if (expectedStudy !== undefined && uids.study !== expectedStudy) {
    throw new Refusal(
      failureReasons.dataSetDoesNotMatchSopClass,
      'The StudyInstanceUID differs from the one in the address.',
      { uids },
    )
  }
  return uids
}
