import type { InstanceSummary } from '@instandt/api'

// Below this one trip brings the frame as it is stored; above this edge no graphics card is sure to take it whole.
const smallFrameBytes = 1024 * 1024
const largeEdge = 4096

// Compressed ones may be several times as large in memory; a look at the attributes costs one trip.
const largeFrameBytes = 24 * 1024 * 1024
// However well they are compressed: 64 MiB, the least that a page takes unasked, in samples of 8 bytes.
const largePixels = 8 * 1024 * 1024

const frameBytes = ({ byteSize, frameCount }: InstanceSummary): number => byteSize / Math.max(1, frameCount ?? 1)

/** May a frame be too large for a page as it is stored? */
export const isLarge = (item: InstanceSummary): boolean =>
  frameBytes(item) >= largeFrameBytes || (item.columns ?? 0) * (item.rows ?? 0) >= largePixels

/** Is the rendition's overview on screen sooner than the frame itself would be? */
export function isWorthTiles(item: InstanceSummary): boolean {
  const { rendition, columns, rows } = item
  return rendition !== null && (frameBytes(item) >= smallFrameBytes || Math.max(columns ?? 0, rows ?? 0) > largeEdge)
}
