import { randomUUID } from 'node:crypto'
import type { BlockBlobClient } from '@azure/storage-blob'
import { AppError } from '../app-error.ts'
import { letGo } from '../let-go.ts'
import { guarded } from './azure-fault.ts'
import { blockIdOf } from './azure-parts.ts'
import type { BodyOptions } from './blob-store.ts'
import { checkLength, untilAborted } from './body.ts'

// Four blocks at most are in memory: one being filled, three on their way. 50,000 blocks are allowed: 195 GiB.
const blockSize = 4 * 1024 * 1024
const blocksInFlight = 3
const mostChunks = 1024

/** Writes a new blob, in blocks where it is longer than one; see BlobStore.write. */
export async function writeBlob(
  blob: BlockBlobClient,
  body: AsyncIterable<Uint8Array>,
  options: (BodyOptions & { byteLength?: number }) | undefined,
): Promise<{ byteLength: number }> {
  const failed = new AbortController()
  const signal = options?.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal
  // A commit whose answer got lost is tried again and then finds its own blob: the mark tells it from a stranger's.
  const metadata = { upload: randomUUID() }
  const blockIds: string[] = []
  const inFlight = new Set<Promise<void>>()
  const free: Buffer[] = []
  let failure: { error: unknown } | undefined
  let byteLength = 0

  const stage = (block: Buffer): void => {
    const blockId = blockIdOf(blockIds.length)
    blockIds.push(blockId)
    const staged: Promise<void> = guarded(
      (abortSignal) => blob.stageBlock(blockId, block, block.length, { abortSignal }),
      { signal },
    )
      .then(() => void (block.length === blockSize && free.push(block)))
      .catch((error: unknown) => {
        failure ??= { error }
        failed.abort(error)
      })
      .finally(() => inFlight.delete(staged))
    inFlight.add(staged)
  }

  try {
    let last: Buffer | undefined
    for await (const block of cutBlocks(body, free, { signal, mayLetGo: options?.mayLetGo === true })) {
      // The last block is held back: a body of one block is one request.
      if (last) {
        stage(last)
        if (inFlight.size >= blocksInFlight) await Promise.race(inFlight)
        if (failure) throw failure.error
      }
      last = block
      byteLength += block.length
    }
    checkLength(byteLength, options?.byteLength)
    const create = { conditions: { ifNoneMatch: '*' }, metadata }
    const single = last ?? Buffer.alloc(0)
    if (blockIds.length === 0) {
      await createOnce(
        blob,
        metadata.upload,
        (abortSignal) => blob.upload(single, single.length, { ...create, abortSignal }),
        signal,
      )
    } else {
      stage(single)
      await Promise.all(inFlight)
      if (failure) throw failure.error
      await createOnce(
        blob,
        metadata.upload,
        (abortSignal) => blob.commitBlockList(blockIds, { ...create, abortSignal }),
        signal,
      )
    }
    return { byteLength }
  } catch (error) {
    failed.abort(error)
    await Promise.all(inFlight)
    throw failure ? failure.error : error
  }
}

async function createOnce(
  blob: BlockBlobClient,
  upload: string,
  request: (abortSignal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await guarded(request, { signal })
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'blob-exists') throw error
    const { metadata } = await guarded((abortSignal) => blob.getProperties({ abortSignal }), { signal })
    if (metadata?.['upload'] !== upload) throw error
  }
}

/**
 * Blocks of exactly `blockSize` bytes but for the last; none for an empty body. Full blocks are views of memory from
 * `free`, to be given back there: fresh memory for each would pile up until the collector comes round.
 */
async function* cutBlocks(
  body: AsyncIterable<Uint8Array>,
  free: Buffer[],
  { signal, mayLetGo }: Required<BodyOptions>,
): AsyncGenerator<Buffer> {
  let chunks: Uint8Array[] = []
  /** So many of them are joined ones. */
  let joined = 0
  let size = 0
  for await (let chunk of untilAborted(body, signal)) {
    while (size + chunk.length >= blockSize) {
      const cut = blockSize - size
      chunks.push(chunk.subarray(0, cut))
      chunk = chunk.subarray(cut)
      const block = free.pop() ?? Buffer.allocUnsafeSlow(blockSize)
      let at = 0
      for (const piece of chunks) {
        block.set(piece, at)
        at += piece.length
        if (mayLetGo) letGo(piece)
      }
      chunks = []
      joined = 0
      size = 0
      yield block
    }
    if (chunk.length === 0) continue
    chunks.push(chunk)
    size += chunk.length
    // A chunk costs memory of its own: single bytes would take hundreds of times what they are.
    if (chunks.length - joined < mostChunks) continue
    chunks.push(Buffer.concat(chunks.splice(joined)))
    joined = chunks.length
  }
  if (size > 0) yield Buffer.concat(chunks, size)
}
