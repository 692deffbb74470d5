import { createHash } from 'node:crypto'
import {
  type Dataset,
  DicomReadError,
  DicomWriteError,
  getWholeText,
  planCorrection,
  readLayout,
  spliceFile,
} from '@instandt/dicom'
import { AppError } from '../app-error.ts'
import { originOf } from '../correction/hash-chain.ts'
import { namesIn, textsByTag, valuesOf } from '../correction/values.ts'
import {
  claimCorrection,
  type CorrectionOrder,
  failCorrection,
  keepCorrection,
  LeaseLost,
  listToCorrect,
  releaseCorrection,
  stageFile,
  stageUnchanged,
  swapFiles,
  type ToCorrect,
} from '../data/correction-work.ts'
import { forgetDiscarded } from '../data/discarded-blobs.ts'
import type { Deps } from '../deps.ts'
import { buildRows } from '../dicomweb/stow/build-rows.ts'
import { observe, type ReceivedFile, Refusal } from '../dicomweb/stow/store-instance.ts'
import { inParallel } from '../in-parallel.ts'
import type { ArchiveScope } from '../plugins/access.ts'
import { newObjectKey } from '../storage/blob-keys.ts'
import { isGone } from '../storage/is-gone.ts'
import { isUnreadable } from './is-unreadable.ts'

const atOnce = 2
const listed = 100
const keepEveryMs = 15_000
const retrySeconds = 30

/** What stands in the way of a correction for good, in words for the person who asked for it. */
class Hindrance extends Error {}

/**
 * Works on corrections until none is left that nobody works on. New files are made one by one and kept beside the old
 * ones; the last step puts all in place. Stopped anywhere it goes on when it is run again.
 * @throws what may pass (store or database away, told to stop)
 */
export async function correctInspections(deps: Deps, scope: ArchiveScope, signal?: AbortSignal): Promise<number> {
  for (let count = 0; ; count += 1) {
    signal?.throwIfAborted()
    const order = await claimCorrection(deps.db, scope)
    if (!order) return count
    const keeping = setInterval(
      () =>
        void keepCorrection(deps.db, scope, order).catch((error: unknown) =>
          deps.log.debug({ err: error }, 'not kept'),
        ),
      keepEveryMs,
    )
    try {
      await correctOne(deps, scope, order, signal)
    } catch (error) {
      if (error instanceof LeaseLost) {
        deps.log.warn({ correction: order.id }, 'left to whoever has taken it over')
        continue
      }
      // Sooner than the lease of a process that died.
      await releaseCorrection(deps.db, scope, order, signal?.aborted === true ? 0 : retrySeconds).catch(() => undefined)
      throw error
    } finally {
      clearInterval(keeping)
    }
  }
}

async function correctOne(
  deps: Deps,
  scope: ArchiveScope,
  order: CorrectionOrder,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for (;;) {
      const instances = await listToCorrect(deps.db, scope, order, listed)
      await inParallel(instances, atOnce, async (instance) => {
        signal?.throwIfAborted()
        await makeFile(deps, scope, order, instance)
      })
      if (instances.length > 0) {
        await keepCorrection(deps.db, scope, order)
        continue
      }
      const swapped = await swapFiles(deps.db, scope, order)
      if (swapped === 'more') continue
      await discard(deps, swapped.unused)
      return
    }
  } catch (error) {
    const words = hindrance(error)
    if (words === undefined) throw error
    deps.log.warn({ err: error, correction: order.id }, 'a correction cannot be made')
    await discard(deps, await failCorrection(deps.db, scope, order, words))
  }
}

function hindrance(error: unknown): string | undefined {
  if (error instanceof Hindrance) return error.message
  if (error instanceof AppError && error.code === 'inspection-not-found')
    return 'The inspection was deleted or moved meanwhile.'
  return undefined
}

/** What cannot be removed now is the sweep's, which knows the keys that the database was told of. */
async function discard(deps: Deps, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    try {
      await deps.blobs.delete(key)
      await forgetDiscarded(deps.db, key)
    } catch (error) {
      deps.log.warn({ err: error, blobKey: key }, 'left for the sweep')
    }
  }
}

/** Reads where the header lies, then copies the file with the header corrected; only what differs gets a new file. */
async function makeFile(deps: Deps, scope: ArchiveScope, order: CorrectionOrder, instance: ToCorrect): Promise<void> {
  const fault = (words: string): Hindrance => new Hindrance(`${instance.sopInstanceUid}: ${words}`)
  try {
    for (const isWhole of [false, true]) {
      const layout = await readLayout(await deps.blobs.read(instance.blobKey), isWhole)
      const now = valuesOf(layout.dataset)
      const before = Object.fromEntries(namesIn(order.changes).map((name) => [name, now[name]]))
      if (namesIn(order.changes).every((name) => (order.changes[name] ?? null) === now[name])) {
        await stageUnchanged(deps.db, scope, order, instance, before)
        return
      }
      const splices = planCorrection(layout, textsByTag(order.changes), {
        dateTime: dicomDateTime(new Date()),
        modifyingSystem: 'instaNDT',
        more: originOf(instance.sha256, order.id),
      })
      const blobKey = newObjectKey()
      const source = createHash('sha256')
      const received: { file?: ReceivedFile } = {}
      const body = spliceFile(hashed(await deps.blobs.read(instance.blobKey), source), layout, splices)
      await deps.blobs.write(blobKey, observe(Number.POSITIVE_INFINITY, body, undefined, received))
      const file = received.file as ReceivedFile
      const isRight = isCorrected(file.read.dataset, order)
      // An attribute stands a second time behind the pixel data: then the whole file is looked at.
      const isDouble = file.read.warnings.some(
        ({ code, tag }) => code === 'duplicate-tag' && (tag ?? '') in textsByTag(order.changes),
      )
      if (!source.digest().equals(instance.sha256) || !isRight || (isDouble && !isWhole)) {
        await discard(deps, [blobKey])
        if (isDouble && !isWhole && isRight) continue
        throw fault(
          isRight ? 'its stored bytes are not those that were stored.' : 'it does not read as it should afterwards.',
        )
      }
      const row = buildRows(file.read, file.uids, { blobKey, byteSize: file.byteSize, sha256: file.sha256 })
      const staged = { instanceId: instance.id, sourceKey: instance.blobKey, before, row }
      await stageFile(deps.db, scope, order, staged).catch(async (error: unknown) => {
        if (error instanceof LeaseLost) await discard(deps, [blobKey])
        throw error
      })
      return
    }
  } catch (error) {
    if (error instanceof Hindrance) throw error
    if (error instanceof DicomWriteError || error instanceof DicomReadError || error instanceof Refusal)
      throw fault(error.message)
    if (await isGone(deps.blobs, error)) throw fault('its stored bytes are missing.')
    // A disk that is full, or away, may be better later; a bad sector may not.
    if (await isUnreadable(deps, instance.blobKey, error)) throw fault('its stored bytes cannot be read.')
    throw error
  }
}

/** Whether the new file says what was wanted. */
const isCorrected = (dataset: Dataset, order: CorrectionOrder): boolean =>
  Object.entries(textsByTag(order.changes)).every(([tag, text]) => (getWholeText(dataset, tag) ?? null) === text)

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    hash.update(chunk)
    yield chunk
  }
}

/** YYYYMMDDHHMMSS.FFFFFF&ZZXX (PS3.5 6.2). */
const dicomDateTime = (now: Date): string =>
  `${now.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}.${String(now.getUTCMilliseconds()).padStart(3, '0')}000+0000`
