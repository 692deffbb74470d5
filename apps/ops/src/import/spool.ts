import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { largeUploadBytes } from '@instandt/api'
import { OpsError } from '../ops-error.ts'
import type { TakenObject } from './archive-source.ts'
import { codeOf } from './faults.ts'
import { rangesOf } from './file-ranges.ts'
import { headLength } from './recognise.ts'
import { formatBytes } from './report.ts'

/** Bytes that came over a line, read once: small ones in memory, large ones in a file that goes with `release`. */
export interface KeptBytes extends Omit<TakenObject, 'kind' | 'sopInstanceUid'> {
  /** The first of them, as many as tell what it is. */
  head: Uint8Array
}

/** A folder on the disk of journal and report, which need room, too. */
export interface Spool {
  /** @throws NoRoomError; OpsError when the disk has another fault; whatever the line throws */
  keep(body: AsyncIterable<Uint8Array>, onBytes: () => void): Promise<KeptBytes>
  isEmpty: () => boolean
}

/** A large object does not fit. */
export class NoRoomError extends Error {
  /** Others lay there meanwhile: it may fit once they are gone. */
  readonly isCrowded: boolean

  constructor(byteSize: number, isCrowded: boolean, cause?: unknown) {
    super(`larger than the room beside the report: no more than ${formatBytes(byteSize)} of it found room`, { cause })
    this.name = 'NoRoomError'
    this.isCrowded = isCrowded
  }
}

interface Spooled {
  file: FileHandle
  isCrowded: boolean
  release: () => Promise<void>
}

/** Room is looked at again after so many bytes. */
const lookedAtEvery = 1024 * 1024
/** Left to journal and report, unless the disk is so full that a tenth of its room must do. */
const reserved = 1024 ** 3
const fullCodes = ['ENOSPC', 'EDQUOT', 'EFBIG']

const freeBytes = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** @param roomOf bytes that are free where this folder is */
export function createSpool(folder: string, roomOf: (folder: string) => Promise<number> = freeBytes): Spool {
  const there = new Set<Spooled>()
  let least: number | undefined

  const add = async (): Promise<Spooled> => {
    await mkdir(folder, { recursive: true })
    least ??= Math.min(reserved, (await roomOf(folder)) / 10)
    const name = path.join(folder, randomUUID())
    const spooled: Spooled = {
      file: await open(name, 'wx+', 0o600),
      isCrowded: there.size > 0,
      async release() {
        there.delete(spooled)
        await spooled.file.close()
        await rm(name, { force: true })
      },
    }
    for (const other of there) other.isCrowded = true
    there.add(spooled)
    return spooled
  }

  return {
    isEmpty: () => there.size === 0,
    async keep(body, onBytes) {
      const hash = createHash('sha256')
      let pieces: Uint8Array[] = []
      let byteSize = 0
      let head: Uint8Array = new Uint8Array(0)
      let spooled: Spooled | undefined
      let written = 0
      let lookAt = 0
      const write = async (): Promise<void> => {
        try {
          spooled ??= await add()
          if (written >= lookAt) {
            const wanted = Math.max(byteSize - written, lookedAtEvery)
            if ((await roomOf(folder)) - wanted < (least ?? 0)) throw new NoRoomError(written, spooled.isCrowded)
            lookAt = written + lookedAtEvery
          }
          for (const piece of pieces) {
            await spooled.file.writeFile(piece)
            written += piece.length
          }
          pieces = []
        } catch (cause) {
          if (cause instanceof NoRoomError) throw cause
          const code = codeOf(cause) ?? String(cause)
          if (fullCodes.includes(code)) throw new NoRoomError(written, spooled?.isCrowded ?? there.size > 0, cause)
          throw new OpsError(`a large object cannot be kept beside the report until it is sent: ${code}`, 1, { cause })
        }
      }
      try {
        for await (const piece of body) {
          hash.update(piece)
          byteSize += piece.length
          onBytes()
          pieces.push(piece)
          if (head.length < headLength) head = Buffer.concat([head, piece.subarray(0, headLength - head.length)])
          if (byteSize >= largeUploadBytes) await write()
        }
      } catch (error) {
        await spooled?.release()
        throw error
      }
      const sha256 = hash.digest('hex')
      if (spooled)
        return { byteSize, sha256, head, bytes: { ranges: rangesOf(spooled.file, byteSize) }, release: spooled.release }
      const blob = new Blob(pieces as Uint8Array<ArrayBuffer>[])
      return { byteSize, sha256, head, bytes: { blob }, release: () => Promise.resolve() }
    },
  }
}
