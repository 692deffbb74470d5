// For tests: the commonest frame there is.
import type { PixelFormat } from './pixel-format.ts'

/** One frame of unsigned 16-bit grey, but for what is changed. */
export const greyFormat = (columns: number, rows = columns, change: Partial<PixelFormat> = {}): PixelFormat => ({
  rows,
  columns,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  isSigned: false,
  isPlanar: false,
  photometric: 'MONOCHROME2',
  kind: 'integer',
  frameCount: 1,
  ...change,
})

/** For greyFormat: as many bits, all used. */
export const eightBits = { bitsAllocated: 8, bitsStored: 8, highBit: 7 } as const
