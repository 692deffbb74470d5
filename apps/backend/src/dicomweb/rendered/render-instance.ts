import {
  colourModelOf,
  type FrameAttributes,
  pictureSize,
  PixelFault,
  type PixelFormat,
  readFrameAttributes,
  type RenderOptions,
} from '@instandt/pixels'
import { AppError } from '../../app-error.ts'
import { findRendition, type StoredRendition } from '../../data/renditions.ts'
import { findAttributes, type InstanceAddress } from '../../data/retrieve.ts'
import type { Deps } from '../../deps.ts'
import type { RenderedType, RenderInput } from '../../pixels/pixel-tasks.ts'
import {
  decodedBytes,
  isReadByRow,
  isReadInStrips,
  largestWholeFrame,
  readRows,
  withFrame,
} from '../../pixels/read-rows.ts'
import { collect, type ImageInfo, readImage } from '../../pixels/read-image.ts'
import type { Scope } from '../../plugins/access.ts'
import { blobOffset } from '../../renditions/rendition-blob.ts'
import { readSmall, smallSource } from '../../renditions/thumbnail.ts'
import { notFound } from '../wado/retrieve-object.ts'
import { partOf, type Rendering } from './parse-rendering.ts'

// Beside what was read a frame is in memory decoded and as a picture.
const copies = 2

const isGrey = (format: PixelFormat): boolean => colourModelOf(format, false) === 'grey'

/**
 * Bytes a picture takes while it is drawn and written: its pixels and what an encoder makes of them.
 * @throws AppError 'image-too-large' one that is enlarged beyond what this process has memory for
 */
function pictureBytes(format: PixelFormat, { aspect }: FrameAttributes, { region, viewport }: RenderOptions): number {
  const { columns, rows } = pictureSize(format, aspect, { region, viewport })
  const bytes = columns * rows * (isGrey(format) ? 8 : 12)
  const source = pictureSize(format, aspect, { region })
  if (columns * rows > source.columns * source.rows && bytes > largestWholeFrame()) {
    const words = `A picture of ${columns} × ${rows} pixels is enlarged further than can be done here.`
    throw new AppError('image-too-large', 400, `viewport: ${words}`)
  }
  return bytes
}

/** An instance that can be drawn. @throws AppError 404 or 406 with the reason */
export async function openRendered(deps: Deps, scope: Scope, address: InstanceAddress): Promise<ImageInfo> {
  const stored = await findAttributes(deps.db, scope, address)
  if (!stored) throw notFound()
  return readImage(deps, scope, stored).catch((error: unknown) => {
    throw asAppError(error)
  })
}

/** What is wrong with an image, as an answer. */
export const asAppError = (error: unknown): unknown => {
  if (!(error instanceof PixelFault)) return error
  const { code, detail } = error
  if (code === 'no-pixels')
    return new AppError('pixel-data-missing', 404, 'This object has no image that can be drawn.')
  const words = Object.values(detail).join(', ')
  return new AppError(
    'image-not-renderable',
    406,
    `This image cannot be drawn here: ${code}${words ? ` (${words})` : ''}.`,
  )
}

/**
 * Draws one frame (from 1). Where a small picture is asked for, no more is read and decoded than that needs: a resolution
 * of its rendition, or its rows one after the other.
 */
export async function renderFrame(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  rendering: Pick<Rendering, 'window' | 'viewport' | 'region' | 'quality'> & { isEnlarging?: boolean },
  mediaType: RenderedType,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const { format, tables, dataset } = image
  if (frame > format.frameCount) {
    const words = `There is no frame ${frame}: the instance has ${format.frameCount}.`
    throw new AppError('frame-not-found', 404, words)
  }
  const attributes = readFrameAttributes(dataset, format, frame)
  const { window, viewport, region, quality, isEnlarging = true } = rendering
  const part = region && partOf(region, format)
  const options: RenderOptions = { window, region: part, viewport: viewport && { ...viewport, isEnlarging } }
  const common = { tables, attributes, mediaType, quality }
  const beside = pictureBytes(format, attributes, options)
  try {
    const halvings = part ? 0 : halvingsFor(image, attributes, viewport)
    const small = await smallerSource(deps, scope, image, frame, halvings, signal)
    if (small) {
      const draw = () => deps.pixels.run('render', { ...common, ...small, options }, { signal })
      return await deps.pixels.withMemory(beside, draw, signal)
    }
    return await renderWhole(deps, scope, image, frame, { ...common, options }, { beside, signal })
  } catch (error) {
    throw asAppError(error)
  }
}

/** How often the image may be halved and is still not smaller than what fits into the viewport. */
function halvingsFor(
  { format }: ImageInfo,
  { aspect }: FrameAttributes,
  viewport: { width: number; height: number } | undefined,
): number {
  if (!viewport) return 0
  const scale = Math.min(viewport.width / format.columns, viewport.height / (format.rows * aspect))
  return Math.max(0, Math.floor(Math.log2(1 / scale)))
}

/** A smaller image that will do; undefined when the frame itself has to be read. */
async function smallerSource(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  halvings: number,
  signal: AbortSignal | undefined,
): Promise<Pick<RenderInput, 'source' | 'format'> | undefined> {
  if (halvings === 0) return undefined
  const rendition = await findRendition(deps.db, scope, image.stored, frame)
  const source = rendition && (await readResolution(deps, rendition, halvings))
  if (source) return { source, format: image.format }
  const isReducible = isReadInStrips(image) && image.format.photometric !== 'PALETTE COLOR'
  // Halving costs as much as drawing a small frame does.
  if (!isReducible || decodedBytes(image.format) < 8 * 1024 * 1024) return undefined
  return smallSource(image, await readSmall(deps, scope, image, frame, deps.pixels, { square: 2 ** halvings, signal }))
}

/** The beginning of the one codestream that holds the whole image halved so often. */
async function readResolution(
  deps: Deps,
  rendition: StoredRendition,
  halvings: number,
): Promise<RenderInput['source'] | undefined> {
  const { layout, prefixes, blobKey } = rendition
  const { overview, isRgb } = layout
  if (overview ? halvings < overview.reduction : prefixes.length > 1) return undefined
  const lengths = prefixes[0] ?? []
  const reduction = Math.min(halvings - (overview?.reduction ?? 0), lengths.length - 1)
  const length = lengths[lengths.length - 1 - reduction] ?? 0
  try {
    const body = await deps.blobs.read(blobKey, { offset: blobOffset(rendition, 0), length })
    return { codestream: await collect(body, length), reduction, isConverted: isRgb }
  } catch (error) {
    // Thrown away: the frame itself is still there.
    if (error instanceof AppError && error.code === 'blob-missing') return undefined
    throw error
  }
}

async function renderWhole(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  input: Omit<RenderInput, 'source' | 'format'>,
  { beside, signal }: { beside: number; signal: AbortSignal | undefined },
): Promise<Uint8Array<ArrayBuffer>> {
  const { format } = image
  const { region: part, window } = input.options
  // Of native pixels only the rows that are drawn are read, unless the window comes from those of the whole frame.
  const isPartial = part !== undefined && (window !== undefined || !isGrey(format)) && isReadByRow(image)
  const rows = isPartial ? Math.abs(part.height) : format.rows
  const size = decodedBytes({ ...format, rows })
  if (size > largestWholeFrame()) {
    const advice = part && !window && isGrey(format) ? 'name a window' : 'ask for a smaller part'
    const words = `These ${format.columns} × ${rows} pixels are too many to be drawn at once: ${advice}.`
    throw new AppError('image-too-large', 400, `viewport: ${words}`)
  }
  const job = { signal, size }
  if (isPartial) {
    const range = { top: part.top, height: rows }
    const work = async (): Promise<Uint8Array<ArrayBuffer>> => {
      for await (const strip of readRows(deps, scope, image, frame, rows, deps.pixels, job, range)) {
        const bytes = strip.rows as Uint8Array<ArrayBuffer>
        const source = { bytes, syntaxUid: image.frameSyntaxUid }
        const options = { ...input.options, region: { ...part, top: 0 } }
        const transfer = [bytes.buffer]
        return deps.pixels.run(
          'render',
          { ...input, source, format: { ...format, rows }, options },
          { ...job, transfer },
        )
      }
      throw new Error('rows that were planned were not sent')
    }
    return deps.pixels.withMemory(size * (1 + copies) + beside, work, signal)
  }
  const whole = { pool: deps.pixels, copies, beside, signal }
  return withFrame(deps, scope, image, frame, whole, ({ bytes, syntaxUid }) => {
    const transfer = [bytes.buffer]
    return deps.pixels.run('render', { ...input, source: { bytes, syntaxUid }, format }, { ...job, transfer })
  })
}
