import type { ReadLimits } from './types.ts'

/** Generous for real files, deadly for hostile ones. */
export const defaultLimits: ReadLimits = {
  maxDepth: 64,
  maxElements: 500_000,
  maxValueLength: 256 * 1024,
  maxInlineLength: 1024,
  maxHeaderLength: 64 * 1024 * 1024,
  maxFragments: 1_000_000,
  maxInflateRatio: 400,
}

/** Scans of one JPEG stream. Each may touch every block: more of them than a picture can need is an attack on time. */
export const maxJpegScans = 200

/**
 * `not-dicom`, `empty`, `truncated`: no file, or not all of it · `bad-element`, `bad-item`: the bytes are no data set ·
 * `bad-deflate`: the deflated data set is damaged · `bad-json`: no DICOM JSON model · the rest: beyond a limit.
 */
export type ReadErrorCode =
  | 'not-dicom'
  | 'empty'
  | 'truncated'
  | 'bad-element'
  | 'bad-item'
  | 'bad-deflate'
  | 'bad-json'
  | 'inflates-too-much'
  | 'too-deep'
  | 'too-many-elements'
  | 'too-many-fragments'
  | 'header-too-long'

/** A file that cannot be read; names the element and the offset (bytes) where reading stopped. */
export class DicomReadError extends Error {
  readonly code: ReadErrorCode
  readonly tag: string | undefined
  /** From the start of the file; of the inflated stream inside a deflated data set. */
  readonly offset: number | undefined

  constructor(code: ReadErrorCode, message: string, tag?: string, offset?: number) {
    const where = [
      tag === undefined ? '' : `(${tag.slice(0, 4)},${tag.slice(4)})`,
      offset === undefined ? '' : `offset ${offset}`,
    ]
    const place = where.filter((part) => part !== '').join(', ')
    super(place === '' ? message : `${message} [${place}]`)
    this.name = 'DicomReadError'
    this.code = code
    this.tag = tag
    this.offset = offset
  }
}
