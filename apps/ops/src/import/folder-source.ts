import { createHash } from 'node:crypto'
import { type FileHandle, lstat, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { largeUploadBytes } from '@instandt/api'
import { metaOf } from '@instandt/dicom'
import { OpsError } from '../ops-error.ts'
import { type ArchiveSource, pathText, type Taken } from './archive-source.ts'
import { codeOf } from './faults.ts'
import { rangesOf, readAt } from './file-ranges.ts'
import { type ListedEntry, type ListedFolder, listingOf } from './journal.ts'
import { listInside, openFileInside } from './open-inside.ts'
import { headLength, whyNoObject } from './recognise.ts'

/** Entries of a folder that are noted in one step. */
const listedAtOnce = 500
const pieceLength = 1024 * 1024
/** A file that was written to within this time may not be whole, whatever its length: copies often have it from the start. */
const quietMs = 2000
const slash = Buffer.from(path.sep)

const unreadable = (error: unknown, what = 'cannot be read'): string =>
  `${what}: ${codeOf(error) ?? (error instanceof Error ? error.message : String(error))}`

export interface FolderSource extends ArchiveSource {
  take(...asked: Parameters<ArchiveSource['take']>): Promise<Taken>
}

/**
 * A folder with everything below it. Symbolic links are not followed.
 * @param own files of the import itself, which may lie in there
 * @throws OpsError when it is no folder
 */
export async function openFolder(folder: string, own: readonly string[]): Promise<FolderSource> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw new OpsError(`the folder ${folder} ${unreadable(cause, 'cannot be opened')}`, 2, { cause })
  })
  if (!(await stat(root)).isDirectory()) throw new OpsError(`${folder} is no folder`, 2)
  const rootBytes = Buffer.from(root)
  const before = root.endsWith(path.sep) ? rootBytes : Buffer.concat([rootBytes, slash])
  const ownPaths = new Set(own.map((file) => path.relative(root, path.resolve(file))))
  const at = (relative: Uint8Array): Buffer => (relative.length === 0 ? rootBytes : Buffer.concat([before, relative]))

  const openFile = (relative: Uint8Array): Promise<FileHandle> => openFileInside(at(relative))

  const listOne = async (relative: Uint8Array, isFile: boolean, isLink: boolean): Promise<ListedEntry> => {
    if (isLink) return { path: relative, settled: { state: 'skipped', reason: 'symbolic link, not followed' } }
    if (!isFile) return { path: relative, settled: { state: 'skipped', reason: 'no regular file' } }
    try {
      const { size, mtimeMs } = await lstat(at(relative))
      return { path: relative, byteSize: size, modified: mtimeMs }
    } catch (error) {
      return { path: relative, settled: { state: 'failed', reason: unreadable(error) } }
    }
  }

  return {
    name: root,
    nameOf: (relative) => `${root}/${pathText(relative)}`,

    async list(journal, onListed, isEnding) {
      if (!journal.nextFolder()) journal.addFolders([{ path: new Uint8Array(0) }])
      for (let folder = journal.nextFolder(); folder && !isEnding(); folder = journal.nextFolder()) {
        const here = folder.path
        const below = (name: Buffer): Buffer => (here.length === 0 ? name : Buffer.concat([here, slash, name]))
        let waiting: Promise<ListedEntry>[] = []
        let folders: ListedFolder[] = []
        const note = async (isLast: boolean): Promise<void> => {
          const entries = await Promise.all(waiting)
          journal.noteListing(isLast ? here : undefined, entries, folders)
          onListed(entries.length)
          waiting = []
          folders = []
        }
        try {
          for await (const found of listInside(at(here))) {
            const relative = below(found.name)
            if (found.isDirectory()) folders.push({ path: relative })
            else if (!ownPaths.has(relative.toString()))
              waiting.push(listOne(relative, found.isFile(), found.isSymbolicLink()))
            if (waiting.length + folders.length >= listedAtOnce) await note(false)
            if (isEnding()) return
          }
          await note(true)
        } catch (error) {
          if (codeOf(error) === 'ERR_SQLITE_ERROR') throw error
          const reason = unreadable(error, 'the folder cannot be listed')
          if (here.length === 0) throw new OpsError(`${root}: ${reason}`, 1, { cause: error })
          waiting = [...waiting, Promise.resolve({ path: listingOf(here), settled: { state: 'failed', reason } })]
          await note(true)
        }
      }
    },

    async look({ path: relative }) {
      try {
        await using file = await openFile(relative)
        const reason = whyNoObject(await readAt(file, 0, headLength))
        return reason === undefined ? undefined : { state: 'skipped', reason }
      } catch (error) {
        return { state: 'failed', reason: unreadable(error) }
      }
    },

    async take({ path: relative }, signal) {
      let file: FileHandle | undefined
      try {
        file = await openFile(relative)
        const taken = await takeFile(file, signal)
        if (taken.kind === 'left' || 'blob' in taken.bytes) await file.close()
        return taken
      } catch (error) {
        await file?.close()
        if (signal.aborted) throw error
        return { kind: 'left', state: 'failed', reason: unreadable(error) }
      }
    },

    async rehash({ path: relative }) {
      await using file = await openFile(relative)
      return await hashFile(file)
    },
  }
}

async function hashFile(file: FileHandle, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for (let start = 0; ;) {
    signal?.throwIfAborted()
    const piece = await readAt(file, start, pieceLength)
    if (piece.length === 0) return hash.digest('hex')
    hash.update(piece)
    start += piece.length
  }
}

type Version = Record<'size' | 'mtimeNs' | 'ctimeNs', bigint>

async function versionOf(file: FileHandle): Promise<Version> {
  const { size, mtimeNs, ctimeNs } = await file.stat({ bigint: true })
  return { size, mtimeNs, ctimeNs }
}

async function takeFile(file: FileHandle, signal: AbortSignal): Promise<Taken> {
  const version = await versionOf(file)
  // Times to come are those of a wrong clock, and tell nothing.
  const age = Date.now() - Number(version.mtimeNs / 1_000_000n)
  if (Math.abs(age) < quietMs) await delay(quietMs - age, undefined, { signal })
  const taken = await readObject(file, Number(version.size), signal)
  const isSame = isDeepStrictEqual(version, await versionOf(file))
  return isSame ? taken : { kind: 'left', state: 'failed', reason: 'it changed while it was read' }
}

async function readObject(file: FileHandle, size: number, signal: AbortSignal): Promise<Taken> {
  const head = await readAt(file, 0, Math.min(size, headLength))
  const reason = whyNoObject(head)
  if (reason !== undefined) return { kind: 'left', state: 'skipped', reason }
  const { sopInstanceUid } = metaOf(head)
  if (size >= largeUploadBytes) {
    const sha256 = await hashFile(file, signal)
    return {
      kind: 'object',
      byteSize: size,
      sha256,
      sopInstanceUid,
      bytes: { ranges: rangesOf(file, size) },
      release: () => file.close(),
    }
  }
  const bytes = await readAt(file, 0, size)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const blob = new Blob([bytes])
  return { kind: 'object', byteSize: size, sha256, sopInstanceUid, bytes: { blob }, release: () => Promise.resolve() }
}
