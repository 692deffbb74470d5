import { AppError } from '../../app-error.ts'
import { type InstanceAddress, readAttributes } from '../../data/retrieve.ts'
import type { Deps } from '../../deps.ts'
import type { RenderedType } from '../../pixels/pixel-tasks.ts'
import { type ImageInfo, readImage } from '../../pixels/read-image.ts'
import type { Scope } from '../../plugins/access.ts'
import { readPages } from '../wado/retrieve-object.ts'
import type { Rendering } from './parse-rendering.ts'
import { asAppError, renderFrame } from './render-instance.ts'

export interface RenderedInstance {
  address: InstanceAddress
  bytes: Uint8Array<ArrayBuffer>
}

/** Faults of one image that say nothing about the others. */
const ownFaults = new Set(['pixel-data-missing', 'image-not-renderable', 'image-too-large', 'malformed-query'])

/** The first frame of every listed instance that can be drawn, in their order, one after the other. */
export async function* eachRendered(
  deps: Deps,
  scope: Scope,
  ids: readonly string[],
  rendering: Rendering,
  mediaType: RenderedType,
  signal: AbortSignal,
): AsyncGenerator<RenderedInstance> {
  let count = 0
  let fault: AppError | undefined
  for await (const rows of readPages(ids, (page) => readAttributes(deps.db, scope, page), 20)) {
    for (const stored of rows) {
      const drawn = await drawOne(deps, scope, stored, rendering, mediaType, signal)
      if (drawn instanceof AppError) {
        // What is asked for does not fit this image, and may fit the next one.
        if (drawn.status === 400) fault ??= drawn
        continue
      }
      count += 1
      yield { address: stored, bytes: drawn }
    }
  }
  if (count === 0) throw fault ?? new AppError('pixel-data-missing', 404, 'Nothing at this address can be drawn.')
}

/** Why not, for what is no image or none that can be drawn so: the others are drawn all the same. */
async function drawOne(
  deps: Deps,
  scope: Scope,
  stored: ImageInfo['stored'],
  rendering: Rendering,
  mediaType: RenderedType,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | AppError> {
  try {
    const image = await readImage(deps, scope, stored)
    return await renderFrame(deps, scope, image, 1, rendering, mediaType, signal)
  } catch (error) {
    const fault = asAppError(error)
    if (fault instanceof AppError && ownFaults.has(fault.code)) return fault
    throw fault
  }
}
