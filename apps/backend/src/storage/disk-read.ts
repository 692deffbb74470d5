import type { Dirent } from 'node:fs'
import fs from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { AppError } from '../app-error.ts'
import { type BlobInfo, type ByteRange, type ChunkMemory, mostRead } from './blob-store.ts'

export const errnoOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code

export function unavailable(error: unknown): unknown {
  if (error instanceof AppError || errnoOf(error) === undefined) return error
  const reason = errnoOf(error) === 'ENOSPC' || errnoOf(error) === 'EDQUOT' ? 'is full' : 'does not answer as it should'
  return new AppError('storage-unavailable', 503, `The image store ${reason}.`, { cause: error })
}

export const missing = (cause: unknown): AppError =>
  new AppError('blob-missing', 500, 'The stored bytes are missing.', { cause })

export const openFile = promisify(fs.open)
const readInto = promisify(fs.read)

export const freshMemory: ChunkMemory = {
  next: (byteLength) => Buffer.allocUnsafeSlow(byteLength),
  end: () => undefined,
}

/** @throws AppError 'blob-missing' when there is no such file */
export async function openForReading(
  file: string,
  range: ByteRange | undefined,
  memory: ChunkMemory,
): Promise<AsyncIterable<Uint8Array>> {
  let fd: number
  try {
    fd = await openFile(file, 'r')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw missing(error)
    throw unavailable(error)
  }
  return readFile(fd, range, memory)
}

/** Not a generator: one that is never started would not close its file. */
function readFile(fd: number, range: ByteRange | undefined, memory: ChunkMemory): AsyncIterable<Uint8Array> {
  let position = range?.offset ?? 0
  let left = range?.length ?? Number.POSITIVE_INFINITY
  let isOpen = true
  let isReading = false
  const close = (): void => {
    // A read under way still needs the number, which the next file opened would get.
    if (!isOpen || isReading) return
    isOpen = false
    // Closing what was only read from never waits; handing it to a thread would cost more.
    fs.closeSync(fd)
  }
  let isEnded = false
  const end = (): IteratorReturnResult<undefined> => {
    // Memory that a read under way still writes to is not given back, but left to the collector.
    if (!isEnded && !isReading) memory.end()
    isEnded = true
    close()
    return { done: true, value: undefined }
  }
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      const size = Math.min(left, memory.chunkSize ?? mostRead)
      if (isEnded || !isOpen || size === 0) return end()
      try {
        isReading = true
        const { bytesRead, buffer } = await readInto(fd, memory.next(size), 0, size, position)
        isReading = false
        if (isEnded || bytesRead === 0) return end()
        position += bytesRead
        left -= bytesRead
        if (left === 0) close()
        return { done: false, value: buffer.subarray(0, bytesRead) }
      } catch (error) {
        isReading = false
        end()
        throw unavailable(error)
      }
    },
    async return() {
      return end()
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

/** Keys below a folder that begin with a prefix, ascending. */
export async function* listFolder(root: string, folder: string, prefix: string): AsyncGenerator<BlobInfo> {
  let entries: Dirent[]
  try {
    entries = await readdir(path.join(root, folder), { withFileTypes: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    throw unavailable(error)
  }
  // Folders sort with their slash, so that keys come in the order of their text.
  const names = entries.map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : '')).sort()
  for (const name of names) {
    if (name.endsWith('/')) {
      if (name.startsWith(prefix) || prefix.startsWith(name)) yield* listFolder(root, name, prefix)
    } else if (name.startsWith(prefix)) {
      const found = await stat(path.join(root, name)).catch((error: unknown) => {
        // Moved or deleted since the folder was read.
        if (errnoOf(error) === 'ENOENT') return undefined
        throw unavailable(error)
      })
      if (found) yield { key: name, byteLength: found.size, modifiedAt: found.mtime }
    }
  }
}
