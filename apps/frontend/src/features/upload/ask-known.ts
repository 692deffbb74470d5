import { ApiError, askedToWait, isPassing, type KnownList, type UploadGate, type UploadList } from '@instandt/api'
import type { FileOutcome, UploadFile } from './upload-file.ts'

export interface AskServer {
  findKnown: (sha256: readonly string[], signal: AbortSignal) => Promise<KnownList>
  /** Uploads in parts that were begun and not ended. */
  findOpen: (signal: AbortSignal) => Promise<UploadList>
}

interface KnownDeps extends AskServer {
  /** Files from this size on travel in parts. */
  largeFrom: number
  gate: UploadGate
  onSignedOut: () => void
}

const pauseMs = 2_000

/**
 * Which of these files are stored already in the project they go to; of the others, which are there in part. Waits for a
 * server that is away.
 */
export async function askKnown(
  files: readonly UploadFile[],
  { findKnown, findOpen, largeFrom, gate, onSignedOut }: KnownDeps,
): Promise<Map<UploadFile, FileOutcome>> {
  const hashes = [...new Set(files.flatMap(({ sha256 }) => sha256 ?? []))]
  for (;;) {
    await gate.wait(0)
    const { signal } = gate
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(30_000)])
      const { items } = await findKnown(hashes, limited)
      if (files.some(({ size }) => size >= largeFrom)) matchOpen(files, (await findOpen(limited)).items)
      return matchKnown(files, items)
    } catch (error) {
      if (signal.aborted) continue
      if (error instanceof ApiError && error.problem.status === 401) onSignedOut()
      else if (isPassing(error) || (error instanceof DOMException && error.name === 'TimeoutError'))
        await gate.wait(Math.max(askedToWait(error), pauseMs))
      // Asking only saves the way: the server finds out by itself when the bytes are there.
      else return new Map()
    }
  }
}

function matchKnown(files: readonly UploadFile[], items: KnownList['items']): Map<UploadFile, FileOutcome> {
  const byHash = new Map(items.map((item) => [item.sha256, item]))
  const known = new Map<UploadFile, FileOutcome>()
  for (const file of files) {
    const item = byHash.get(file.sha256 ?? '')
    // In another project it is stored again.
    if (item === undefined || (file.project !== undefined && file.project !== item.project)) continue
    const { studyInstanceUid, sopInstanceUid } = item
    known.set(file, { state: 'present', studyInstanceUid, sopInstanceUid, wasKnown: true })
  }
  return known
}

/** An upload begun before a reload, or in another tab that is gone: the same bytes go on where it stopped. */
function matchOpen(files: readonly UploadFile[], items: UploadList['items']): void {
  for (const file of files) {
    const open = items.find(
      ({ sha256, byteSize, project }) =>
        sha256 === file.sha256 && byteSize === file.size && (file.project === undefined || file.project === project),
    )
    file.uploadId ??= open?.id
  }
}
