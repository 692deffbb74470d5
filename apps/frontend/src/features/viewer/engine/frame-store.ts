import {
  type DecodedImage,
  type FrameAttributes,
  type FrameStatistics,
  PixelFault,
  type PixelFormat,
  readFrameAttributes,
  sampleCount,
} from '@instandt/pixels'
import { createDecodePool, DecoderMissing } from './decode-pool.ts'
import { byteSizeOf } from './decode-task.ts'
import { createFrameCache, type FrameCache, type LoadContext } from './frame-cache.ts'
import type { ShownFrame } from './frame-values.ts'
import { createInstanceCache, type InstanceInfo } from './instance-cache.ts'
import { type FrameAddress, fetchFrame, type InstanceAddress, type Progress } from './requests.ts'
import { createTiledLoader } from './load-tiled.ts'
import { type ScreenImage, ScreenImageMissing } from './screen-image.ts'
import { createTileStore, type TileStore } from './tile-store.ts'

/** A frame ready to be shown and read, whole in memory. */
export interface LoadedFrame {
  kind: 'whole'
  address: FrameAddress
  format: PixelFormat
  attributes: FrameAttributes
  /** What windows are in. */
  valueFormat: PixelFormat
  statistics: FrameStatistics
  components: 1 | 3
  image: DecodedImage
}

export interface FrameStoreOptions {
  /** Bytes of decoded frames kept. */
  maxBytes: number
  /** Largest edge of a texture, in pixels. */
  maxTexture: number
  onProgress: (address: FrameAddress, progress: Progress) => void
  /** Of such a one the bytes are asked for only once its attributes say that there are any, and not too many. */
  isDoubtful: (address: FrameAddress) => boolean
  /** Is its rendition quicker than the frame itself? */
  isTiled: (address: FrameAddress) => Promise<boolean>
  /** Samples of a frame that a page takes whole without asking. */
  maxWholeBytes: number
  /** Somebody wants it whole although it is larger. */
  isWholeWanted: (address: FrameAddress) => boolean
  /** Bytes of decoded tiles kept. */
  maxTileBytes: number
  onTile: () => void
  /** A frame without rendition is on its way: the renderer for those will be needed. */
  onWhole: () => void
}

/** Rejections of `show` are PixelFault, DecoderMissing, ScreenImageMissing, ApiError, UnreachableError or Abandoned. */
export interface FrameStore extends FrameCache<FrameAddress, ShownFrame> {
  tiles: TileStore<DecodedImage>
  instance: (address: InstanceAddress) => Promise<InstanceInfo>
  screenImage: (address: FrameAddress, signal: AbortSignal) => Promise<ScreenImage>
}

/** Stored samples of more than this are not decoded: a page has no memory for the picture beside them. */
export const maxFrameBytes = 1024 ** 3

const bytesOf = (format: PixelFormat): number => (sampleCount(format) * Math.max(8, format.bitsAllocated)) / 8

/** Fetches, decodes and keeps frames. */
export function createFrameStore(options: FrameStoreOptions): FrameStore {
  const instances = createInstanceCache()
  const pool = createDecodePool()
  pool.warm()

  const tiles = createTileStore<DecodedImage>({
    maxBytes: options.maxTileBytes,
    sizeOf: byteSizeOf,
    onTile: options.onTile,
  })
  const tiled = createTiledLoader({ instances, pool, tiles, onProgress: options.onProgress })

  async function load(address: FrameAddress, context: LoadContext): Promise<ShownFrame> {
    // The attributes are needed either way.
    instances.get(address).catch(() => undefined)
    const found = (await options.isTiled(address)) ? await tiled.load(address, context) : undefined
    return found ?? loadWhole(address, context)
  }

  async function loadWhole(address: FrameAddress, context: LoadContext): Promise<ShownFrame> {
    const { signal, isUrgent, isWanted } = context
    if (options.isDoubtful(address)) {
      const { pixels } = await instances.get(address)
      if (pixels instanceof PixelFault) throw pixels
      const bytes = bytesOf(pixels.format)
      if (bytes > options.maxWholeBytes && !options.isWholeWanted(address)) {
        const state = await tiled.stateOf(address, signal)
        const found = state === 'made' ? await tiled.load(address, context) : undefined
        if (!found) throw new ScreenImageMissing(state !== 'none', bytes)
        return found
      }
    }
    options.onWhole()
    // Both at once: decoding needs the attributes, the request for the bytes does not.
    const fetching = fetchFrame(address, signal, (progress) => options.onProgress(address, progress))
    fetching.catch(() => undefined)
    const { dataset, pixels } = await instances.get(address)
    if (pixels instanceof PixelFault) throw pixels
    const { format, tables } = pixels
    const bytes = bytesOf(format)
    if (bytes > maxFrameBytes) throw new PixelFault('too-large', { bytes, columns: format.columns, rows: format.rows })
    const attributes = readFrameAttributes(dataset, format, address.frame)
    const { padding } = attributes
    const { maxTexture } = options
    const task = { kind: 'frame' as const, ...(await fetching), format, tables, padding, maxTexture }
    const image = await pool.decode(task, isUrgent, isWanted)
    const { values, statistics, display } = image
    const { components } = display
    return { kind: 'whole', address, format, attributes, valueFormat: values.format, statistics, components, image }
  }

  const cache = createFrameCache<FrameAddress, ShownFrame>({
    keyOf: ({ instance, frame }) => `${instance}/${frame}`,
    load,
    sizeOf: (frame) => byteSizeOf(frame.kind === 'whole' ? frame.image : frame.overview.image),
    isBusy: tiles.isBusy,
    maxBytes: options.maxBytes,
    // What is wrong with a file stays wrong; the network may come back. For a decoder that is gone no frame is fetched again
    // and again.
    isLasting: (error) =>
      error instanceof PixelFault || error instanceof ScreenImageMissing || error instanceof DecoderMissing,
  })
  return {
    ...cache,
    tiles,
    instance: (address) => instances.get(address),
    screenImage: (address, signal) => tiled.stateOf(address, signal),
    close() {
      cache.close()
      tiles.close()
      instances.close()
      pool.close()
    },
  }
}
