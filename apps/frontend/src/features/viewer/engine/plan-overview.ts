import { overviewUrl, type Rendition, renditionUrl, tileUrl } from '@instandt/api'
import { halved } from './halved.ts'
import type { FrameAddress } from './requests.ts'

/** How the overview is fetched, and what it will be. */
export interface OverviewPlan {
  url: string
  columns: number
  rows: number
  /** Halvings of its codestream. */
  reduction: number
  step: number
  first: number
}

// A picture of this edge fills a small window; it is 100 kB or so.
const firstEdge = 512

export const renditionAddress = ({ study, series, instance, frame }: FrameAddress): string =>
  renditionUrl(study, series, instance, frame)

/** The overview of a rendition; of a single tile it is the tile's own low resolution. */
export function planOverview(address: FrameAddress, rendition: Rendition): OverviewPlan {
  const { overview, columns, rows, reductions } = rendition
  const url = renditionAddress(address)
  if (overview) {
    const square = 2 ** overview.reduction
    const size = { columns: overview.columns, rows: overview.rows }
    // A mean of a square of pixels stands in its middle.
    return { url: overviewUrl(url, 0), ...size, reduction: 0, step: square, first: (square - 1) / 2 }
  }
  const wanted = Math.ceil(Math.log2(Math.max(columns, rows) / firstEdge))
  const reduction = Math.min(reductions, Math.max(1, wanted))
  const size = { columns: halved(columns, reduction), rows: halved(rows, reduction) }
  // The low band of the wavelet stands at every other pixel, from the first on.
  return { url: tileUrl(url, 0, reduction), ...size, reduction, step: 2 ** reduction, first: 0 }
}
