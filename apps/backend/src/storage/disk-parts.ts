import fs from 'node:fs'
import { unlink } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../app-error.ts'
import { stagedKey } from './blob-keys.ts'
import type { BlobStore } from './blob-store.ts'
import { ofLength, partsMissing } from './body.ts'
import { errnoOf } from './disk-read.ts'
import { flushData, groupFlushes, guarded, guardedNow, writeBody } from './disk-write.ts'

/** The files and folders of a disk store. */
export interface DiskFolders {
  /** Throws for a key that the store could not have made. */
  pathOf: (key: string) => string
  /** Makes a folder and its parents, durably. */
  ensure: (folder: string) => Promise<void>
  /** Makes what was named or renamed in a folder durable. */
  sync: (folder: string) => Promise<void>
}

// Files whose names are known to be durable; beyond so many the oldest are flushed once more.
const mostKnown = 1_000

/** Objects that come in parts: one file below `staged/`, each part at its offset, renamed when all are there. */
export function diskParts({
  pathOf,
  ensure,
  sync,
}: DiskFolders): Pick<BlobStore, 'stagePart' | 'commitParts' | 'dropParts'> {
  // Parts of one file that end together are made durable together.
  const flushShared = groupFlushes(flushData)
  const durable = new Set<string>()
  /** Once a process: whoever made the file may have died before its name was durable. */
  const makeNameDurable = async (file: string): Promise<void> => {
    if (durable.has(file)) return
    await sync(path.dirname(file))
    durable.add(file)
    for (const oldest of durable) {
      if (durable.size <= mostKnown) break
      durable.delete(oldest)
    }
  }

  /** Opens the file of the parts, made when absent; never one that has become an object. */
  const openStaged = async (staged: string, target: string): Promise<number> => {
    for (const flags of ['r+', 'wx+', 'r+']) {
      try {
        return fs.openSync(staged, flags, 0o600)
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'EEXIST') throw error
        if (fs.existsSync(target)) throw new AppError('parts-committed', 409, 'The object is complete already.')
        await ensure(path.dirname(staged))
      }
    }
    throw new AppError('storage-unavailable', 503, 'The image store does not answer as it should.')
  }

  return {
    async stagePart(key, { number, partSize, byteLength }, body, options) {
      const staged = pathOf(stagedKey(key))
      const fd = await guarded(openStaged(staged, pathOf(key)))
      try {
        await writeBody(fd, ofLength(body, byteLength), options, number * partSize)
        await guarded(Promise.all([flushShared(staged), makeNameDurable(staged)]))
      } finally {
        guardedNow(() => fs.closeSync(fd))
      }
    },

    async commitParts(key, { byteLength }) {
      const staged = pathOf(stagedKey(key))
      const target = pathOf(key)
      await guarded(ensure(path.dirname(target)))
      if (sizeOf(target) === undefined) {
        if (sizeOf(staged) !== byteLength) throw partsMissing()
        guardedNow(() => fs.renameSync(staged, target))
      }
      if (sizeOf(target) !== byteLength) throw partsMissing()
      // Also when somebody else has renamed it, who may have died before this.
      await guarded(Promise.all([sync(path.dirname(target)), sync(path.dirname(staged))]))
    },

    async dropParts(key) {
      const staged = pathOf(stagedKey(key))
      durable.delete(staged)
      await guarded(
        unlink(staged).catch((error: unknown) => {
          if (errnoOf(error) !== 'ENOENT') throw error
        }),
      )
    },
  }
}

function sizeOf(file: string): number | undefined {
  return guardedNow(() => fs.statSync(file, { throwIfNoEntry: false })?.size)
}
