import {
  ApiError,
  type NewUpload,
  type RunningUpload,
  type Upload,
  uploadName,
  type UploadProgress,
} from '@instandt/api'

export type RowState = 'waiting' | 'reading' | 'sending' | 'converting' | 'stored' | 'refused' | 'failed'

type Content = NonNullable<NewUpload['content']>

/** What is to become of a file, and where. */
export interface ConvertTarget {
  project: string | undefined
  content: Content
}

/** An upload that was left in the middle: what was said about the file then is at the server. */
export type LeftUpload = Pick<Upload, 'id' | 'sha256' | 'project' | 'content' | 'name'>

/** One chosen file and what has become of it. */
export interface ConvertRow {
  id: string
  /** Instance Number of what becomes of it. */
  number: number
  file: File
  /** Goes on with this one. */
  left?: LeftUpload | undefined
  state: RowState
  /** 0 to 1, of what it is doing now. */
  share: number
  /** Why it is not stored, in the server's words or by a key of ours. */
  reason?: string | undefined
  fault?: 'notSame' | 'full' | undefined
  uploadId?: string | undefined
  studyInstanceUid?: string
  objectCount?: number
}

export interface ConvertDeps {
  /** SHA-256 in hexadecimal; undefined where it cannot be had. */
  hash: (file: File, onRead: (bytes: number) => void, signal: AbortSignal) => Promise<string | undefined>
  start: (
    source: File,
    file: Omit<NewUpload, 'byteSize' | 'key'>,
    id: string | undefined,
    onChange: (progress: UploadProgress) => void,
  ) => RunningUpload
  onChange: (row: ConvertRow) => void
  /** The upload has come further; undefined at its end. */
  onUpload: (row: ConvertRow, running: RunningUpload | undefined) => void
}

/** Files on their way at once: the line is shared anyway, and one is converted while the next is sent. */
const lanes = 2

/** Sends the files one after the other; each change of a row is told. What is stored when `signal` aborts is followed to its end. */
export async function convertAll(
  rows: readonly ConvertRow[],
  targetOf: (row: ConvertRow) => ConvertTarget,
  deps: ConvertDeps,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...rows]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
      const clean = { ...next, reason: undefined, fault: undefined, uploadId: undefined }
      deps.onChange({ ...clean, ...(await convertOne(clean, targetOf(next), deps, signal)) })
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function convertOne(
  row: ConvertRow,
  { project, content }: ConvertTarget,
  { hash, start, onChange, onUpload }: ConvertDeps,
  signal: AbortSignal,
): Promise<Partial<ConvertRow>> {
  const { file, left } = row
  const whole = Math.max(1, file.size)
  onChange({ ...row, state: 'reading', share: 0 })
  const onRead = (read: number): void => onChange({ ...row, state: 'reading', share: read / whole })
  // Without it the file is sent all the same; what cannot be read is told then.
  const sha256 = await hash(file, onRead, signal).catch(() => undefined)
  if (signal.aborted) return { state: 'waiting', share: 0 }
  if (left && left.sha256 !== sha256) return { state: 'refused', fault: 'notSame' }
  const name = left?.name ?? uploadName(file.webkitRelativePath || file.name)
  const wanted = { name, content, ...(sha256 ? { sha256 } : {}), ...(project === undefined ? {} : { project }) }
  const running = start(file, wanted, left?.id, (progress) => {
    onChange({ ...row, uploadId: progress.id, ...progressOf(progress) })
    onUpload(row, running)
  })
  const drop = (): void => void running.drop()
  signal.addEventListener('abort', drop, { once: true })
  try {
    return outcomeOf(await running.done)
  } catch (error) {
    if (signal.aborted) return { state: 'waiting', share: 0 }
    return { state: 'failed', ...(error instanceof ApiError ? { reason: error.problem.detail } : {}) }
  } finally {
    signal.removeEventListener('abort', drop)
    onUpload(row, undefined)
  }
}

function progressOf({
  phase,
  sentBytes,
  readBytes,
  byteSize,
  isFull,
}: UploadProgress): Pick<ConvertRow, 'state' | 'share' | 'fault'> {
  const isConverting = phase === 'assembling' || phase === 'done'
  return {
    state: isConverting ? 'converting' : 'sending',
    share: (isConverting ? readBytes : sentBytes) / Math.max(1, byteSize),
    fault: isFull ? 'full' : undefined,
  }
}

function outcomeOf({ outcome }: Upload): Partial<ConvertRow> {
  if (outcome?.kind === 'stored' || outcome?.kind === 'already-stored') {
    const { studyInstanceUid, objectCount = 1 } = outcome
    return { state: 'stored', share: 1, studyInstanceUid, objectCount }
  }
  return { state: outcome?.kind === 'refused' ? 'refused' : 'failed', ...(outcome ? { reason: outcome.comment } : {}) }
}
