import { transferSyntax } from '@instandt/dicom'
import { canEncode, decodedFormat, type PixelFormat, reductionsOf } from '@instandt/pixels'
import { decodedBytes, isReadInStrips, largestWholeFrame } from '../pixels/read-rows.ts'
import type { ImageInfo } from '../pixels/read-image.ts'

export interface TilePlan {
  tileSize: number
  /** How often a tile can be halved. */
  reductions: number
  /** How often the whole image is halved to become its overview; 0: there is none, the only tile serves. */
  overview: number
}

/** Why no rendition is made; the frames themselves serve as well. */
export type Unneeded = 'small' | 'quick-already' | 'photograph' | 'format' | 'too-large'

const htj2k = '1.2.840.10008.1.2.4.202'
/** Up to this edge an image is one tile. */
const singleEdge = 2048
const tileEdge = 1024
const overviewEdge = 1024
// Below this the frame itself is there sooner: a rendition is asked for twice, first what is where.
const smallFrame = 1024 * 1024
// Photographs are small as they are and would grow; they are only cut into tiles where no graphics card takes them whole.
const largeFrame = 64 * 1024 * 1024

/** Decides by what measuring says (docs/decisions/0111): which frames screens get faster as a rendition. */
export function planTiles(image: ImageInfo): TilePlan | Unneeded {
  const { format, frameSyntaxUid } = image
  const bytes = decodedBytes(format)
  // Means of palette entries are other colours; single bits, floats and 32 bits have no lossless HTJ2K here.
  if (format.photometric === 'PALETTE COLOR' || !canEncode(decodedFormat(format, false), htj2k)) return 'format'
  if (bytes < smallFrame) return 'small'
  const syntax = transferSyntax(frameSyntaxUid)
  const isSingle = Math.max(format.columns, format.rows) <= singleEdge
  if (syntax?.isLossy && bytes < largeFrame) return 'photograph'
  if (syntax?.mediaType === 'image/jphc' && isSingle) return 'quick-already'
  if (!isReadInStrips(image) && bytes > largestWholeFrame()) return 'too-large'
  return tilesOf(format)
}

export function tilesOf({ columns, rows }: PixelFormat): TilePlan {
  const longest = Math.max(columns, rows)
  if (longest <= singleEdge) return { tileSize: singleEdge, reductions: reductionsOf(columns, rows), overview: 0 }
  const overview = Math.ceil(Math.log2(longest / overviewEdge))
  return { tileSize: tileEdge, reductions: reductionsOf(tileEdge, tileEdge), overview }
}
