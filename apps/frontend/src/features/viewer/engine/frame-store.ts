import {
  type DecodedImage,
  type FrameAttributes,
  PixelFault,
  type PixelFormat,
  readFrameAttributes,
  sampleCount,
} from '@instandt/pixels'
import { createDecodePool } from './decode-pool.ts'
import { byteSizeOf } from './decode-task.ts'
import { createFrameCache, type FrameCache, type LoadContext } from './frame-cache.ts'
import { createInstanceCache, type InstanceInfo } from './instance-cache.ts'
import { type FrameAddress, fetchFrame, type InstanceAddress, type Progress } from './requests.ts'

/** A frame ready to be shown and read. */
export interface LoadedFrame {
  address: FrameAddress
  format: PixelFormat
  attributes: FrameAttributes
  image: DecodedImage
}

export interface FrameStoreOptions {
  /** Bytes of decoded frames kept. */
  maxBytes: number
  /** Largest edge of a texture, in pixels. */
  maxTexture: number
  onProgress: (address: FrameAddress, progress: Progress) => void
  /** Of such a one the bytes are asked for only once its attributes say that there are any. */
  isDoubtful: (address: FrameAddress) => boolean
}

/** Rejections of `show` are PixelFault, ApiError, UnreachableError or Abandoned. */
export interface FrameStore extends FrameCache<FrameAddress, LoadedFrame> {
  instance: (address: InstanceAddress) => Promise<InstanceInfo>
}

/** Stored samples of more than this are not decoded: a page has no memory for the picture beside them. */
const maxFrameBytes = 1024 ** 3

/** Fetches, decodes and keeps frames. */
export function createFrameStore(options: FrameStoreOptions): FrameStore {
  const instances = createInstanceCache()
  const pool = createDecodePool()

  async function load(address: FrameAddress, { signal, isUrgent, isWanted }: LoadContext): Promise<LoadedFrame> {
    if (options.isDoubtful(address)) {
      const { pixels } = await instances.get(address)
      if (pixels instanceof PixelFault) throw pixels
    }
    // Both at once: decoding needs the attributes, the request for the bytes does not.
    const fetching = fetchFrame(address, signal, (progress) => options.onProgress(address, progress))
    fetching.catch(() => undefined)
    const { dataset, pixels } = await instances.get(address)
    if (pixels instanceof PixelFault) throw pixels
    const { format, tables } = pixels
    const bytes = (sampleCount(format) * Math.max(8, format.bitsAllocated)) / 8
    if (bytes > maxFrameBytes) throw new PixelFault('too-large', { bytes, columns: format.columns, rows: format.rows })
    const attributes = readFrameAttributes(dataset, format, address.frame)
    const { padding } = attributes
    const { maxTexture } = options
    const task = { ...(await fetching), format, tables, padding, maxTexture }
    return { address, format, attributes, image: await pool.decode(task, isUrgent, isWanted) }
  }

  const cache = createFrameCache<FrameAddress, LoadedFrame>({
    keyOf: ({ instance, frame }) => `${instance}/${frame}`,
    load,
    sizeOf: ({ image }) => byteSizeOf(image),
    maxBytes: options.maxBytes,
    // What is wrong with a file stays wrong; the network may come back.
    isLasting: (error) => error instanceof PixelFault,
  })
  return {
    ...cache,
    instance: (address) => instances.get(address),
    close() {
      cache.close()
      instances.close()
      pool.close()
    },
  }
}
