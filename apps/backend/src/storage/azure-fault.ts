import { AppError } from '../app-error.ts'
import { immutable, partsMissing } from './body.ts'

// Every request, its retries included, ends well before the 240 s of the proxies in front of us.
export const requestTimeout = 45_000

export interface ServiceFault {
  statusCode?: number
  code?: string
}

const missing = (cause: unknown): AppError =>
  new AppError('blob-missing', 500, 'The stored bytes are missing.', { cause })

/** Runs a request within its time; any fault but the caller's own abort becomes an AppError. */
export async function guarded<T>(
  request: (abortSignal: AbortSignal) => Promise<T>,
  options?: { timeout?: number; signal?: AbortSignal | undefined },
): Promise<T> {
  const timeout = AbortSignal.timeout(options?.timeout ?? requestTimeout)
  try {
    return await request(options?.signal ? AbortSignal.any([options.signal, timeout]) : timeout)
  } catch (error) {
    options?.signal?.throwIfAborted()
    throw serviceError(error)
  }
}

export function serviceError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const { code } = error as ServiceFault
  if (code === 'BlobNotFound') return missing(error)
  if (code === 'InvalidBlockList') return partsMissing(error)
  if (code === 'BlobAlreadyExists')
    return new AppError('blob-exists', 500, 'A stored object is never overwritten.', { cause: error })
  // BlobImmutableDueToPolicy, and the one of legal holds.
  if (code?.startsWith('BlobImmutable') === true) return immutable(error)
  return new AppError('storage-unavailable', 503, 'The image store does not answer as it should.', { cause: error })
}
