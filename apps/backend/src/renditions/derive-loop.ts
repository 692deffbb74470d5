import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../app-error.ts'
import {
  changeRenditionJob,
  claimRenditionJob,
  keepRenditionJob,
  leaseSeconds,
  type RenditionJob,
} from '../data/rendition-jobs.ts'
import { isConnectionFault } from '../data/transaction.ts'
import type { Deps } from '../deps.ts'
import { memoryOfProcess } from '../pixels/memory-budget.ts'
import { createPixelPool } from '../pixels/pixel-pool.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { deriveInstance, type Work } from './derive-instance.ts'
import { createPace, type Pace } from './pace.ts'

export interface Deriving {
  /** Ends what runs at its next step and gives it back; what is done stays done. */
  stop(): Promise<void>
}

const idleMs = 1000
const troubleMs = 10_000

/** Makes thumbnails and renditions of what is stored, newest first, `DERIVE_THREADS` instances at a time. */
export function startDeriving(deps: Deps, makePace: () => Pace = createPace): Deriving {
  const { DERIVE_THREADS: count, PIXEL_SECONDS: seconds } = deps.config
  const stopping = new AbortController()
  const pool = createPixelPool({ threads: count, isLow: true, memory: memoryOfProcess() / 4, seconds })
  const loops = Array.from({ length: count }, () => runLoop(deps, pool, makePace(), stopping.signal))
  return {
    async stop() {
      stopping.abort(new AppError('stopping', 503, 'The worker is stopping.'))
      pool.close()
      await Promise.all(loops)
    },
  }
}

async function runLoop(deps: Deps, pool: Work['pool'], pause: Pace, signal: AbortSignal): Promise<void> {
  const owner = randomUUID()
  while (!signal.aborted) {
    try {
      const scope = await readArchiveScope(deps.db)
      const job = await claimRenditionJob(deps.db, scope, owner)
      if (job) await runJob({ deps, scope, pool, pause, owner, signal }, job)
      else await wait(idleMs, signal)
    } catch (error) {
      if (signal.aborted) return
      deps.log.warn({ err: error }, 'images for screens are not made at the moment')
      await wait(troubleMs, signal)
    }
  }
}

const wait = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => undefined)

/** @throws what concerns all jobs and not this one: the store or the database does not answer */
async function runJob(work: Work, job: RenditionJob): Promise<void> {
  const { deps, scope, owner } = work
  const lost = new AbortController()
  const signal = AbortSignal.any([work.signal, lost.signal])
  const alive = setInterval(
    () => {
      keepRenditionJob(deps.db, scope, owner, job.instanceId).then(
        (isOurs) => {
          if (!isOurs) lost.abort(new AppError('claim-lost', 409, 'Another worker has taken over.'))
        },
        // The next beat may reach the database again.
        () => undefined,
      )
    },
    (leaseSeconds * 1000) / 3,
  )
  try {
    await deriveInstance({ ...work, signal }, job)
  } catch (error) {
    if (lost.signal.aborted) return
    const isOutage = work.signal.aborted || isOutageOf(error)
    const reason = error instanceof Error ? error.message : String(error)
    if (!isOutage) deps.log.warn({ err: error, instance: job.instanceId }, 'an image for screens was not made')
    const again = isOutage
      ? { attempts: job.attempts - 1, retryAfter: work.signal.aborted ? 0 : 30 }
      : { reason, retryAfter: 15 * 2 ** job.attempts }
    await changeRenditionJob(deps.db.pool, scope, owner, job.instanceId, { ...again, isReleased: true })
    if (isOutage) throw error
  } finally {
    clearInterval(alive)
  }
}

/** Not this image's fault: the same would happen to the next one. */
const isOutageOf = (error: unknown): boolean =>
  error instanceof AppError ? error.status === 503 : isConnectionFault(error)
