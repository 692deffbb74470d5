import { createSHA256 } from 'hash-wasm'
import { hashBlob } from '../../hash-blob.ts'
import { type FileKind, headLength, kindOf } from './file-kind.ts'
import type { Archive } from './read-archive.ts'
import type { Unpacked } from './unpacked.ts'

/** What a look at a file tells; the hash only of those that are worth it. */
export interface Inspection {
  kind: FileKind
  head: Uint8Array
  /** Hexadecimal, of the whole file. */
  sha256?: string
}

const isHashed = (kind: FileKind): boolean => kind === 'dicom'

/** Looks at a file on the disk: its kind, and its SHA-256 in one pass that keeps 4 MiB of it. */
export async function inspectFile(blob: Blob, path: string, onRead: (bytes: number) => void): Promise<Inspection> {
  const head = new Uint8Array(await blob.slice(0, headLength).arrayBuffer())
  const kind = kindOf(head, path)
  if (!isHashed(kind)) return { kind, head }
  return { kind, head, sha256: await hashBlob(blob, onRead) }
}

/** Thrown to end unpacking once the first bytes have told that the rest is not wanted. */
const notWanted = new Error('The rest is not wanted.')

/** Unpacks one file of an archive, and looks at it while its bytes pass. */
export async function inspectEntry(
  archive: Archive,
  index: number,
  path: string,
  target: Unpacked,
  onRead: (bytes: number) => void,
): Promise<Inspection> {
  const size = archive.entries[index]?.size ?? 0
  const hash = await createSHA256()
  const head = new Uint8Array(Math.min(headLength, size))
  let filled = 0
  let kind: FileKind | undefined
  let read = 0
  try {
    await archive.read(index, (piece) => {
      if (filled < head.length) {
        const first = piece.subarray(0, head.length - filled)
        head.set(first, filled)
        filled += first.length
      }
      if (kind === undefined && filled === head.length) {
        kind = kindOf(head, path)
        if (kind !== 'zip' && !isHashed(kind)) throw notWanted
      }
      hash.update(piece)
      target.write(piece)
      read += piece.byteLength
      onRead(read)
    })
  } catch (error) {
    if (error !== notWanted) throw error
  }
  kind ??= kindOf(head, path)
  return { kind, head, ...(isHashed(kind) ? { sha256: hash.digest() } : {}) }
}
