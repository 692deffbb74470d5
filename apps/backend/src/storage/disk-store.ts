import fs, { constants } from 'node:fs'
import { access, mkdir, rename, unlink } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../app-error.ts'
import { checkKey, newTemporaryKey, temporaryPrefix } from './blob-keys.ts'
import type { BlobStore } from './blob-store.ts'
import { checkLength, immutable } from './body.ts'
import { type DiskFolders, diskParts } from './disk-parts.ts'
import { errnoOf, freshMemory, listFolder, missing, openFile, openForReading, unavailable } from './disk-read.ts'
import { flushAll, flushData, groupFlushes, guarded, guardedNow, writeBody } from './disk-write.ts'
import { haveSameBytes } from './same-bytes.ts'

/** Files below `root`: `incoming/` for unfinished writes, the rest named by key. The folder is made when absent. */
export async function openDiskStore(root: string): Promise<BlobStore> {
  const syncGroup = groupFlushes(flushAll)
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
  const folders: DiskFolders = { pathOf, ensure: ensureFolder, sync: syncGroup }

  const store: BlobStore = {
    ...diskParts(folders),

    async write(key, body, options) {
      const target = pathOf(key)
      const temporary = pathOf(newTemporaryKey())
      if (fs.existsSync(target)) throw new AppError('blob-exists', 500, 'A stored object is never overwritten.')
      // Making a file waits for the journal now and then: beside the arrival of the body, and not in this thread.
      const opening = guarded(openFile(temporary, 'wx', 0o600))
      // Heard when it is written to.
      opening.catch(() => undefined)
      try {
        let byteLength: number
        try {
          byteLength = await writeBody(opening, body, options)
          checkLength(byteLength, options?.byteLength)
          options?.onWritten?.()
          await guarded(flushData(await opening))
        } finally {
          const fd = await opening.catch(() => undefined)
          if (fd !== undefined) guardedNow(() => fs.closeSync(fd))
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
      if (await exists(target)) {
        if (!(await haveSameBytes(store, from, to)))
          throw new AppError('blob-exists', 500, 'A stored object is never overwritten.')
        return store.delete(from)
      }
      await guarded(
        rename(source, target).catch((error: unknown) => {
          if (errnoOf(error) === 'ENOENT') throw missing(error)
          if (errnoOf(error) === 'EPERM') throw immutable(error)
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
  return store
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
