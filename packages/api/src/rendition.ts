import { z } from 'zod'

/** Bytes of a codestream that make a picture, from its lowest resolution to its full one. */
const prefixesSchema = z.array(z.number().int())

/**
 * What screens take in place of a frame: lossless HTJ2K (RPCL) of the stored values. A beginning of each codestream is the
 * same picture halved: `prefixes[k]` bytes are it, halved `prefixes.length - 1 - k` times.
 */
export const renditionSchema = z.object({
  columns: z.number().int(),
  rows: z.number().int(),
  /** Edge of a tile in pixels; those at the right and at the bottom are smaller. */
  tileSize: z.number().int(),
  /** How often every tile can be halved. */
  reductions: z.number().int(),
  /** Bits of a sample, its sign included. */
  bits: z.number().int(),
  isSigned: z.boolean(),
  /** Samples of a pixel, pixel by pixel. */
  components: z.number().int(),
  /** They are red green blue, whatever Photometric Interpretation the instance has. */
  isRgb: z.boolean(),
  /** The whole image as means of squares of 2^reduction pixels; null when one tile is the whole. */
  overview: z
    .object({
      reduction: z.number().int(),
      columns: z.number().int(),
      rows: z.number().int(),
      prefixes: prefixesSchema,
    })
    .nullable(),
  /** Row by row. */
  tiles: z.array(z.object({ prefixes: prefixesSchema })),
})
export type Rendition = z.infer<typeof renditionSchema>

/** Of overview and tiles: halvings from the codestream's own full size. */
export const renditionQuerySchema = z.object({ reduction: z.coerce.number().int().min(0).max(32).default(0) })
