import type { ConversionForm, RawGeometry, RunningUpload } from '@instandt/api'
import { type Batch, batchFor } from './batch.ts'
import { convertAll, type ConvertDeps, type ConvertRow, type ConvertTarget, type LeftUpload } from './convert-queue.ts'
import { type Draft, emptyDraft, isSentCalibration, withoutCalibration } from './draft.ts'

export interface Conversion {
  rows: readonly ConvertRow[]
  draft: Draft
  isBusy: boolean
  /** What is stored already cannot be taken back: its end is waited for. */
  isCancelling: boolean
  isSignedOut: boolean
}

export interface WorkDeps extends Pick<ConvertDeps, 'hash'> {
  /** `owner` is the account that the upload is sent as, and no other. */
  start: (owner: string | undefined, ...upload: Parameters<ConvertDeps['start']>) => RunningUpload
  /** Account that is signed in at this moment. */
  account: () => string | undefined
  onChange: () => void
  /** Something may have been stored, or left in the middle. */
  onEnd: () => void
}

export interface ConversionWork {
  /** Another object after every change. */
  state: () => Conversion
  /** Account that the form and the files are of; undefined while there is nothing. */
  owner: () => string | undefined
  setDraft: (draft: Draft) => void
  /** More files to convert; where everything before is stored they begin an inspection of their own. */
  addFiles: (files: readonly File[]) => void
  removeRow: (id: string) => void
  /** Those of this row, or of all that were not converted, wait for the next start. */
  tryAgain: (id?: string) => void
  clearStored: () => void
  /** Sends what waits, with one form for all of it. */
  convertWaiting: (project: string, form: ConversionForm, raw: RawGeometry | undefined) => Promise<void>
  /** Goes on with an upload that was left in the middle, as it was meant then. */
  goOn: (left: LeftUpload, file: File) => Promise<void>
  /** Drops what is not stored yet. */
  cancel: () => void
  /** Signed in again: what waits for that goes on. */
  resume: () => void
  /** Nothing more is sent: what was sent stays at the server, to be gone on with by its owner. */
  leave: () => void
}

/** One person's files on their way to become DICONDE objects, and the form for them. */
export function createConversionWork(deps: WorkDeps): ConversionWork {
  let state: Conversion = { rows: [], draft: emptyDraft, isBusy: false, isCancelling: false, isSignedOut: false }
  let owner: string | undefined
  let batch: Batch | undefined
  /** What the batch was sent with. */
  let sent: Draft | undefined
  // Of the inspection, not of the list: the number of a row that was removed may be taken already.
  let lastNumber = 0
  let runs = 0
  let stop = new AbortController()
  const running = new Map<string, RunningUpload>()

  const update = (change: Partial<Conversion>): void => {
    state = { ...state, ...change }
    deps.onChange()
  }
  const own = (): void => {
    owner ??= deps.account()
  }
  const convertDeps: ConvertDeps = {
    hash: deps.hash,
    start: (...upload) => deps.start(owner, ...upload),
    onChange: (row) => update({ rows: state.rows.map((one) => (one.id === row.id ? row : one)) }),
    onUpload(row, upload) {
      if (upload) running.set(row.id, upload)
      else running.delete(row.id)
      const isSignedOut = [...running.values()].some((one) => one.progress().phase === 'signed-out')
      if (state.isSignedOut !== isSignedOut) update({ isSignedOut })
    },
  }
  const run = async (rows: readonly ConvertRow[], targetOf: (row: ConvertRow) => ConvertTarget): Promise<void> => {
    runs += 1
    update({ isBusy: true })
    try {
      await convertAll(rows, targetOf, convertDeps, stop.signal)
    } finally {
      runs -= 1
      if (runs === 0) {
        stop = new AbortController()
        update({ isBusy: false, isCancelling: false })
      }
      deps.onEnd()
    }
  }
  const addRows = (added: readonly Pick<ConvertRow, 'file' | 'left'>[]): ConvertRow[] => {
    own()
    const rows = added.map(({ file, left }): ConvertRow => {
      const number = left?.content.kind === 'convert' ? left.content.number : ++lastNumber
      return { id: crypto.randomUUID(), number, file, left, state: 'waiting', share: 0 }
    })
    update({ rows: [...state.rows, ...rows] })
    return rows
  }

  return {
    state: () => state,
    owner: () => owner,
    setDraft(draft) {
      own()
      update({ draft: sent && isSentCalibration(draft, sent) ? withoutCalibration(draft) : draft })
    },
    addFiles(files) {
      if (state.rows.every((row) => row.state === 'stored')) {
        if (batch) update({ draft: withoutCalibration(state.draft) })
        batch = undefined
        sent = undefined
        lastNumber = 0
      }
      // Offered twice, a file is still one.
      addRows(files.filter((file) => state.rows.every((row) => row.file !== file)).map((file) => ({ file })))
    },
    removeRow: (id) => update({ rows: state.rows.filter((row) => row.id !== id) }),
    tryAgain(id) {
      const isMeant = (row: ConvertRow): boolean =>
        (id === undefined || row.id === id) && (row.state === 'failed' || row.state === 'refused')
      const meant = new Set(state.rows.filter(isMeant).map((row) => row.id))
      update({
        rows: state.rows.map((row) =>
          meant.has(row.id) ? { ...row, state: 'waiting', share: 0, reason: undefined, fault: undefined } : row,
        ),
      })
      // All that was said about these is at the server.
      const left = state.rows.filter((row) => meant.has(row.id) && row.left)
      if (left.length > 0) void run(left, asMeantThen)
    },
    clearStored: () => update({ rows: state.rows.filter((row) => row.state !== 'stored') }),
    convertWaiting(project, form, raw) {
      batch = batchFor(batch, project, form)
      sent = state.draft
      const { id } = batch
      return run(
        state.rows.filter((row) => row.state === 'waiting'),
        ({ left, number }) =>
          left ?? { project, content: { kind: 'convert', batch: id, number, form, ...(raw ? { raw } : {}) } },
      )
    },
    goOn: (left, file) => run(addRows([{ file, left }]), asMeantThen),
    cancel() {
      update({ isCancelling: true })
      stop.abort()
    },
    resume() {
      if (state.isSignedOut) for (const upload of running.values()) upload.resume()
    },
    leave() {
      for (const upload of running.values()) upload.cancel()
      stop.abort()
    },
  }
}

const asMeantThen = ({ left }: ConvertRow): ConvertTarget => left as LeftUpload
