import fs, { constants } from 'node:fs'
import { access, mkdir, rename, unlink } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { AppError } from '../app-error.ts'
import { checkKey, newTemporaryKey, temporaryPrefix } from './blob-keys.ts'
import type { BlobStore } from './blob-store.ts'
import { checkLength, immutable, untilAborted } from './body.ts'
import { errnoOf, freshMemory, listFolder, missing, openForReading, unavailable } from './disk-read.ts'

// Chunks of the network (64 KiB) are gathered to one write call of about this size.
const writeBatch = 1024 * 1024
// Long uploads reach the disk while they arrive, so that the last flush is short.
const flushEvery = 64 * 1024 * 1024

async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw unavailable(error)
  }
}

function guardedNow<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unavailable(error)
  }
}

// Waiting for the disk belongs to a thread. Opening, closing and renaming take microseconds; a trip through a thread and
// back each would wait for its turn in a busy process: together they took longer than the flushes.
const flushData = promisify(fs.fdatasync)
const flushAll = promisify(fs.fsync)
const writeTo = promisify(fs.writev)

async function syncFolder(folder: string): Promise<void> {
  const fd = fs.openSync(folder, 'r')
  try {
    await flushAll(fd)
  } finally {
    fs.closeSync(fd)
  }
}

/** Makes renames durable; everyone who asks while a flush of the folder runs shares the one after it. */
function groupFolderSync(): (folder: string) => Promise<void> {
  const running = new Map<string, { current: Promise<void>; next: Promise<void> | undefined }>()
  return function sync(folder): Promise<void> {
    const state = running.get(folder)
    if (state) {
      // The flush under way may have begun before the caller's rename: it does not count.
      state.next ??= state.current.catch(() => undefined).then(() => sync(folder))
      return state.next
    }
    const current = syncFolder(folder).finally(() => running.delete(folder))
    running.set(folder, { current, next: undefined })
    return current
  }
}

/** Files below `root`: `incoming/` for unfinished writes, the rest named by key. The folder is made when absent. */
export async function openDiskStore(root: string): Promise<BlobStore> {
  const syncGroup = groupFolderSync()
  const knownFolders = new Map<string, Promise<void>>()

  const pathOf = (key: string): string => {
    checkKey(key)
    return path.join(root, ...key.split('/'))
  }

  /** Makes a folder and its parents durable once. */
  const ensureFolder = (folder: string): Promise<void> => {
    let made = knownFolders.get(folder)
    if (made === undefined) {
      made = (async () => {
        if (folder !== root) await ensureFolder(path.dirname(folder))
        await mkdir(folder, { recursive: folder === root, mode: 0o700 }).catch((error: unknown) => {
          if (errnoOf(error) !== 'EEXIST') throw error
        })
        if (folder !== root) await syncGroup(path.dirname(folder))
      })()
      made.catch(() => knownFolders.delete(folder))
      knownFolders.set(folder, made)
    }
    return made
  }

  await guarded(ensureFolder(path.join(root, temporaryPrefix)))

  return {
    async write(key, body, options) {
      const target = pathOf(key)
      const temporary = pathOf(newTemporaryKey())
      if (fs.existsSync(target)) throw new AppError('blob-exists', 500, 'A stored object is never overwritten.')
      try {
        const fd = guardedNow(() => fs.openSync(temporary, 'wx', 0o600))
        let byteLength: number
        try {
          byteLength = await writeBody(fd, body, options?.signal)
          checkLength(byteLength, options?.byteLength)
          await guarded(flushData(fd))
        } finally {
          guardedNow(() => fs.closeSync(fd))
        }
        options?.signal?.throwIfAborted()
        await guarded(ensureFolder(path.dirname(target)))
        guardedNow(() => fs.renameSync(temporary, target))
        await guarded(syncGroup(path.dirname(target)))
        return { byteLength }
      } catch (error) {
        // The fault that matters is the first one; what cannot be removed now is the sweep's.
        await unlink(temporary).catch(() => undefined)
        throw error
      }
    },

    read: async (key, range, memory) => openForReading(pathOf(key), range, memory ?? freshMemory),

    async delete(key) {
      await guarded(
        unlink(pathOf(key)).catch((error: unknown) => {
          // Marked as immutable, as write-once file systems do for a time.
          if (errnoOf(error) === 'EPERM') throw immutable(error)
          if (errnoOf(error) !== 'ENOENT') throw error
        }),
      )
    },

    list: (prefix) => listFolder(root, '', prefix),

    async move(from, to) {
      const source = pathOf(from)
      const target = pathOf(to)
      await guarded(ensureFolder(path.dirname(target)))
      if (await exists(target)) throw new AppError('blob-exists', 500, 'A stored object is never overwritten.')
      await guarded(
        rename(source, target).catch((error: unknown) => {
          if (errnoOf(error) === 'ENOENT') throw missing(error)
          throw error
        }),
      )
      await guarded(Promise.all([syncGroup(path.dirname(target)), syncGroup(path.dirname(source))]))
    },

    async check() {
      await guarded(access(path.join(root, temporaryPrefix), constants.R_OK | constants.W_OK | constants.X_OK))
    },

    async close() {},
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw unavailable(error)
  }
}

/** Takes the next chunks from the sender while the last ones are being written. */
async function writeBody(
  fd: number,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let written = 0
  let flushed = 0
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let writing: Promise<void> | undefined
  let failure: { error: unknown } | undefined

  const writeWaiting = async (): Promise<void> => {
    while (waitingBytes > 0 && !failure) {
      const batch = waiting
      waiting = []
      const size = waitingBytes
      waitingBytes = 0
      await writeAll(fd, batch, size)
      written += size
      if (written - flushed >= flushEvery) {
        flushed = written
        await flushData(fd)
      }
    }
  }
  const startWriting = (): void => {
    writing ??= writeWaiting()
      .catch((error: unknown) => {
        failure = { error: unavailable(error) }
      })
      .finally(() => {
        writing = undefined
      })
  }
  /** Also what came in the moment between the last write and the end of its promise. */
  const finishWriting = async (): Promise<void> => {
    while (writing || (waitingBytes > 0 && !failure)) {
      startWriting()
      await writing
    }
  }

  try {
    for await (const chunk of untilAborted(body, signal)) {
      if (failure) break
      if (chunk.length === 0) continue
      waiting.push(chunk)
      waitingBytes += chunk.length
      startWriting()
      if (waitingBytes >= writeBatch) await writing
    }
    await finishWriting()
  } finally {
    // The handle is closed by the caller next: nothing may still be writing to it.
    while (writing) await writing
  }
  if (failure) throw failure.error
  return written
}

async function writeAll(fd: number, batch: Uint8Array[], size: number): Promise<void> {
  let left = batch
  let missing = size
  while (missing > 0) {
    const { bytesWritten } = await writeTo(fd, left)
    missing -= bytesWritten
    if (missing === 0) return
    let skip = bytesWritten
    left = left.flatMap((chunk) => {
      const cut = Math.min(skip, chunk.length)
      skip -= cut
      return cut === chunk.length ? [] : [chunk.subarray(cut)]
    })
  }
}
