import { ApiError, type NewUpload, startUpload, type Upload, type UploadProgress } from '@instandt/api'
import { client } from '../../api/client.ts'

export type RowState = 'waiting' | 'sending' | 'converting' | 'stored' | 'refused' | 'failed'

/** One chosen file and what has become of it. */
export interface ConvertRow {
  id: string
  /** Instance Number of what becomes of it. */
  number: number
  file: File
  state: RowState
  /** 0 to 1, of what it is doing now. */
  share: number
  /** Why it is not stored, in the server's words. */
  reason?: string
  studyInstanceUid?: string
  objectCount?: number
}

type Content = NonNullable<NewUpload['content']>
export interface ConvertJob {
  project: string | undefined
  content: (number: number) => Content
}

/** Files on their way at once: the line is shared anyway, and one is converted while the next is sent. */
const lanes = 2

/** Sends the files one after the other; each change of a row is told. */
export async function convertAll(
  rows: readonly ConvertRow[],
  { project, content }: ConvertJob,
  onChange: (row: ConvertRow) => void,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...rows]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !signal.aborted; next = waiting.shift()) {
      onChange({ ...next, ...(await convertOne(next, { project, content: content(next.number) }, onChange, signal)) })
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function convertOne(
  row: ConvertRow,
  target: { project: string | undefined; content: Content },
  onChange: (row: ConvertRow) => void,
  signal: AbortSignal,
): Promise<Partial<ConvertRow>> {
  const { file } = row
  const running = startUpload({
    client,
    source: file,
    file: {
      name: file.webkitRelativePath || file.name,
      content: target.content,
      ...(target.project === undefined ? {} : { project: target.project }),
    },
    onChange: (progress) => onChange({ ...row, ...progressOf(progress) }),
  })
  // What is being converted is stored whatever happens here: then its end is waited for.
  const cancel = (): void => {
    if (running.progress().phase !== 'assembling') running.cancel(true)
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    return outcomeOf(await running.done)
  } catch (error) {
    if (signal.aborted) return { state: 'waiting', share: 0 }
    return { state: 'failed', ...(error instanceof ApiError ? { reason: error.problem.detail } : {}) }
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

function progressOf({ phase, sentBytes, readBytes, byteSize }: UploadProgress): Pick<ConvertRow, 'state' | 'share'> {
  const isConverting = phase === 'assembling' || phase === 'done'
  return {
    state: isConverting ? 'converting' : 'sending',
    share: (isConverting ? readBytes : sentBytes) / Math.max(1, byteSize),
  }
}

function outcomeOf({ outcome }: Upload): Partial<ConvertRow> {
  if (outcome?.kind === 'stored' || outcome?.kind === 'already-stored') {
    const { studyInstanceUid, objectCount = 1 } = outcome
    return { state: 'stored', share: 1, studyInstanceUid, objectCount }
  }
  return { state: outcome?.kind === 'refused' ? 'refused' : 'failed', ...(outcome ? { reason: outcome.comment } : {}) }
}
