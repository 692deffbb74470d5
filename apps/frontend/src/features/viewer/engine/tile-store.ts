import { Abandoned } from './frame-cache.ts'

export interface TileContext {
  signal: AbortSignal
  /** It is in sight, or a tool waits for it. */
  isUrgent: () => boolean
}

export interface TileStoreOptions<Tile> {
  /** Bytes of decoded tiles kept; those used longest ago go first. */
  maxBytes: number
  sizeOf: (tile: Tile) => number
  /** A tile is here, or cannot be had. */
  onTile: (key: string) => void
}

/** A tile that is wanted, and how it is had. */
export interface TileRequest<Tile> {
  key: string
  load: (context: TileContext) => Promise<Tile>
}

export interface TileStore<Tile> {
  /** The tile if it is here; it counts as used now. */
  peek: (key: string) => Tile | undefined
  /** Tiles to have next, the most urgent first: `inSight` of them are. What is on its way and not among them is given up. */
  want: (requests: readonly TileRequest<Tile>[], inSight: number) => void
  /** Has the tile before all others; kept on its way until the signal says that nobody waits any more. */
  demand: (request: TileRequest<Tile>, signal: AbortSignal) => Promise<Tile>
  /** Are any of the tiles in sight still on their way? */
  isBusy: () => boolean
  /** Why a tile in sight could not be had; it is asked for again after some seconds. */
  failure: () => unknown
  bytes: () => number
  close: () => void
}

// A browser has six connections to a server; decoding keeps fewer busy.
const maxLoading = 5
const retryMs = 5000

interface Loading<Tile> {
  promise: Promise<Tile>
  controller: AbortController
}

/** Which tiles are loaded when, and which are kept. */
export function createTileStore<Tile>({ maxBytes, sizeOf, onTile }: TileStoreOptions<Tile>): TileStore<Tile> {
  // In order of use: the first is the one used longest ago.
  const tiles = new Map<string, { tile: Tile; byteSize: number }>()
  const loading = new Map<string, Loading<Tile>>()
  const demanded = new Map<string, number>()
  const failed = new Map<string, unknown>()
  let wanted = new Map<string, { request: TileRequest<Tile>; isInSight: boolean }>()
  let total = 0
  let isClosed = false

  const isUrgent = (key: string): boolean => demanded.has(key) || wanted.get(key)?.isInSight === true

  function makeRoom(): void {
    for (const [key, { byteSize }] of tiles) {
      if (total <= maxBytes) return
      // What is in sight is drawn from its texture; it may go, but last of all.
      if (isUrgent(key)) continue
      tiles.delete(key)
      total -= byteSize
    }
    for (const [key, { byteSize }] of tiles) {
      if (total <= maxBytes || tiles.size === 1) return
      tiles.delete(key)
      total -= byteSize
    }
  }

  function begin({ key, load }: TileRequest<Tile>): Promise<Tile> {
    const controller = new AbortController()
    const promise = load({ signal: controller.signal, isUrgent: () => isUrgent(key) })
    loading.set(key, { promise, controller })
    promise
      .then(
        (tile) => {
          if (isClosed || controller.signal.aborted) return
          const byteSize = sizeOf(tile)
          tiles.set(key, { tile, byteSize })
          total += byteSize
          makeRoom()
          onTile(key)
        },
        (error: unknown) => {
          if (isClosed || controller.signal.aborted) return
          failed.set(key, error)
          onTile(key)
          setTimeout(() => {
            failed.delete(key)
            advance()
          }, retryMs)
        },
      )
      .finally(() => {
        if (loading.get(key)?.controller === controller) loading.delete(key)
        advance()
      })
    return promise
  }

  function advance(): void {
    if (isClosed) return
    for (const [key, { request, isInSight }] of wanted) {
      if (loading.size >= maxLoading) return
      if (tiles.has(key) || loading.has(key) || failed.has(key)) continue
      // Loading ahead must not push out what is in sight, nor itself.
      if (!isInSight && total > maxBytes * 0.8) continue
      begin(request).catch(() => undefined)
    }
  }

  function abandonUnwanted(): void {
    for (const [key, { controller }] of loading) {
      if (wanted.has(key) || demanded.has(key)) continue
      loading.delete(key)
      controller.abort(new Abandoned())
    }
  }

  return {
    peek(key) {
      const found = tiles.get(key)
      if (!found) return undefined
      tiles.delete(key)
      tiles.set(key, found)
      return found.tile
    },
    want(requests, inSight) {
      wanted = new Map()
      requests.forEach((request, at) => {
        if (!wanted.has(request.key)) wanted.set(request.key, { request, isInSight: at < inSight })
      })
      abandonUnwanted()
      advance()
    },
    async demand(request, signal) {
      const { key } = request
      const found = tiles.get(key)?.tile
      if (found !== undefined) return found
      demanded.set(key, (demanded.get(key) ?? 0) + 1)
      const leave = (): void => {
        const others = (demanded.get(key) ?? 1) - 1
        if (others > 0) demanded.set(key, others)
        else demanded.delete(key)
        abandonUnwanted()
      }
      signal.addEventListener('abort', leave, { once: true })
      try {
        signal.throwIfAborted()
        return await (loading.get(key)?.promise ?? begin(request))
      } finally {
        signal.removeEventListener('abort', leave)
        if (!signal.aborted) leave()
      }
    },
    isBusy: () => [...wanted].some(([key, { isInSight }]) => isInSight && !tiles.has(key) && !failed.has(key)),
    failure() {
      for (const [key, { isInSight }] of wanted) if (isInSight && failed.has(key)) return failed.get(key)
      return undefined
    },
    bytes: () => total,
    close() {
      isClosed = true
      wanted = new Map()
      demanded.clear()
      abandonUnwanted()
      tiles.clear()
      total = 0
    },
  }
}
