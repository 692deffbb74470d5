/** Nobody waits for this frame any more. */
export class Abandoned extends Error {
  override readonly name = 'AbortError'
}

/** What the loading of one frame may ask while it runs. */
export interface LoadContext {
  signal: AbortSignal
  /** It is the image on screen. */
  isUrgent: () => boolean
  /** It is on screen or among those to come. */
  isWanted: () => boolean
}

export interface FrameCacheOptions<Address, Frame> {
  keyOf: (address: Address) => string
  load: (address: Address, context: LoadContext) => Promise<Frame>
  /** Bytes of memory. */
  sizeOf: (frame: Frame) => number
  /** Bytes kept; the frame on screen stays however large it is. */
  maxBytes: number
  /** Will it fail again if asked again? Such failures are kept like frames. */
  isLasting: (error: unknown) => boolean
  /** Is what is on screen still being refined? Then little else is begun. */
  isBusy?: () => boolean
}

export interface FrameCache<Address, Frame> {
  /** Loads the frame before all others; rejects as its loading does. */
  show: (address: Address) => Promise<Frame>
  /**
   * Frames to load next, nearest first; what was asked for before and is not among them is given up.
   * @param far frames to load after those, up to half of what is kept
   */
  prefetch: (addresses: readonly Address[], far?: readonly Address[]) => void
  /** Failures that were kept are not kept any longer. */
  forget: () => void
  /** The frame if it is here already. */
  peek: (address: Address) => Frame | undefined
  close: () => void
}

interface Entry<Frame> {
  promise: Promise<Frame>
  controller: AbortController
  frame: Frame | undefined
  byteSize: number
  isDone: boolean
}

// A browser has six connections to a server: one stays for the image on screen, one for everything else.
const maxPrefetches = 4
/** So long nothing is loaded ahead again that could not be had: a server that is away answers "no" at once. */
const restMs = 5000
const nearShare = 0.75
const farShare = 0.5

/** Which frames are loaded when, and which are kept: the one on screen first, then its neighbours. */
export function createFrameCache<Address, Frame>(
  options: FrameCacheOptions<Address, Frame>,
): FrameCache<Address, Frame> {
  const { keyOf, load, sizeOf, maxBytes, isLasting, isBusy } = options
  // In order of use: the first is the one used longest ago.
  const entries = new Map<string, Entry<Frame>>()
  const resting = new Set<string>()
  // Of every frame that was here once: one that was dropped is not loaded again only to be dropped again.
  const sizes = new Map<string, number>()
  let lastSize = 0
  let current = ''
  let wanted = new Map<string, Address>()
  let nearCount = 0
  let isClosed = false

  function begin(address: Address): Entry<Frame> {
    const key = keyOf(address)
    const controller = new AbortController()
    const promise = load(address, {
      signal: controller.signal,
      isUrgent: () => key === current,
      isWanted: () => key === current || wanted.has(key),
    })
    const entry: Entry<Frame> = { promise, controller, frame: undefined, byteSize: 0, isDone: false }
    entries.set(key, entry)
    promise
      .then((frame) => {
        entry.frame = frame
        entry.byteSize = sizeOf(frame)
        sizes.set(key, entry.byteSize)
        lastSize = entry.byteSize
      })
      .catch((error: unknown) => {
        controller.abort()
        if (isLasting(error) || entries.get(key) !== entry) return
        entries.delete(key)
        resting.add(key)
        setTimeout(() => {
          resting.delete(key)
          advance()
        }, restMs)
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
    const unwanted = [...entries.keys()].filter((key) => !wanted.has(key))
    // Of those to come the one that comes last goes first.
    for (const key of [...unwanted, ...[...wanted.keys()].reverse()]) {
      if (total <= maxBytes) return
      const entry = entries.get(key)
      if (key === current || !entry?.frame) continue
      entries.delete(key)
      total -= entry.byteSize
    }
  }

  /** Bytes a frame takes or will take, as far as is known: those of a series are nearly always alike. */
  function expectedSize(key: string): number {
    const found = entries.get(key)
    return found?.isDone ? found.byteSize : (sizes.get(key) ?? lastSize)
  }

  function advance(): void {
    if (isClosed) return
    let loading = 0
    for (const [key, entry] of entries) if (!entry.isDone && key !== current) loading += 1
    // Beside the image on screen only one other is begun while that one is on its way.
    const isWaiting = entries.get(current)?.isDone === false || isBusy?.() === true
    // What is loaded ahead must not push out what was loaded ahead before it.
    let bytes = expectedSize(current)
    let place = 0
    for (const [key, address] of wanted) {
      place += 1
      if (loading >= (isWaiting ? 1 : maxPrefetches)) return
      if (key === current) continue
      bytes += expectedSize(key)
      if (bytes > maxBytes * (place > nearCount ? farShare : nearShare)) return
      if (entries.has(key) || resting.has(key)) continue
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
    show(address) {
      current = keyOf(address)
      const found = entries.get(current)
      if (!found) return begin(address).promise
      entries.delete(current)
      entries.set(current, found)
      return found.promise
    },
    prefetch(addresses, far = []) {
      nearCount = addresses.length
      wanted = new Map([...addresses, ...far].map((address) => [keyOf(address), address]))
      abandonUnwanted()
      advance()
    },
    forget() {
      for (const [key, entry] of entries) if (entry.isDone && !entry.frame) entries.delete(key)
    },
    peek: (address) => entries.get(keyOf(address))?.frame,
    close() {
      isClosed = true
      current = ''
      wanted = new Map()
      abandonUnwanted()
      entries.clear()
    },
  }
}
