import { setImmediate } from 'node:timers/promises'
import { hashInThread } from '../hash-thread.ts'
import type { BlobStore, ByteRange, ChunkMemory } from '../storage/blob-store.ts'

/** The object does not hold the bytes that its sender gave for this part. */
export class PartDamaged extends Error {
  readonly number: number

  constructor(number: number) {
    super(`part ${number} is not what was received`)
    this.name = 'PartDamaged'
    this.number = number
  }
}

interface Part {
  byteLength: number
  sha256: Uint8Array
}

// Other requests get their turn between pieces of this size.
const pieceSize = 512 * 1024
// Parts in memory together, the one being handed on included: some 100 MiB at most.
const partsOf = (partSize: number): number => (partSize > 16 * 1024 * 1024 ? 2 : 3)

/**
 * The bytes of an object, part by part, each handed on once its SHA-256 was compared with the one that came with it: the
 * next ones are read, and compared in a thread, meanwhile. A piece is overwritten after the next one was asked for.
 * @throws PartDamaged; whatever the store throws
 */
export async function* verifiedParts(
  read: BlobStore['read'],
  blobKey: string,
  partSize: number,
  parts: readonly Part[],
): AsyncGenerator<Uint8Array> {
  const most = Math.min(partsOf(partSize), parts.length)
  const free = Array.from({ length: most }, () => new ArrayBuffer(Math.min(partSize, parts[0]?.byteLength ?? 0)))
  const under: Promise<ArrayBuffer>[] = []
  let next = 0

  const take = async (number: number, memory: ArrayBuffer): Promise<ArrayBuffer> => {
    const { byteLength, sha256: wanted } = parts[number] as Part
    const range = { offset: number * partSize, length: byteLength }
    if ((await fill(Buffer.from(memory, 0, byteLength), read, blobKey, range)) !== byteLength)
      throw new PartDamaged(number)
    const hashed = await hashInThread(memory, byteLength)
    if (!Buffer.from(hashed.sha256).equals(wanted)) throw new PartDamaged(number)
    return hashed.memory
  }
  const takeMore = (): void => {
    while (free.length > 0 && next < parts.length) {
      const taken = take(next, free.pop() as ArrayBuffer)
      // Heard when its turn comes; an end before that must not leave it unheard.
      taken.catch(() => undefined)
      under.push(taken)
      next += 1
    }
  }

  try {
    takeMore()
    for (const { byteLength } of parts) {
      const memory = await (under.shift() as Promise<ArrayBuffer>)
      for (let at = 0; at < byteLength; at += pieceSize) {
        yield new Uint8Array(memory, at, Math.min(pieceSize, byteLength - at))
        await setImmediate()
      }
      free.push(memory)
      takeMore()
    }
  } finally {
    // Nobody reads on behind the caller's back.
    await Promise.allSettled(under)
  }
}

/** Reads a range into its place, without copying where the store takes memory; says how many bytes there were. */
async function fill(bytes: Buffer, read: BlobStore['read'], blobKey: string, range: ByteRange): Promise<number> {
  let filled = 0
  const memory: ChunkMemory = {
    next: (byteLength) => bytes.subarray(filled, filled + byteLength),
    // In one go: each read waits for its turn behind whatever the main thread does.
    chunkSize: bytes.length,
    end: () => undefined,
  }
  for await (const chunk of await read(blobKey, range, memory)) {
    if (chunk.buffer !== bytes.buffer) bytes.set(chunk, filled)
    filled += chunk.length
  }
  return filled
}
