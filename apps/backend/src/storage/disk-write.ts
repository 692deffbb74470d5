import fs from 'node:fs'
import { promisify } from 'node:util'
import { letGo } from '../let-go.ts'
import type { BodyOptions } from './blob-store.ts'
import { untilAborted } from './body.ts'
import { unavailable } from './disk-read.ts'

// Chunks of the network (64 KiB) are gathered to one write call of about this size.
const writeBatch = 1024 * 1024
// A chunk costs memory of its own, and one call takes no more of them (IOV_MAX).
const mostChunks = 1024
// Long uploads reach the disk while they arrive, so that the last flush is short: beside the writing, one at a time.
const flushEvery = 8 * 1024 * 1024
// Each takes one of the few threads that also read and write; on a slow disk long uploads would take them all.
const mostFlushing = 2
let flushingNow = 0

export async function guarded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw unavailable(error)
  }
}

export function guardedNow<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unavailable(error)
  }
}

// Waiting for the disk belongs to a thread, and so does making a file, which looks for a free place (0.5 ms where many were
// deleted lately). Opening, closing and renaming take microseconds; a trip through a thread and back each would wait for
// its turn in a busy process: together they took longer than the flushes.
export const flushData = promisify(fs.fdatasync)
export const flushAll = promisify(fs.fsync)
const writeTo = promisify(fs.writev)

/**
 * Flushes files or folders by their path; everyone who asks while a flush of the same one runs shares the one after it.
 * @param flush of an open file or folder
 */
export function groupFlushes(flush: (fd: number) => Promise<void>): (path: string) => Promise<void> {
  const running = new Map<string, { current: Promise<void>; next: Promise<void> | undefined }>()
  const flushPath = async (path: string): Promise<void> => {
    const fd = fs.openSync(path, 'r')
    try {
      await flush(fd)
    } finally {
      fs.closeSync(fd)
    }
  }
  return function flushShared(path): Promise<void> {
    const state = running.get(path)
    if (state) {
      // The flush under way may have begun before what the caller did: it does not count.
      state.next ??= state.current.catch(() => undefined).then(() => flushShared(path))
      return state.next
    }
    const current = flushPath(path).finally(() => running.delete(path))
    running.set(path, { current, next: undefined })
    return current
  }
}

/**
 * Writes a body from `offset` on and returns its length; takes the next chunks from the sender while the last ones are
 * being written. When it ends, however it ends, nothing writes to the file any more.
 */
export async function writeBody(
  handle: number | Promise<number>,
  body: AsyncIterable<Uint8Array>,
  { signal, mayLetGo = false }: BodyOptions = {},
  offset = 0,
): Promise<number> {
  let written = 0
  let flushed = 0
  let flushing: Promise<void> | undefined
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
      const fd = await handle
      await writeAll(fd, batch, size, offset + written)
      if (mayLetGo) for (const chunk of batch) letGo(chunk)
      written += size
      if (written - flushed >= flushEvery && !flushing && flushingNow < mostFlushing) startFlushing(fd)
    }
  }
  const startFlushing = (fd: number): void => {
    flushed = written
    flushingNow += 1
    flushing = flushData(fd)
      .catch((error: unknown) => {
        failure ??= { error: unavailable(error) }
      })
      .finally(() => {
        flushing = undefined
        flushingNow -= 1
      })
  }
  const isBatch = (): boolean => waitingBytes >= writeBatch || waiting.length >= mostChunks
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
      // Each call wakes a thread: many small ones cost more than they bring forward.
      if (!isBatch()) continue
      startWriting()
      if (isBatch()) await writing
    }
    await finishWriting()
  } finally {
    // The handle is closed by the caller next: nothing may still use it.
    while (writing ?? flushing) await (writing ?? flushing)
  }
  if (failure) throw failure.error
  return written
}

async function writeAll(fd: number, batch: Uint8Array[], size: number, position: number): Promise<void> {
  let left = batch
  let missing = size
  while (missing > 0) {
    const { bytesWritten } = await writeTo(fd, left, position + size - missing)
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
