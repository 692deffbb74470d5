import type { StoredArray } from '@instandt/pixels'
import { allocateStored, decodedFormat, reductionsOf } from '@instandt/pixels'
import type { StoredRendition } from '../data/renditions.ts'
import type { Deps } from '../deps.ts'
import type { PixelPool } from '../pixels/pixel-pool.ts'
import type { DecodedSamples } from '../pixels/pixel-tasks.ts'
import { decodedBytes, readRows } from '../pixels/read-rows.ts'
import type { ImageInfo } from '../pixels/read-image.ts'
import type { Scope } from '../plugins/access.ts'
import { newRenditionKey } from '../storage/blob-keys.ts'
import type { TilePlan } from './worth.ts'

/** An image in memory that stands for the whole: no edge longer than an overview's. */
export interface SmallImage extends DecodedSamples {
  columns: number
  rows: number
}

export interface MadeFrame {
  rendition: StoredRendition
  small: SmallImage
}

/**
 * Makes the rendition of one frame (from 1) and stores it under a fresh key: tiles as their rows come in, then the
 * overview. Nothing refers to it yet; a crash leaves an object that the sweep removes.
 * @param pause waited for between two strips
 * @throws {PixelFault} what is wrong with the frame
 */
export async function makeFrame(
  deps: Deps,
  scope: Scope,
  image: ImageInfo,
  frame: number,
  plan: TilePlan,
  pool: PixelPool,
  pause: () => Promise<void>,
): Promise<MadeFrame> {
  const { format } = image
  const { tileSize, reductions, overview } = plan
  const tiles: number[][] = []
  let overviewPrefixes: number[] | undefined
  const gathered = gatherRows(image, 2 ** overview)

  async function* codestreams(): AsyncGenerator<Uint8Array> {
    for await (const { rows, rowCount } of readRows(deps, scope, image, frame, tileSize, pool)) {
      const buffer = rows instanceof Uint8Array ? rows.buffer : rows.stored.buffer
      const strip = await pool.run(
        'strip',
        { rows, format: { ...format, rows: rowCount }, tiles: { size: tileSize, reductions }, square: 2 ** overview },
        { transfer: [buffer], size: decodedBytes({ ...format, rows: rowCount }) },
      )
      gathered.add(strip.reduced, rows instanceof Uint8Array ? false : rows.isConverted)
      for (const { bytes, prefixes } of strip.tiles) {
        tiles.push(prefixes)
        yield bytes
      }
      await pause()
    }
    if (overview === 0) return
    const small = gathered.finish()
    const size = { columns: small.columns, rows: small.rows }
    const { bytes, prefixes } = await pool.run('codestream', { ...small, format: { ...format, ...size } })
    overviewPrefixes = prefixes
    yield bytes
  }

  const blobKey = newRenditionKey()
  const { byteLength: byteSize } = await deps.blobs.write(blobKey, codestreams())
  const small = gathered.finish()
  const of = decodedFormat(format, small.isConverted)
  return {
    small,
    rendition: {
      blobKey,
      byteSize,
      prefixes: overviewPrefixes ? [overviewPrefixes, ...tiles] : tiles,
      layout: {
        columns: format.columns,
        rows: format.rows,
        tileSize,
        reductions,
        bits: format.bitsStored,
        isSigned: format.isSigned,
        components: format.samplesPerPixel,
        isRgb: of.photometric === 'RGB',
        overview: overviewPrefixes
          ? { reduction: overview, reductions: reductionsOf(small.columns, small.rows) }
          : null,
      },
    },
  }
}

/** Puts the reduced rows of strips together; strips begin at whole squares. */
export function gatherRows(
  { format }: ImageInfo,
  square: number,
): { add(rows: StoredArray, isConverted: boolean): void; finish(): SmallImage } {
  const columns = Math.ceil(format.columns / square)
  const rows = Math.ceil(format.rows / square)
  let stored: StoredArray | undefined
  let filled = 0
  let isConverted = false
  return {
    add(part, isPartConverted) {
      isConverted = isPartConverted
      stored ??= allocateStored(format, columns * rows * format.samplesPerPixel)
      stored.set(part, filled)
      filled += part.length
    },
    finish: () => ({ stored: stored ?? allocateStored(format, 0), isConverted, columns, rows }),
  }
}
