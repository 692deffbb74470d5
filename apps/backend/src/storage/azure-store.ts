import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import { AppError } from '../app-error.ts'
import { letGo } from '../let-go.ts'
import { type AzureAccount, connectContainer } from './azure-container.ts'
import { guarded, requestTimeout, type ServiceFault, serviceError } from './azure-fault.ts'
import { azureParts, blockIdOf } from './azure-parts.ts'
import { checkKey } from './blob-keys.ts'
import type { BlobInfo, BlobStore, BodyOptions, ByteRange } from './blob-store.ts'
import { checkLength, untilAborted } from './body.ts'
import { haveSameBytes } from './same-bytes.ts'

// Four blocks at most are in memory: one being filled, three on their way. 50,000 blocks are allowed: 195 GiB.
const blockSize = 4 * 1024 * 1024
const blocksInFlight = 3
const mostChunks = 1024
const checkTimeout = 5_000
const stallTimeout = 30_000
const resumesWithoutProgress = 4

/**
 * Blobs of one container. With a connection string (development, tests) the container is made when absent; with an
 * identity it has to exist, because making it is the deployment's right and not the server's.
 */
export async function openAzureStore(account: AzureAccount): Promise<BlobStore> {
  const container = connectContainer(account)
  if ('connectionString' in account) await guarded((abortSignal) => container.createIfNotExists({ abortSignal }))

  const blobOf = (key: string): BlockBlobClient => {
    checkKey(key)
    return container.getBlockBlobClient(key)
  }

  const store: BlobStore = {
    ...azureParts(blobOf, connectContainer(account, { hasRetries: false })),

    write: async (key, body, options) => writeBlob(blobOf(key), body, options),
    read: async (key, range) => readBlob(blobOf(key), range),

    async delete(key) {
      const blob = blobOf(key)
      await guarded((abortSignal) => blob.deleteIfExists({ abortSignal, deleteSnapshots: 'include' }))
    },

    list: (prefix) => listBlobs(container, prefix),

    async move(from, to) {
      const source = blobOf(from)
      const target = blobOf(to)
      try {
        await guarded(async (abortSignal) => {
          // Inside one account the service copies by itself and takes our own authorisation for the source, too.
          const copy = await target.beginCopyFromURL(source.url, {
            abortSignal,
            conditions: { ifNoneMatch: '*' },
            intervalInMs: 500,
          })
          const result = await copy.pollUntilDone()
          if (result.copyStatus !== 'success') throw new Error(`copy ended as ${result.copyStatus ?? 'unknown'}`)
        })
      } catch (error) {
        // Copied already: by a move that was cut off, or by this one when its first answer got lost.
        const isThere = error instanceof AppError && error.code === 'blob-exists'
        if (!isThere || !(await haveSameBytes(store, from, to))) throw error
      }
      // A fault here may come after the deed: the copy stays, since it may be the only one by then.
      await store.delete(from)
    },

    async check() {
      await guarded((abortSignal) => container.getProperties({ abortSignal }), { timeout: checkTimeout })
    },

    async close() {},
  }
  return store
}

async function writeBlob(
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

interface Download {
  stream: NodeJS.ReadableStream & { destroy(error?: Error): void }
  etag: string | undefined
  /** Bytes this answer brings. */
  byteLength: number
}

async function openDownload(
  blob: BlockBlobClient,
  offset: number,
  count: number | undefined,
  etag?: string,
): Promise<Download> {
  // The signal would also end the body: it is disarmed as soon as the head of the answer is here.
  const opening = new AbortController()
  const timer = setTimeout(() => opening.abort(), requestTimeout)
  try {
    const answer = await blob.download(offset, count, {
      abortSignal: opening.signal,
      maxRetryRequests: 0,
      conditions: etag === undefined ? {} : { ifMatch: etag },
    })
    const stream = answer.readableStreamBody as Download['stream'] | undefined
    if (!stream) throw new Error('the answer has no body')
    return { stream, etag: answer.etag, byteLength: answer.contentLength ?? 0 }
  } finally {
    clearTimeout(timer)
  }
}

async function readBlob(blob: BlockBlobClient, range: ByteRange | undefined): Promise<AsyncIterable<Uint8Array>> {
  const offset = range?.offset ?? 0
  // The client reads a count of 0 as "to the end".
  if (range?.length === 0) return emptyBody()
  let first: Download
  try {
    first = await openDownload(blob, offset, range?.length)
  } catch (error) {
    if ((error as ServiceFault).statusCode === 416) return emptyBody()
    throw serviceError(error)
  }
  return resumeDownload(blob, offset, first)
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

/** The bytes of `first`, going on where a broken connection stopped. Not a generator: an unread one must close, too. */
function resumeDownload(blob: BlockBlobClient, offset: number, first: Download): AsyncIterable<Uint8Array> {
  let download: Download = first
  let chunks = download.stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  let position = offset
  const end = offset + first.byteLength
  let attempts = 0
  let isOpen = true
  download.stream.on('error', () => undefined)

  const close = (): void => {
    isOpen = false
    download.stream.destroy()
  }
  const resume = async (cause: unknown): Promise<void> => {
    for (;;) {
      download.stream.destroy()
      if (attempts >= resumesWithoutProgress) throw serviceError(cause)
      await delay(100 * 2 ** attempts)
      attempts += 1
      try {
        download = await openDownload(blob, position, end - position, first.etag)
        download.stream.on('error', () => undefined)
        chunks = download.stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
        if (!isOpen) download.stream.destroy()
        return
      } catch (error) {
        // Gone or replaced meanwhile: no later attempt can bring the same bytes.
        const { statusCode } = error as ServiceFault
        if (statusCode === 404 || statusCode === 412) throw serviceError(error)
        cause = error
      }
    }
  }

  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      while (isOpen && position < end) {
        let step: IteratorResult<Uint8Array>
        const stalled = setTimeout(() => download.stream.destroy(new Error('the download stalled')), stallTimeout)
        try {
          step = await chunks.next()
          if (step.done) throw new Error('the download ended early')
        } catch (error) {
          if (!isOpen) break
          clearTimeout(stalled)
          await resume(error)
          continue
        } finally {
          clearTimeout(stalled)
        }
        position += step.value.length
        attempts = 0
        return { done: false, value: step.value }
      }
      close()
      return { done: true, value: undefined }
    },
    async return() {
      close()
      return { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

async function* listBlobs(container: ContainerClient, prefix: string): AsyncGenerator<BlobInfo> {
  const pages = container.listBlobsFlat({ prefix }).byPage({ maxPageSize: 5000 })
  for (;;) {
    const page = await guarded(() => pages.next())
    if (page.done) return
    for (const { name, properties } of page.value.segment.blobItems) {
      yield { key: name, byteLength: properties.contentLength ?? 0, modifiedAt: properties.lastModified }
    }
  }
}
