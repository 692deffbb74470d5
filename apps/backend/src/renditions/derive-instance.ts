import { PixelFault } from '@instandt/pixels'
import { AppError } from '../app-error.ts'
import { changeRenditionJob, type RenditionChange, type RenditionJob } from '../data/rendition-jobs.ts'
import { addRendition, countRenditions, hasRendition } from '../data/renditions.ts'
import { findAttributesById, type StoredAttributes } from '../data/retrieve.ts'
import type { Deps } from '../deps.ts'
import { isUnreadable } from '../jobs/is-unreadable.ts'
import type { PixelPool } from '../pixels/pixel-pool.ts'
import { decodedBytes } from '../pixels/read-rows.ts'
import { type ImageInfo, readImage } from '../pixels/read-image.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import { newRenditionKey } from '../storage/blob-keys.ts'
import { isGone } from '../storage/is-gone.ts'
import { makeFrame } from './make-frame.ts'
import type { Pace } from './pace.ts'
import { makeThumbnail, representativeFrame } from './thumbnail.ts'
import { planTiles, type TilePlan } from './worth.ts'

export interface Work {
  deps: Deps
  scope: ArchiveScope
  pool: PixelPool
  pause: Pace
  /** Who holds the claim. */
  owner: string
  /** Aborted when the claim is lost or the process stops. */
  signal: AbortSignal
}

// Small single frames are in memory already when their thumbnail is made: their rendition is made at once.
const atOnce = 4 * 1024 * 1024
const mostAttempts = 5

/** Somebody else has the job by now, or its instance is gone. */
class LostClaim extends Error {}

/**
 * Brings one instance further: its thumbnail if it has none, else its renditions frame by frame. What is done is written
 * down after each, so that a crash costs one frame. Faults of the store and of the database are thrown; the job then waits.
 */
export async function deriveInstance(work: Work, job: RenditionJob): Promise<void> {
  try {
    await derive(work, job)
  } catch (error) {
    // A foreign key that is missing: the instance was deleted meanwhile.
    const isGone = error instanceof LostClaim || (error as { code?: string }).code === '23503'
    if (!isGone) throw error
  }
}

async function derive(work: Work, job: RenditionJob): Promise<void> {
  const { deps, scope } = work
  const write = writer(work, job)
  if (job.attempts > mostAttempts) {
    const last = job.reason === null ? '' : `: ${job.reason}`
    await write({ ...ended(job), state: 'failed', reason: `gave up after ${mostAttempts} attempts${last}` })
    return
  }
  const stored = await findAttributesById(deps.db, scope, job.instanceId)
  if (!stored) throw new LostClaim()
  try {
    await deriveStored(work, write, job, stored)
  } catch (error) {
    // Missing bytes are this image's matter, unless the whole store is away: then this throws that.
    await isGone(deps.blobs, error)
    if (!(await isUnreadable(deps, stored.blobKey, error, work.signal))) throw error
    throw new AppError('blob-unreadable', 500, 'The stored bytes cannot be read.', { cause: error })
  }
}

async function deriveStored(work: Work, write: Write, job: RenditionJob, stored: StoredAttributes): Promise<void> {
  const { deps, scope } = work
  let image: ImageInfo
  try {
    image = await readImage(deps, scope, stored)
  } catch (error) {
    if (!(error instanceof PixelFault)) throw error
    const isNothing = error.code === 'no-pixels' || error.code === 'video'
    await write({ ...ended(job), state: isNothing ? 'unneeded' : 'failed', reason: wordsOf(error) })
    return
  }

  const fault = job.thumbnail === 'waiting' ? await deriveThumbnail(work, write, image) : undefined
  const plan = planTiles(image)
  if (typeof plan === 'string' || fault) {
    const state = fault ? 'failed' : 'unneeded'
    await write({ state, reason: fault ?? (plan as string), attempts: 0, isReleased: true })
    return
  }
  const { frameCount } = image.format
  const isSmall = frameCount === 1 && decodedBytes(image.format) <= atOnce
  if (job.thumbnail === 'waiting' && !isSmall) {
    // Everybody's thumbnail comes before anybody's renditions.
    await write({ frameCount, attempts: 0, isReleased: true })
    return
  }
  await deriveFrames(work, write, job, image, plan)
}

type Write = (change: RenditionChange) => Promise<void>

const writer =
  ({ deps, scope, owner, signal }: Work, { instanceId }: RenditionJob): Write =>
  async (change) => {
    signal.throwIfAborted()
    if (!(await changeRenditionJob(deps.db.pool, scope, owner, instanceId, change))) throw new LostClaim()
  }

const ended = (job: RenditionJob): RenditionChange => ({
  ...(job.thumbnail === 'waiting' ? { thumbnail: 'none' } : {}),
  attempts: 0,
  isReleased: true,
})

const wordsOf = ({ code, detail }: PixelFault): string =>
  Object.keys(detail).length === 0 ? code : `${code}: ${Object.values(detail).join(', ')}`

/** Its fault in words, when the image cannot be shown. */
async function deriveThumbnail(
  { deps, scope, pool, pause }: Work,
  write: Write,
  image: ImageInfo,
): Promise<string | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await makeThumbnail(deps, scope, image, representativeFrame(image), pool, pause)
  } catch (error) {
    if (!(error instanceof PixelFault)) throw error
    await write({ thumbnail: 'none' })
    return wordsOf(error)
  }
  const key = newRenditionKey()
  await deps.blobs.write(key, one(bytes))
  await write({ thumbnail: 'made', thumbnailKey: key, addedBytes: bytes.length })
  return undefined
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function deriveFrames(
  work: Work,
  write: Write,
  job: RenditionJob,
  image: ImageInfo,
  plan: TilePlan,
): Promise<void> {
  const { deps, scope, pool, pause } = work
  const { frameCount } = image.format
  let framesMade = await countRenditions(deps.db, scope, job.instanceId)
  for (let frame = job.framesDone + 1; frame <= frameCount; frame += 1) {
    await pause()
    work.signal.throwIfAborted()
    let addedBytes = 0
    let reason: string | undefined
    if (!(await hasRendition(deps.db, scope, job.instanceId, frame))) {
      try {
        const { rendition } = await makeFrame(deps, scope, image, frame, plan, pool, pause)
        if (!(await addRendition(deps.db, scope, work.owner, job.instanceId, frame, rendition))) throw new LostClaim()
        addedBytes = rendition.byteSize
        framesMade += 1
      } catch (error) {
        // What is wrong with one frame does not keep the others from being made.
        if (!(error instanceof PixelFault)) throw error
        reason = `frame ${frame}: ${wordsOf(error)}`
        if (error.code === 'too-slow') {
          // A film of those would keep the thread from everybody else for days.
          await write({ state: 'failed', reason, frameCount, framesDone: frame, attempts: 0, isReleased: true })
          return
        }
      }
    }
    await write({ frameCount, framesDone: frame, framesMade, addedBytes, attempts: 0, ...(reason ? { reason } : {}) })
  }
  // Of frames that could not be made the last one's reason stands there.
  const change = framesMade < frameCount ? { state: 'failed' as const } : { state: 'made' as const, reason: null }
  await write({ ...change, isReleased: true })
}
