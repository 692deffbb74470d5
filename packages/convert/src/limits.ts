const mebibyte = 1024 * 1024

/** Generous for real files, deadly for hostile ones. */
export const limits = {
  /** Rows and Columns are unsigned 16-bit (PS3.3 C.7.6.3). */
  side: 65_535,
  /** Bytes of one value in a native file (PS3.5 7.1): the length has 32 bits, and the last one stands for "undefined". */
  valueBytes: 0xffff_fffe,
  pages: 10_000,
  /** Of one value in a TIFF directory, and of all of them together. */
  tagBytes: 16 * mebibyte,
  allTagBytes: 64 * mebibyte,
  directoryEntries: 4096,
  /** What has to be in memory as a whole: a row of tiles, a JPEG strip, an interlaced picture. */
  heldBytes: 256 * mebibyte,
  /** Read around what was asked for, beyond eight times the file: 32,000 places, each far from the ones before it. */
  scatteredBytes: 64 * 1024 * mebibyte,
  /** Of one JPEG stream's tables, which go before every strip of a page: all there can be have 3 KiB. */
  jpegTableBytes: 64 * 1024,
  /** Pixels a byte of the file may become; counted beyond the first `freeBytes`. */
  inflateRatio: 400,
  freeBytes: 64 * mebibyte,
  /** Milliseconds for one JPEG stream: its pixels and scans are bounded, and so is honest work. */
  decodeMs: 120_000,
  /** Segments and chunks before the pixels of a JPEG or PNG begin. */
  segments: 10_000,
} as const
