import type { UploadSource } from '@instandt/api'
import type { Entry, Journal } from './journal.ts'

/** What a look at one entry of the source came to. */
export type Taken =
  /** Not to be sent, or not to be had. */
  { kind: 'left'; state: 'skipped' | 'failed'; reason: string } | TakenObject

/** Instead of a look at what stands for a listing: of a run that ended before it was tried again. */
export const unlisted = { kind: 'left', state: 'failed', reason: 'not listed to its end' } as const

/** An object whose bytes are at hand, and have been read once from first to last. */
export interface TakenObject {
  kind: 'object'
  byteSize: number
  /** Hexadecimal, of all its bytes. */
  sha256: string
  /** As its file meta information says; undefined where it says nothing. */
  sopInstanceUid: string | undefined
  /** Small ones in memory; of large ones ranges on disk. */
  bytes: { blob: Blob } | { ranges: UploadSource }
  /** Its file is closed, or removed where it was only kept for this. */
  release: () => Promise<void>
}

/** Where an archive comes from. */
export interface ArchiveSource {
  /** What a journal is bound to. */
  name: string
  /** Puts everything there is into the journal; goes on where it was interrupted. Memory does not grow with the source. */
  list(journal: Journal, onListed: (count: number) => void, isEnding: () => boolean): Promise<void>
  /** Reads an entry. Its own faults are values; throws what concerns the whole source. Undefined: the import ends first. */
  take(entry: Entry, signal: AbortSignal): Promise<Taken | undefined>
  /** As `take`, without reading more than is needed to know what it is; undefined: an object to be sent. */
  look(entry: Entry): Promise<{ state: 'skipped' | 'failed'; reason: string } | undefined>
  /** Reads its bytes again; undefined where that would fetch the whole archive once more. */
  rehash?(entry: Entry): Promise<string>
  /** For people: a path or an address. */
  nameOf: (path: Uint8Array) => string
}

/** Text of a path; bytes that are none are told as \xNN. */
export function pathText(path: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(path)
  } catch {
    return Array.from(path, (byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`,
    ).join('')
  }
}
