import { type Rendition, ApiError } from '@instandt/api'
import { type DecodedImage, PixelFault, readFrameAttributes } from '@instandt/pixels'
import { client } from '../../../api/client.ts'
import type { DecodePool } from './decode-pool.ts'
import type { LoadContext } from './frame-cache.ts'
import type { InstanceCache } from './instance-cache.ts'
import { planOverview } from './plan-overview.ts'
import { type FrameAddress, fetchBytes, type Progress } from './requests.ts'
import type { ScreenImage } from './screen-image.ts'
import type { TilePlace } from './tile-grid.ts'
import type { TileRequest, TileStore } from './tile-store.ts'
import {
  formatOfTile,
  gridOfRendition,
  keyOfTile,
  learnFrom,
  type Overview,
  tileAddress,
  type TiledFrame,
  tileTask,
} from './tiled-frame.ts'

export interface TiledLoading {
  instances: InstanceCache
  pool: DecodePool
  tiles: TileStore<DecodedImage>
  onProgress: (address: FrameAddress, progress: Progress) => void
}

export interface TiledLoader {
  /**
   * Description and overview; undefined when the frame has no rendition.
   * @throws {PixelFault} what is wrong with the instance or the overview
   */
  load(address: FrameAddress, context: LoadContext): Promise<TiledFrame | undefined>
  stateOf(address: FrameAddress, signal: AbortSignal): Promise<ScreenImage>
}

export function createTiledLoader({ instances, pool, tiles, onProgress }: TiledLoading): TiledLoader {
  return {
    async load(address, { signal, isUrgent, isWanted }) {
      const describing = describe(address, signal)
      describing.catch(() => undefined)
      const info = instances.get(address)
      info.catch(() => undefined)
      const rendition = await describing
      if (typeof rendition === 'string') return undefined
      const plan = planOverview(address, rendition)
      const fetching = fetchBytes(plan.url, signal, (progress) => onProgress(address, progress))
      fetching.catch(() => undefined)
      const { dataset, pixels } = await info
      if (pixels instanceof PixelFault) throw pixels
      const { format, tables } = pixels
      const attributes = readFrameAttributes(dataset, format, address.frame)
      const how = { tables, padding: attributes.padding }
      const size = { columns: plan.columns, rows: plan.rows }
      const task = tileTask(await fetching, plan.reduction, { ...format, ...size }, rendition, how)
      const image = await pool.decode(task, isUrgent, isWanted)
      const overview: Overview = { image, ...size, step: plan.step, first: plan.first }

      const request = (place: TilePlace): TileRequest<DecodedImage> => ({
        key: keyOfTile(address, place),
        async load(tile) {
          const bytes = await fetchBytes(tileAddress(address, place), tile.signal, () => undefined)
          const tileFormat = formatOfTile(frame, place)
          const asked = tileTask(bytes, place.level, tileFormat, rendition, how)
          const decoded = await pool.decode(asked, tile.isUrgent, () => !tile.signal.aborted)
          if (place.level === 0) learnFrom(frame, decoded.statistics)
          return decoded
        },
      })
      const { values, statistics, display } = image
      const valueFormat = { ...values.format, columns: format.columns, rows: format.rows }
      const frame: TiledFrame = {
        kind: 'tiles',
        address,
        format,
        attributes,
        valueFormat,
        statistics,
        isMeasured: false,
        components: display.components,
        grid: gridOfRendition(rendition),
        overview,
        source: {
          request,
          peek: (place) => tiles.peek(keyOfTile(address, place)),
          demand: (place, reading) => tiles.demand(request(place), reading),
        },
      }
      return frame
    },
    async stateOf(address, signal) {
      const found = await describe(address, signal)
      return typeof found === 'string' ? found : 'made'
    },
  }
}

async function describe(address: FrameAddress, signal: AbortSignal): Promise<Rendition | 'waiting' | 'none'> {
  const { study, series, instance, frame } = address
  try {
    return await client.getRendition(study, series, instance, frame, signal)
  } catch (error) {
    const code = error instanceof ApiError ? error.problem.code : undefined
    if (code === 'rendition-waiting') return 'waiting'
    if (code === 'rendition-missing') return 'none'
    throw error
  }
}
