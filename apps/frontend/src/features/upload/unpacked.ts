import { ArchiveError } from './read-archive.ts'

/** Where a file goes that comes out of an archive. */
export interface Unpacked {
  write(piece: Uint8Array): void
  /** Its bytes, once all are written. */
  end(): Promise<Blob>
  /** Forgets what was written. */
  drop(): Promise<void>
  /** Name of its file in the browser's own store; undefined in memory. */
  readonly name: string | undefined
}

/** Larger ones go to the disk. */
const mostInMemory = 16 * 1024 * 1024
/** Where the browser gives no disk, as in private windows. */
const mostWithoutDisk = 512 * 1024 * 1024

/** A place for `size` bytes, in `folder` of the browser's own store or in memory. Throws ArchiveError 'zipNoRoom'. */
export async function openUnpacked(size: number, folder: string): Promise<Unpacked> {
  if (size <= mostInMemory) return inMemory()
  try {
    return await onDisk(folder)
  } catch (error) {
    if (size > mostWithoutDisk) throw new ArchiveError('zipNoRoom', error)
    return inMemory()
  }
}

export function inMemory(): Unpacked {
  let pieces: BlobPart[] = []
  return {
    name: undefined,
    // Copied: the pieces may be views of a buffer that is used again.
    write: (piece) => void pieces.push(piece.slice()),
    end: () => Promise.resolve(new Blob(pieces)),
    drop() {
      pieces = []
      return Promise.resolve()
    },
  }
}

/** What workers alone have, and this program is type-checked as a page. */
interface WorkerFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<{ write(piece: Uint8Array): number; close(): void }>
}

async function onDisk(folder: string): Promise<Unpacked> {
  const root = await navigator.storage.getDirectory()
  const place = await root.getDirectoryHandle(folder, { create: true })
  const name = crypto.randomUUID()
  const handle = (await place.getFileHandle(name, { create: true })) as WorkerFileHandle
  const access = await handle.createSyncAccessHandle()
  return {
    name,
    write(piece) {
      for (let written = 0; written < piece.byteLength;) {
        try {
          const bytes = access.write(piece.subarray(written))
          if (bytes === 0) throw new DOMException('Nothing was written.', 'QuotaExceededError')
          written += bytes
        } catch (error) {
          throw new ArchiveError('zipNoRoom', error)
        }
      }
    },
    async end() {
      access.close()
      return handle.getFile()
    },
    async drop() {
      access.close()
      await place.removeEntry(name).catch(() => undefined)
    },
  }
}
