import { Abandoned, createDecodePool } from './decode-pool.ts'
import { byteSizeOf, type DecodedImage } from './decode-task.ts'
import { type FrameAttributes, readFrameAttributes } from './frame-attributes.ts'
import { createInstanceCache, type InstanceInfo } from './instance-cache.ts'
import { PixelFault } from './pixel-fault.ts'
import { type PixelFormat, sampleCount } from './pixel-format.ts'
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

export interface FrameStore {
  instance(address: InstanceAddress): Promise<InstanceInfo>
  /** Loads the frame before all others. Rejects with PixelFault, ApiError, UnreachableError or Abandoned. */
  show(address: FrameAddress): Promise<LoadedFrame>
  /** Frames to load next, nearest first; what was asked for before and is not among them is given up. */
  prefetch(addresses: readonly FrameAddress[]): void
  /** The frame if it is here already. */
  peek(address: FrameAddress): LoadedFrame | undefined
  close(): void
}

interface Entry {
  address: FrameAddress
  promise: Promise<LoadedFrame>
  controller: AbortController
  frame: LoadedFrame | undefined
  byteSize: number
  isDone: boolean
}

/** Stored samples of more than this are not decoded: a page has no memory for the picture beside them. */
const maxFrameBytes = 1024 ** 3
// A browser has six connections a server: one stays for the image on screen, one for everything else.
const maxPrefetches = 4

const keyOf = ({ instance, frame }: FrameAddress): string => `${instance}/${frame}`

/** Fetches, decodes and keeps frames, the one on screen first. */
export function createFrameStore(options: FrameStoreOptions): FrameStore {
  const instances = createInstanceCache()
  const pool = createDecodePool()
  // In order of use: the first is the one used longest ago.
  const entries = new Map<string, Entry>()
  let current = ''
  let wanted = new Map<string, FrameAddress>()
  let isClosed = false

  async function load(address: FrameAddress, signal: AbortSignal): Promise<LoadedFrame> {
    const key = keyOf(address)
    if (options.isDoubtful(address)) {
      const { pixels } = await instances.get(address)
      if (pixels instanceof PixelFault) throw pixels
    }
    // Both at once: decoding needs the attributes, the request for the bytes does not.
    const fetching = fetchFrame(address, signal, (progress) => options.onProgress(address, progress))
    fetching.catch(() => undefined)
    const info = await instances.get(address)
    if (info.pixels instanceof PixelFault) throw info.pixels
    const { format, tables } = info.pixels
    const byteSize = (sampleCount(format) * Math.max(8, format.bitsAllocated)) / 8
    if (byteSize > maxFrameBytes)
      throw new PixelFault('too-large', { bytes: byteSize, columns: format.columns, rows: format.rows })
    const attributes = readFrameAttributes(info.dataset, format, address.frame)
    const { bytes, syntaxUid } = await fetching
    const { padding } = attributes
    const { maxTexture } = options
    const image = await pool.decode(
      { bytes, syntaxUid, format, tables, padding, maxTexture },
      () => key === current,
      () => key === current || wanted.has(key),
    )
    return { address, format, attributes, image }
  }

  function begin(address: FrameAddress): Entry {
    const key = keyOf(address)
    const controller = new AbortController()
    const promise = load(address, controller.signal)
    const entry: Entry = { address, promise, controller, frame: undefined, byteSize: 0, isDone: false }
    entries.set(key, entry)
    promise
      .then((frame) => {
        entry.frame = frame
        entry.byteSize = byteSizeOf(frame.image)
      })
      .catch((error: unknown) => {
        controller.abort()
        // What is wrong with the file stays wrong; anything else may be asked for again.
        if (!(error instanceof PixelFault) && entries.get(key) === entry) entries.delete(key)
      })
      .finally(() => {
        entry.isDone = true
        makeRoom()
        advance()
      })
    return entry
  }

  function makeRoom(): void {
    let total = 0
    for (const entry of entries.values()) total += entry.byteSize
    for (const [key, entry] of entries) {
      if (total <= options.maxBytes) return
      if (key === current || !entry.frame) continue
      entries.delete(key)
      total -= entry.byteSize
    }
  }

  function advance(): void {
    if (isClosed) return
    let loading = 0
    for (const [key, entry] of entries) if (!entry.isDone && key !== current) loading += 1
    // Nothing runs beside the image on screen until its bytes are here.
    const isWaiting = entries.get(current)?.isDone === false
    for (const [key, address] of wanted) {
      if (loading >= (isWaiting ? 1 : maxPrefetches)) return
      if (entries.has(key)) continue
      begin(address)
      loading += 1
    }
  }

  function abandonUnwanted(): void {
    for (const [key, entry] of entries) {
      if (entry.isDone || key === current || wanted.has(key)) continue
      entries.delete(key)
      entry.controller.abort(new Abandoned())
    }
  }

  return {
    instance: (address) => instances.get(address),
    show(address) {
      current = keyOf(address)
      const found = entries.get(current)
      if (found) {
        entries.delete(current)
        entries.set(current, found)
        return found.promise
      }
      return begin(address).promise
    },
    prefetch(addresses) {
      wanted = new Map(addresses.map((address) => [keyOf(address), address]))
      abandonUnwanted()
      advance()
    },
    peek: (address) => entries.get(keyOf(address))?.frame,
    close() {
      isClosed = true
      current = ''
      wanted = new Map()
      abandonUnwanted()
      entries.clear()
      instances.close()
      pool.close()
    },
  }
}
