import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../app-error.ts'
import type { Deps } from '../deps.ts'

const isUnavailable = (error: unknown): boolean => error instanceof AppError && error.code === 'storage-unavailable'

/**
 * Whether it is this object that cannot be read (a bad sector, an archived blob), and not the store: that answers, but a
 * second reading fails as the first one did.
 * @param failure of the first reading
 * @throws AppError 'storage-unavailable' when the store itself does not answer
 */
export async function isUnreadable(
  { blobs }: Pick<Deps, 'blobs'>,
  blobKey: string,
  failure: unknown,
  signal?: AbortSignal,
): Promise<boolean> {
  if (!isUnavailable(failure)) return false
  await blobs.check()
  // One answer may have been lost on its way.
  await delay(500, undefined, { signal })
  try {
    for await (const _ of await blobs.read(blobKey)) signal?.throwIfAborted()
    return false
  } catch (error) {
    if (!isUnavailable(error)) throw error
    await blobs.check()
    return true
  }
}
