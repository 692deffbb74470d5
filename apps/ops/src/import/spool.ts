import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import path from 'node:path'
import { largeUploadBytes } from '@instandt/api'
import { OpsError } from '../ops-error.ts'
import type { TakenObject } from './archive-source.ts'
import { codeOf } from './faults.ts'
import { rangesOf } from './file-ranges.ts'
import { headLength } from './recognise.ts'

/** Bytes that came over a line, read once: small ones in memory, large ones in a file that goes with `release`. */
export interface KeptBytes extends Omit<TakenObject, 'kind' | 'sopInstanceUid'> {
  /** The first of them, as many as tell what it is. */
  head: Uint8Array
}

/** @throws OpsError when there is no room for a large one; whatever the line throws */
export async function keepBytes(
  body: AsyncIterable<Uint8Array>,
  spoolDir: string,
  onBytes: () => void,
): Promise<KeptBytes> {
  const hash = createHash('sha256')
  let pieces: Uint8Array[] = []
  let byteSize = 0
  let head: Uint8Array = new Uint8Array(0)
  let spooled: { file: FileHandle; release: () => Promise<void> } | undefined
  try {
    for await (const piece of body) {
      hash.update(piece)
      byteSize += piece.length
      onBytes()
      pieces.push(piece)
      if (head.length < headLength) head = Buffer.concat([head, piece.subarray(0, headLength - head.length)])
      if (byteSize < largeUploadBytes) continue
      spooled ??= await openSpool(spoolDir)
      await writeAll(spooled.file, pieces)
      pieces = []
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
}

const noRoom = (cause: unknown): OpsError =>
  new OpsError(
    `a large object cannot be kept beside the report until it is sent: ${codeOf(cause) ?? String(cause)}`,
    1,
    {
      cause,
    },
  )

async function openSpool(folder: string): Promise<{ file: FileHandle; release: () => Promise<void> }> {
  const name = path.join(folder, randomUUID())
  try {
    await mkdir(folder, { recursive: true })
    const file = await open(name, 'wx+', 0o600)
    return {
      file,
      async release() {
        await file.close()
        await rm(name, { force: true })
      },
    }
  } catch (error) {
    throw noRoom(error)
  }
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  try {
    for (const piece of pieces)
      for (let written = 0; written < piece.length;)
        written += (await file.write(piece, written, piece.length - written)).bytesWritten
  } catch (error) {
    throw noRoom(error)
  }
}
