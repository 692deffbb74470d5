import { createHash } from 'node:crypto'
import { partLength } from '@instandt/api'
import { AppError } from '../app-error.ts'
import type { PartLocks, PartWriter } from '../data/upload-locks.ts'
import { addPart, findPart, uploadNotFound } from '../data/uploads.ts'
import type { Deps } from '../deps.ts'
import type { Scope } from '../plugins/access.ts'

/** One part as its request announces it. */
export interface SentPart {
  upload: string
  number: number
  byteLength: number
  sha256: Uint8Array
  body: AsyncIterable<Uint8Array>
}

// Well under the 240 s after which the proxies in front of us give up.
const longestMs = 180_000

/**
 * Takes one part: bytes durable first, then its row. A part that is here already is not written again, so that a late
 * duplicate, whole or broken, changes nothing.
 * @throws AppError 'upload-not-found' (404), 'upload-complete', 'part-differs', 'part-busy' (409), 'part-unknown',
 * 'part-length-mismatch', 'digest-mismatch' (400), 'part-too-slow' (408)
 */
export async function receivePart(
  deps: Pick<Deps, 'db' | 'blobs'>,
  locks: PartLocks,
  scope: Scope,
  sent: SentPart,
  mostMs = longestMs,
): Promise<void> {
  const { upload, number } = sent
  try {
    await locks.withPart(scope, upload, number, async (writer) => {
      const wanted = await findWanted(deps, scope, sent)
      if (!wanted) return
      await stage(deps, wanted, sent, writer, mostMs)
      await addPart(deps.db, scope, upload, sent)
    })
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'part-busy') throw error
    // Who holds it may be the job that ended the upload, or somebody who is done by now: that is told first.
    if (await findWanted(deps, scope, sent)) throw error
  }
}

/** The upload, if this part of it is still to be taken; undefined when it is here already. */
async function findWanted(
  { db }: Pick<Deps, 'db'>,
  scope: Scope,
  sent: SentPart,
): Promise<{ partSize: number; blobKey: string } | undefined> {
  const { number, sha256 } = sent
  const found = await findPart(db, scope, sent.upload, number)
  if (!found) throw uploadNotFound()
  checkPlace(found, sent)
  if (found.sha256?.equals(sha256) === true) return undefined
  if (found.sha256)
    throw new AppError('part-differs', 409, `Part ${number} is here already with other bytes; begin a new upload.`)
  if (found.state !== 'open') throw new AppError('upload-complete', 409, 'All parts of this upload are here already.')
  return found
}

async function stage(
  { blobs }: Pick<Deps, 'blobs'>,
  { partSize, blobKey }: { partSize: number; blobKey: string },
  sent: SentPart,
  { signal, alive }: PartWriter,
  mostMs: number,
): Promise<void> {
  const { number, byteLength } = sent
  const late = AbortSignal.timeout(mostMs)
  try {
    await blobs.stagePart(blobKey, { number, partSize, byteLength }, verified(sent, alive), {
      signal: AbortSignal.any([signal, late]),
      mayLetGo: true,
    })
  } catch (error) {
    if (error !== late.reason) throw error
    throw new AppError('part-too-slow', 408, `The part took longer than ${mostMs / 1000} s.`, { cause: error })
  }
  // Had the lock been lost meanwhile, somebody else might be writing.
  signal.throwIfAborted()
}

function checkPlace(upload: { byteSize: number; partSize: number }, { number, byteLength }: SentPart): void {
  const count = Math.ceil(upload.byteSize / upload.partSize)
  if (number >= count) throw new AppError('part-unknown', 400, `The upload has parts 0 to ${count - 1}.`)
  const wanted = partLength(upload, number)
  if (byteLength !== wanted) {
    throw new AppError('part-length-mismatch', 400, `Part ${number} has ${wanted} bytes, not ${byteLength}.`)
  }
}

/** Hands the bytes on, the last of them only when all together are what was announced: a store never has a wrong part whole. */
async function* verified({ body, byteLength, sha256 }: SentPart, alive: () => void): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let received = 0
  let held: Uint8Array | undefined
  for await (const chunk of body) {
    if (held) yield held
    hash.update(chunk)
    received += chunk.length
    held = chunk
    alive()
  }
  if (received < byteLength) throw new AppError('body-cut-off', 400, 'The body ended before it was complete.')
  if (!hash.digest().equals(sha256))
    throw new AppError('digest-mismatch', 400, 'The bytes of the part have another SHA-256 than announced.')
  if (held) yield held
}
