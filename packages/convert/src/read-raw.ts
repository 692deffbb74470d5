import type { ByteSource } from './byte-source.ts'
import { ConvertFault } from './fault.ts'
import { checkSize, nativeBytes, type Picture, type PixelForm } from './picture.ts'
import { swapInPlace, wholeRows } from './rows.ts'

/** Pixels without a header of their own, as their sender describes them. */
export interface RawGeometry {
  columns: number
  rows: number
  /** Pictures one behind the other. */
  frames: number
  bitsAllocated: 8 | 16
  /** Used bits of a sample; the higher ones are zero, or repeat the sign. */
  bitsStored: number
  isSigned: boolean
  byteOrder: 'little' | 'big'
  photometric: 'MONOCHROME1' | 'MONOCHROME2' | 'RGB'
  /** Bytes before the first pixel. */
  offset: number
}

/**
 * A raw file. Its length has to be what the description gives, to the byte: nothing else could show that it is wrong.
 * @throws ConvertFault 'does-not-fit'
 */
export function readRaw(source: ByteSource, geometry: RawGeometry): Picture[] {
  const { columns, rows, frames, bitsAllocated, bitsStored, isSigned, photometric, offset } = geometry
  const form: PixelForm = {
    columns,
    rows,
    samples: photometric === 'RGB' ? 3 : 1,
    bitsAllocated,
    bitsStored,
    isSigned,
    photometric,
  }
  if (bitsStored > bitsAllocated || (photometric === 'RGB' && (bitsStored !== 8 || bitsAllocated !== 8 || isSigned)))
    throw new ConvertFault(
      'does-not-fit',
      `${photometric} with ${bitsStored} of ${bitsAllocated} bits is not possible.`,
    )
  checkSize(form, source.byteLength)
  const frameBytes = nativeBytes(form)
  const wanted = offset + frames * frameBytes
  if (wanted !== source.byteLength) {
    throw new ConvertFault(
      'does-not-fit',
      `${frames} pictures of ${columns} × ${rows} pixels behind ${offset} bytes would be a file of ${wanted} bytes; this one has ${source.byteLength}.`,
    )
  }
  return Array.from({ length: frames }, (_, frame) => ({
    ...form,
    byteLength: frameBytes,
    pieces: () => readFrame(source, geometry, offset + frame * frameBytes, frameBytes),
  }))
}

async function* readFrame(
  source: ByteSource,
  geometry: RawGeometry,
  start: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const { bitsAllocated, byteOrder, bitsStored } = geometry
  for await (const samples of wholeRows(source.stream(start, length), bitsAllocated / 8, length, 'The file')) {
    if (bitsAllocated === 16 && byteOrder === 'big') swapInPlace(samples)
    if (bitsStored < bitsAllocated) checkRange(samples, geometry)
    yield samples
  }
}

/** A value beyond its bits shows that the description is of another file, most often the byte order. */
function checkRange(samples: Uint8Array, { bitsAllocated, bitsStored, isSigned }: RawGeometry): void {
  const values = bitsAllocated === 16 ? new Uint16Array(samples.buffer, 0, samples.length / 2) : samples
  const most = 2 ** bitsStored - 1
  // From here on a sample is negative, and all bits above may repeat its sign.
  const negative = isSigned ? 2 ** bitsAllocated - 2 ** (bitsStored - 1) : Number.POSITIVE_INFINITY
  for (const value of values) {
    if (value > most && value < negative) {
      const sample = isSigned && value >= 2 ** (bitsAllocated - 1) ? value - 2 ** bitsAllocated : value
      throw new ConvertFault('does-not-fit', `A sample is ${sample}, which ${bitsStored} bits cannot hold.`)
    }
  }
}
