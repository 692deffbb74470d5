import { FlateErrorCode, Inflate, type FlateError } from 'fflate'
import type { ByteInput } from './byte-input.ts'
import { DicomReadError } from './limits.ts'

/** One slice grows to 8 MiB at most (1:1032), so a bomb takes no memory; half of it costs half as much time again. */
const sliceLength = 8192
/** Below this size any ratio is believed: masks that are nearly empty deflate to a thousandth. */
const trustedLength = 64 * 1024 * 1024
/** No block header is that long: what follows such a stretch without output is no part of the stream. */
const silentLength = 64 * 1024

export interface Inflater {
  /** Takes what `input` holds; whole slices only until the last call, so that chunk sizes make no difference. */
  take(input: ByteInput, isLast: boolean): void
}

/** Inflates a raw deflate stream (PS3.5 A.5) in small slices. Throws DicomReadError. */
export function createInflater(maxRatio: number, onBytes: (chunk: Uint8Array) => void): Inflater {
  let deflated = 0
  let inflated = 0
  let lastOutput = 0
  const inflate = new Inflate((chunk) => {
    inflated += chunk.length
    if (chunk.length > 0) lastOutput = deflated
    if (inflated > trustedLength && inflated > deflated * maxRatio) {
      throw new DicomReadError('inflates-too-much', `More than ${maxRatio} bytes come out of one deflated byte.`)
    }
    onBytes(chunk)
  })

  const push = (slice: Uint8Array, isLast: boolean): void => {
    try {
      inflate.push(slice, isLast)
    } catch (error) {
      if (error instanceof DicomReadError) throw error
      if ((error as FlateError).code === FlateErrorCode.UnexpectedEOF)
        throw new DicomReadError('truncated', 'The deflated data set is cut off.')
      throw new DicomReadError('bad-deflate', 'The deflated data set is damaged.')
    }
  }

  return {
    take(input, isLast) {
      while (input.available >= sliceLength || (isLast && input.available > 0)) {
        const slice = new Uint8Array(input.view(Math.min(sliceLength, input.available)))
        input.advance(slice.length)
        deflated += slice.length
        if (deflated - lastOutput <= silentLength) push(slice, false)
      }
      if (isLast) push(new Uint8Array(0), true)
    },
  }
}
