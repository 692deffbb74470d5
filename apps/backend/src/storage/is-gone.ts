import { AppError } from '../app-error.ts'
import type { BlobStore } from './blob-store.ts'

/**
 * Whether a fault says that an object is gone. On a disk that is not mounted every object seems to be, and none is.
 * @throws AppError 'storage-unavailable' when the store does not answer, which says nothing
 */
export async function isGone(blobs: Pick<BlobStore, 'check'>, fault: unknown): Promise<boolean> {
  if (!(fault instanceof AppError) || fault.code !== 'blob-missing') return false
  await blobs.check()
  return true
}
