import { readJpegHeader } from '@instandt/pixels'
import { AppError } from '../../app-error.ts'
import { forgetRendition } from '../../data/renditions.ts'
import type { InstanceAddress, InstanceSelection } from '../../data/retrieve.ts'
import { findRepresentative } from '../../data/thumbnails.ts'
import type { Deps } from '../../deps.ts'
import type { RenderedType } from '../../pixels/pixel-tasks.ts'
import type { Scope } from '../../plugins/access.ts'
import { representativeFrame, thumbnailEdge, thumbnailSettings } from '../../renditions/thumbnail.ts'
import { isGone } from '../../storage/is-gone.ts'
import type { ReaderMemory } from '../wado/answer-memory.ts'
import { openRendered, renderFrame } from './render-instance.ts'

export interface WantedThumbnail {
  /** From 1; absent: the one that stands for the instance. */
  frame: number | undefined
  viewport: { width: number; height: number } | undefined
  mediaType: RenderedType
  signal: AbortSignal
}

export interface Thumbnail {
  address: InstanceAddress
  /** Of the image it shows. */
  identity: string
  open: (memory: ReaderMemory) => AsyncIterable<Uint8Array>
}

const missing = (): AppError =>
  new AppError('thumbnail-missing', 404, 'There is nothing at this address that can be shown as a picture.')

/**
 * A small picture of what the address names. The stored one where it will do; until it is made, and for single frames, it is
 * drawn here and now.
 * @throws AppError 'thumbnail-missing' (404)
 */
export async function openThumbnail(
  deps: Deps,
  scope: Scope,
  selection: InstanceSelection,
  wanted: WantedThumbnail,
): Promise<Thumbnail> {
  const found = await findRepresentative(deps.db, scope, selection)
  if (!found || found.thumbnail === 'none') throw missing()
  const { frame, mediaType } = wanted
  const { thumbnailKey } = found
  const isStored = frame === undefined && thumbnailKey !== null
  return {
    address: found,
    identity: `thumbnail ${found.sha256} ${found.mended} ${frame ?? ''}`,
    async *open(memory) {
      const bytes = isStored ? await readStored(deps, scope, thumbnailKey, memory) : undefined
      const isAsStored = wanted.viewport === undefined && mediaType === thumbnailSettings.mediaType
      if (!bytes) yield await drawThumbnail(deps, scope, found, wanted)
      else yield isAsStored ? bytes : await redraw(deps, bytes, wanted)
    },
  }
}

/** Undefined when the object is gone: then it is made again. */
async function readStored(
  deps: Deps,
  scope: Scope,
  key: string,
  memory: ReaderMemory,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const pieces: Uint8Array[] = []
    for await (const chunk of await deps.blobs.read(key, undefined, memory())) pieces.push(Uint8Array.from(chunk))
    return new Uint8Array(Buffer.concat(pieces))
  } catch (error) {
    if (!(await isGone(deps.blobs, error))) throw error
    await forgetRendition(deps.db, scope, key)
    return undefined
  }
}

/** Never larger than thumbnails are. */
const viewportOf = ({ viewport }: WantedThumbnail): { width: number; height: number } => ({
  width: Math.min(viewport?.width ?? thumbnailEdge, thumbnailEdge),
  height: Math.min(viewport?.height ?? thumbnailEdge, thumbnailEdge),
})

async function drawThumbnail(
  deps: Deps,
  scope: Scope,
  address: InstanceAddress,
  wanted: WantedThumbnail,
): Promise<Uint8Array> {
  const image = await openRendered(deps, scope, address)
  const { quality } = thumbnailSettings
  const rendering = { window: undefined, region: undefined, viewport: viewportOf(wanted), quality, isEnlarging: false }
  const frame = wanted.frame ?? representativeFrame(image)
  return renderFrame(deps, scope, image, frame, rendering, wanted.mediaType, wanted.signal)
}

const jpegBaseline = '1.2.840.10008.1.2.4.50'

/** The stored thumbnail smaller, or as another type. */
async function redraw(deps: Deps, bytes: Uint8Array<ArrayBuffer>, wanted: WantedThumbnail): Promise<Uint8Array> {
  const header = readJpegHeader(bytes)
  if (!header) throw new AppError('blob-unreadable', 500, 'The stored thumbnail is no JPEG.')
  const { columns, rows, components: samplesPerPixel } = header
  const photometric = samplesPerPixel === 3 ? 'YBR_FULL' : 'MONOCHROME2'
  const bits = { bitsAllocated: 8, bitsStored: 8, highBit: 7, isSigned: false }
  const kind = { isPlanar: false, kind: 'integer', frameCount: 1 } as const
  const attributes = { rescale: undefined, fileWindows: [], isInverse: false, aspect: 1, padding: undefined }
  return deps.pixels.run(
    'render',
    {
      source: { bytes, syntaxUid: jpegBaseline },
      format: { columns, rows, samplesPerPixel, photometric, ...bits, ...kind },
      tables: { palette: undefined, modality: undefined },
      attributes,
      options: {
        window: { centre: 127.5, width: 255, shape: 'linear-exact' },
        viewport: { ...viewportOf(wanted), isEnlarging: false },
      },
      mediaType: wanted.mediaType,
      quality: thumbnailSettings.quality,
    },
    { transfer: [bytes.buffer], signal: wanted.signal },
  )
}
