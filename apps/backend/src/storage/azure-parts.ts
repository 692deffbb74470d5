import { Readable } from 'node:stream'
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import { AppError } from '../app-error.ts'
import { guarded, type ServiceFault, serviceError } from './azure-fault.ts'
import type { BlobStore } from './blob-store.ts'
import { ofLength, partsMissing } from './body.ts'

/** All ids of a blob's blocks have the same length, or the service refuses them. */
export const blockIdOf = (number: number): string => Buffer.from(String(number).padStart(6, '0')).toString('base64')

/**
 * Objects that come in parts: uncommitted blocks, the part's number as their id. The service keeps them a week after the
 * last one, shows them to nobody, and takes a block whole or not at all.
 */
export function azureParts(
  blobOf: (key: string) => BlockBlobClient,
  once: ContainerClient,
): Pick<BlobStore, 'stagePart' | 'commitParts' | 'dropParts'> {
  return {
    async stagePart(key, { number, byteLength }, body, options) {
      const blob = once.getBlockBlobClient(blobOf(key).name)
      // Streams through once: whoever sent the part sends it again, nobody here keeps it for another try.
      const failed = new AbortController()
      const stream = Readable.from(ofLength(body, byteLength), { objectMode: false, highWaterMark: 1024 * 1024 })
      // The client does not look at errors of a body; without its end it would wait for ever.
      stream.on('error', (error) => failed.abort(error))
      const abortSignal = options?.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal
      try {
        await blob.stageBlock(blockIdOf(number), stream, byteLength, { abortSignal })
      } catch (error) {
        abortSignal.throwIfAborted()
        throw serviceError(error)
      } finally {
        stream.destroy()
      }
    },

    async commitParts(key, { count, byteLength }) {
      const blob = blobOf(key)
      const blockIds = Array.from({ length: count }, (_, number) => blockIdOf(number))
      try {
        await guarded((abortSignal) =>
          blob.commitBlockList(blockIds, { conditions: { ifNoneMatch: '*' }, abortSignal }),
        )
      } catch (error) {
        if (!(error instanceof AppError) || !['blob-exists', 'parts-missing'].includes(error.code)) throw error
        // Made by an earlier commit whose answer nobody heard: the key is this object's alone.
        if ((await lengthOf(blob)) !== byteLength) throw partsMissing(error)
      }
    },

    async dropParts(key) {
      const blob = blobOf(key)
      try {
        // A list without them makes the service forget them at once, and an empty object for a moment.
        await guarded((abortSignal) => blob.commitBlockList([], { conditions: { ifNoneMatch: '*' }, abortSignal }))
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'blob-exists') throw error
        // An object of parts is never empty: this one is what an earlier attempt left.
        if ((await lengthOf(blob)) !== 0) return
      }
      await guarded((abortSignal) => blob.deleteIfExists({ abortSignal, deleteSnapshots: 'include' }))
    },
  }
}

/** Undefined when there is no such object. */
async function lengthOf(blob: BlockBlobClient): Promise<number | undefined> {
  return guarded((abortSignal) => blob.getProperties({ abortSignal })).then(
    ({ contentLength }) => contentLength,
    (error: unknown) => {
      const { statusCode } = ((error as AppError).cause ?? {}) as ServiceFault
      if (statusCode === 404) return undefined
      throw error
    },
  )
}
