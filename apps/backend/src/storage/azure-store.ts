import { setTimeout as delay } from 'node:timers/promises'
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import { AppError } from '../app-error.ts'
import { type AzureAccount, connectContainer } from './azure-container.ts'
import { guarded, requestTimeout, type ServiceFault, serviceError } from './azure-fault.ts'
import { azureParts } from './azure-parts.ts'
import { writeBlob } from './azure-write.ts'
import { checkKey } from './blob-keys.ts'
import type { BlobInfo, BlobStore, ByteRange } from './blob-store.ts'
import { haveSameBytes } from './same-bytes.ts'

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
