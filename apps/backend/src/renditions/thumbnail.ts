import { PixelFault, readFrameAttributes } from '@instandt/pixels'
import type { Deps } from '../deps.ts'
import type { PixelPool } from '../pixels/pixel-pool.ts'
import type { RenderInput } from '../pixels/pixel-tasks.ts'
import { decodedBytes, isReadInStrips, largestWholeFrame, readRows, withFrame } from '../pixels/read-rows.ts'
import type { ImageInfo } from '../pixels/read-image.ts'
import type { Scope } from '../plugins/access.ts'
import { gatherRows, type SmallImage } from './make-frame.ts'

/** Longest edge of a thumbnail, in pixels. */
export const thumbnailEdge = 256
const quality = 82
// Up to here a frame is simply decoded; larger native ones are made smaller while they are read.
const wholeFrame = 16 * 1024 * 1024
// Enough pixels to draw a thumbnail of, and to tell the darkest and brightest half per cent.
const smallEdge = 1024
const stripBytes = 8 * 1024 * 1024
// Decoded, and as values to be drawn.
const copies = 2

/** The frame that stands for an instance: of a walk through a part, its middle. */
export const representativeFrame = ({ format }: ImageInfo): number => Math.ceil(format.frameCount / 2)

export const thumbnailSettings = {
  options: { viewport: { width: thumbnailEdge, height: thumbnailEdge, isEnlarging: false } },
  mediaType: 'image/jpeg',
  quality,
} as const

/** How an image in memory is drawn that stands for a frame. */
export function smallSource(image: ImageInfo, small: SmallImage): Pick<RenderInput, 'source' | 'format'> {
  const { stored, isConverted, columns, rows } = small
  return { source: { stored, isConverted }, format: { ...image.format, columns, rows } }
}

/**
 * A small JPEG of one frame (from 1): the file's own window, or all but the darkest and brightest half per cent.
 * @throws {PixelFault} what is wrong with the frame
 */
export async function makeThumbnail(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  pool: PixelPool,
  pause: () => Promise<void> = async () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const { dataset, format, tables } = image
  const attributes = readFrameAttributes(dataset, format, frame)
  const size = decodedBytes(format)
  const isReducible = format.photometric !== 'PALETTE COLOR'
  if (isReducible && isReadInStrips(image) && size > wholeFrame) {
    const small = await readSmall(deps, scope, image, frame, pool, { pause })
    return pool.run('render', { ...thumbnailSettings, ...smallSource(image, small), tables, attributes })
  }
  if (size > largestWholeFrame())
    throw new PixelFault('too-large', { bytes: size, columns: format.columns, rows: format.rows })
  return withFrame(deps, scope, image, frame, { pool, copies }, ({ bytes, syntaxUid }) =>
    pool.run(
      'render',
      { ...thumbnailSettings, source: { bytes, syntaxUid }, format, tables, attributes },
      { transfer: [bytes.buffer], size },
    ),
  )
}

const squareFor = ({ columns, rows }: ImageInfo['format']): number =>
  2 ** Math.max(0, Math.ceil(Math.log2(Math.max(columns, rows) / smallEdge)))

/** A large native frame as means of squares, read in strips. */
export async function readSmall(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  pool: PixelPool,
  options: { square?: number; pause?: () => Promise<void>; signal?: AbortSignal | undefined } = {},
): Promise<SmallImage> {
  const { format } = image
  const { square = squareFor(format), pause, signal } = options
  const gathered = gatherRows(image, square)
  const rowBytes = decodedBytes({ ...format, rows: 1 })
  const height = square * Math.max(1, Math.floor(stripBytes / (rowBytes * square)))
  for await (const { rows, rowCount } of readRows(deps, scope, image, frame, height, pool)) {
    const buffer = rows instanceof Uint8Array ? rows.buffer : rows.stored.buffer
    const of = { ...format, rows: rowCount }
    const transfer = [buffer]
    const { reduced } = await pool.run('strip', { rows, format: of, tiles: undefined, square }, { transfer, signal })
    gathered.add(reduced, false)
    await pause?.()
  }
  return gathered.finish()
}
