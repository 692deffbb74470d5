import { tags } from './dictionary/index.ts'
import { DicomReadError } from './limits.ts'
import type { Vr } from './types.ts'

/** Where pixel data was seen while reading. */
export interface PixelElement {
  tag: string
  vr: Vr
  /** First value byte. */
  offset: number
  /** Value bytes; of encapsulated pixel data from the offset table's item to the delimiter. */
  length: number
  fragments?: FragmentList
  /** Basic Offset Table as it stands in the file. */
  basicTable?: Uint8Array
}

/** First bytes of a fragment that tell whether an image begins in it. */
export const signatureLength = 8

/** Offsets and lengths of the fragments seen; 13 bytes each, whatever they hold. */
export class FragmentList {
  count = 0
  offsets = new Float64Array(64)
  lengths = new Uint32Array(64)
  /** Kind of image that begins in the fragment, 0 for none. */
  kinds = new Uint8Array(64)

  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /** `firstBytes`: up to signatureLength bytes. */
  add(offset: number, length: number, firstBytes: Uint8Array): void {
    if (this.count >= this.#max)
      throw new DicomReadError('too-many-fragments', `More than ${this.#max} fragments.`, tags.pixelData, offset)
    if (this.count === this.offsets.length) {
      const size = this.count * 2
      const grow = <A extends Float64Array | Uint32Array | Uint8Array>(to: A, from: A): A => (to.set(from), to)
      this.offsets = grow(new Float64Array(size), this.offsets)
      this.lengths = grow(new Uint32Array(size), this.lengths)
      this.kinds = grow(new Uint8Array(size), this.kinds)
    }
    this.offsets[this.count] = offset
    this.lengths[this.count] = length
    this.kinds[this.count] = imageKind(firstBytes)
    this.count += 1
  }

  /** Does an image begin here: the same kind as in the first fragment, as inside one kind another's signature may stand. */
  beginsImage(fragment: number): boolean {
    return this.kinds[fragment] === this.kinds[0] && this.kinds[0] !== 0
  }
}

/** Which of DICOM's codestreams these bytes begin: 1 to 5; 0 for none of them. */
function imageKind(bytes: Uint8Array): number {
  const [a, b, c, d, e, f, g, h] = bytes
  if (a === 0xff && b === 0xd8 && c === 0xff) return 1 // JPEG, JPEG-LS
  if (a === 0xff && b === 0x4f && c === 0xff && d === 0x51) return 2 // JPEG 2000, HTJ2K
  if (a === 0xff && b === 0x0a) return 3 // JPEG XL
  if (a === 0 && b === 0 && c === 0 && d === 12) return 4 // JP2 and JXL containers
  // RLE header: 1 to 15 segments, the first one right behind it (PS3.5 G.5).
  const isRle = a !== undefined && a >= 1 && a <= 15 && b === 0 && c === 0 && d === 0
  return isRle && e === 64 && f === 0 && g === 0 && h === 0 ? 5 : 0
}
