import { type RawGeometry, type RunningUpload, type ConversionForm, type Session, startUpload } from '@instandt/api'
import { useSyncExternalStore } from 'react'
import { clientOf } from '../../api/client.ts'
import { openUploadsQuery, sessionQuery } from '../../api/queries.ts'
import { queryClient } from '../../api/query-client.ts'
import { watchSession } from '../../api/watch-session.ts'
import { type Batch, batchFor } from './batch.ts'
import { convertAll, type ConvertDeps, type ConvertRow, type ConvertTarget, type LeftUpload } from './convert-queue.ts'
import { type Draft, emptyDraft } from './draft.ts'
import { hashFile } from './hash-file.ts'

// Files on their way belong to the app and not to a page: they go on while the list is looked at, or somebody signs in again.

export interface Conversion {
  rows: readonly ConvertRow[]
  draft: Draft
  isBusy: boolean
  /** What is stored already cannot be taken back: its end is waited for. */
  isCancelling: boolean
  isSignedOut: boolean
}

const nothing: Conversion = { rows: [], draft: emptyDraft, isBusy: false, isCancelling: false, isSignedOut: false }
let state = nothing
/** Account that the form and the files are of. */
let owner: string | undefined
let batch: Batch | undefined
// Of the inspection, not of the list: the number of a row that was removed may be taken already.
let lastNumber = 0
let runs = 0
let stop = new AbortController()
const running = new Map<string, RunningUpload>()
const listeners = new Set<() => void>()

function update(change: Partial<Conversion>): void {
  state = { ...state, ...change }
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useConversion = (): Conversion => useSyncExternalStore(subscribe, () => state)

/** What somebody has typed or chosen is of no concern to whoever signs in next. */
function own(): void {
  owner ??= queryClient.getQueryData(sessionQuery.queryKey)?.user.id
}

export function setDraft(draft: Draft): void {
  own()
  update({ draft })
}

/** More files to convert; where everything before is stored they begin an inspection of their own. */
export function addFiles(files: readonly File[]): void {
  if (state.rows.every((row) => row.state === 'stored')) {
    batch = undefined
    lastNumber = 0
  }
  // Offered twice, a file is still one.
  addRows(files.filter((file) => state.rows.every((row) => row.file !== file)).map((file) => ({ file })))
}

function addRows(added: readonly Pick<ConvertRow, 'file' | 'left'>[]): ConvertRow[] {
  own()
  const rows = added.map(({ file, left }): ConvertRow => {
    const number = left?.content.kind === 'convert' ? left.content.number : ++lastNumber
    return { id: crypto.randomUUID(), number, file, left, state: 'waiting', share: 0 }
  })
  update({ rows: [...state.rows, ...rows] })
  return rows
}

export const removeRow = (id: string): void => update({ rows: state.rows.filter((row) => row.id !== id) })

const change = (row: ConvertRow): void => update({ rows: state.rows.map((one) => (one.id === row.id ? row : one)) })

/** Those of this row, or of all that were not converted, wait for the next start. */
export function tryAgain(id?: string): void {
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
}

const asMeantThen = ({ left }: ConvertRow): ConvertTarget => left as LeftUpload

export const clearStored = (): void => update({ rows: state.rows.filter((row) => row.state !== 'stored') })

/** Sends what waits, with one form for all of it. */
export function convertWaiting(project: string, form: ConversionForm, raw: RawGeometry | undefined): Promise<void> {
  batch = batchFor(batch, project, form)
  const { id } = batch
  return run(
    state.rows.filter((row) => row.state === 'waiting'),
    ({ left, number }) =>
      left ?? { project, content: { kind: 'convert', batch: id, number, form, ...(raw ? { raw } : {}) } },
  )
}

/** Goes on with an upload that was left in the middle, as it was meant then. */
export async function goOnConverting(left: LeftUpload, file: File): Promise<void> {
  await run(addRows([{ file, left }]), asMeantThen)
}

async function run(rows: readonly ConvertRow[], targetOf: (row: ConvertRow) => ConvertTarget): Promise<void> {
  const { signal } = stop
  runs += 1
  update({ isBusy: true })
  try {
    await convertAll(rows, targetOf, depsOf(signal), signal)
  } finally {
    if (!signal.aborted || signal === stop.signal) {
      runs -= 1
      if (runs === 0) {
        stop = new AbortController()
        update({ isBusy: false, isCancelling: false })
      }
    }
    void queryClient.invalidateQueries({ queryKey: ['inspections'] })
    void queryClient.invalidateQueries({ queryKey: openUploadsQuery.queryKey })
  }
}

const depsOf = (signal: AbortSignal): ConvertDeps => ({
  hash: hashFile,
  start: (source, file, id, onChange) =>
    startUpload({ client: clientOf(owner), source, file, id, signedOut: 'wait', onChange }),
  onChange: change,
  onUpload(row, upload) {
    if (signal !== stop.signal) return
    if (upload) running.set(row.id, upload)
    else running.delete(row.id)
    const isSignedOut = [...running.values()].some((one) => one.progress().phase === 'signed-out')
    if (state.isSignedOut !== isSignedOut) update({ isSignedOut })
  },
})

export function cancelConversion(): void {
  update({ isCancelling: true })
  stop.abort()
}

/** Signed in again: it goes on. As somebody else: what another one began is neither seen nor sent in their name. */
function onSession({ user }: Session): void {
  if (owner !== undefined && owner !== user.id) {
    for (const upload of running.values()) upload.cancel()
    running.clear()
    stop.abort()
    stop = new AbortController()
    runs = 0
    batch = undefined
    lastNumber = 0
    owner = undefined
    update(nothing)
  } else if (state.isSignedOut) for (const upload of running.values()) upload.resume()
}
watchSession(onSession, () => state.isSignedOut)

window.addEventListener('beforeunload', (event) => {
  if (state.isBusy) event.preventDefault()
})
