import { tags, transferSyntax } from './dictionary/index.ts'
import { getNumber, getString } from './dataset.ts'
import { FRAME_ENTRY_BYTES, writeFrameEntry } from './frame-index.ts'
import { DicomReadError } from './limits.ts'
import type { Dataset, FrameIndex, ReadWarning } from './types.ts'

/** Offsets, lengths and first bytes of the fragments seen; 13 bytes each, whatever they hold. */
export class FragmentList {
  count = 0
  offsets = new Float64Array(64)
  lengths = new Uint32Array(64)
  /** 1 where the fragment begins with the signature of an image codestream. */
  starts = new Uint8Array(64)

  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  add(offset: number, length: number, firstBytes: Uint8Array): void {
    if (this.count >= this.#max) throw new DicomReadError('too-many-fragments', `More than ${this.#max} fragments.`, tags.pixelData, offset)
    if (this.count === this.offsets.length) {
      const size = this.count * 2
      const grow = <A extends Float64Array | Uint32Array | Uint8Array>(to: A, from: A): A => (to.set(from), to)
      this.offsets = grow(new Float64Array(size), this.offsets)
      this.lengths = grow(new Uint32Array(size), this.lengths)
      this.starts = grow(new Uint8Array(size), this.starts)
    }
    this.offsets[this.count] = offset
    this.lengths[this.count] = length
    this.starts[this.count] = isCodestreamStart(firstBytes) ? 1 : 0
    this.count += 1
  }
}

function isCodestreamStart(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes
  if (a === 0xff && b === 0xd8 && c === 0xff) return true // JPEG, JPEG-LS
  if (a === 0xff && b === 0x4f && c === 0xff && d === 0x51) return true // JPEG 2000, HTJ2K
  if (a === 0xff && b === 0x0a) return true // JPEG XL
  return a === 0 && b === 0 && c === 0 && d === 12 // JP2 and JXL containers
}

/** Where pixel data was seen while reading. */
export interface PixelElement {
  tag: string
  vr: string
  offset: number
  length: number
  fragments?: FragmentList
  /** Basic Offset Table as it stands in the file. */
  basicTable?: Uint8Array
}

type Warn = (warning: ReadWarning) => void

/**
 * Works out where every frame lies (PS3.5 8.2, A.4; PS3.3 C.7.6.3). Undefined, with a warning that says why, when the
 * geometry cannot be known.
 */
export function indexFrames(
  pixels: PixelElement,
  dataset: Dataset,
  transferSyntaxUid: string,
  extendedTable: Uint8Array | undefined,
  warn: Warn,
): FrameIndex | undefined {
  const declared = getNumber(dataset, tags.numberOfFrames)
  const hasFrames = declared !== undefined && Number.isInteger(declared) && declared >= 1
  if (getString(dataset, tags.numberOfFrames) !== undefined && !hasFrames) {
    warn({ code: 'bad-frame-count', tag: tags.numberOfFrames, message: 'Number of Frames is no positive integer; one frame is taken.' })
  }
  const frameCount = hasFrames ? declared : 1
  const { fragments } = pixels
  return fragments
    ? indexEncapsulated(pixels, fragments, frameCount, transferSyntaxUid, extendedTable, warn)
    : indexNative(pixels, dataset, frameCount, transferSyntaxUid, warn)
}

function indexNative(
  pixels: PixelElement,
  dataset: Dataset,
  frameCount: number,
  transferSyntaxUid: string,
  warn: Warn,
): FrameIndex | undefined {
  const rows = getNumber(dataset, tags.rows) ?? 0
  const columns = getNumber(dataset, tags.columns) ?? 0
  const isFloat = pixels.tag !== tags.pixelData
  const bitsAllocated = getNumber(dataset, tags.bitsAllocated) ?? (pixels.tag === tags.doubleFloatPixelData ? 64 : isFloat ? 32 : 0)
  const photometric = getString(dataset, tags.photometricInterpretation) ?? ''
  // Half the chroma samples are left out: two bytes a pixel instead of three (PS3.3 C.7.6.3.1.2).
  const isSubsampled = photometric === 'YBR_FULL_422' || photometric === 'YBR_PARTIAL_422'
  const samples = isSubsampled ? 2 : (getNumber(dataset, tags.samplesPerPixel) ?? 1)
  const frameBits = rows * columns * samples * bitsAllocated
  if (!(frameBits > 0) || !Number.isSafeInteger(frameBits)) {
    warn({ code: 'unknown-geometry', tag: pixels.tag, message: 'Rows, Columns or Bits Allocated are missing or zero: the frames cannot be told apart.' })
    return undefined
  }
  const bitsStored = getNumber(dataset, tags.bitsStored)
  if (!isFloat && bitsStored !== undefined && bitsStored > bitsAllocated) {
    warn({ code: 'bad-bits-stored', tag: tags.bitsStored, message: `${bitsStored} bits stored do not fit into ${bitsAllocated} allocated.` })
  }
  const present = Math.floor((pixels.length * 8) / frameBits)
  if (present < frameCount) {
    warn({ code: 'frames-missing', tag: pixels.tag, message: `The pixel data holds ${present} whole frames of the ${frameCount} declared.` })
  } else if (pixels.length > Math.ceil((frameBits * frameCount) / 8) + 1) {
    warn({ code: 'pixel-data-longer', tag: pixels.tag, message: 'The pixel data is longer than its frames.' })
  }
  const syntax = transferSyntax(transferSyntaxUid)
  return {
    encapsulated: false,
    deflated: syntax?.deflated ?? false,
    frameCount: Math.min(present, frameCount),
    offset: pixels.offset,
    length: pixels.length,
    frameBits,
    swapBytes: syntax?.bigEndianPixels ? wordToSwap(bitsAllocated, pixels.vr) : 1,
  }
}

/** Big endian OW turns whole 16-bit words, also around 8-bit and 1-bit samples. */
function wordToSwap(bitsAllocated: number, vr: string): 1 | 2 | 4 | 8 {
  if (bitsAllocated === 16) return 2
  if (bitsAllocated === 32) return 4
  if (bitsAllocated === 64) return 8
  return vr === 'OW' ? 2 : 1
}

function indexEncapsulated(
  pixels: PixelElement,
  fragments: FragmentList,
  frameCount: number,
  transferSyntaxUid: string,
  extendedTable: Uint8Array | undefined,
  warn: Warn,
): FrameIndex | undefined {
  if (fragments.count === 0) {
    warn({ code: 'frames-missing', tag: pixels.tag, message: `The pixel data holds no fragment; ${frameCount} frames are declared.` })
    return undefined
  }
  const isVideo = transferSyntax(transferSyntaxUid)?.mediaType.startsWith('video/') ?? false
  // A video is one stream: its pictures cannot be cut out.
  const first = isVideo
    ? [0]
    : (readOffsetTable(extendedTable, 8, fragments, frameCount) ??
      readOffsetTable(pixels.basicTable, 4, fragments, frameCount) ??
      walkFragments(fragments, frameCount, warn))
  if (!first) {
    warn({ code: 'frames-unknown', tag: pixels.tag, message: `${fragments.count} fragments cannot be assigned to ${frameCount} frames.` })
    return undefined
  }
  const table = new Uint8Array(first.length * FRAME_ENTRY_BYTES)
  const view = new DataView(table.buffer)
  for (const [frame, from] of first.entries()) {
    const last = (first[frame + 1] ?? fragments.count) - 1
    const offset = fragments.offsets[from] as number
    const span = (fragments.offsets[last] as number) + (fragments.lengths[last] as number) - offset
    writeFrameEntry(view, frame, { offset, span, fragments: last - from + 1 })
  }
  return {
    encapsulated: true,
    deflated: false,
    frameCount: first.length,
    offset: pixels.offset,
    length: pixels.length,
    frameBits: 0,
    swapBytes: 1,
    table,
  }
}

/** First fragment of every frame by an offset table; undefined unless every offset meets a fragment's start. */
function readOffsetTable(bytes: Uint8Array | undefined, width: 4 | 8, fragments: FragmentList, frameCount: number): number[] | undefined {
  if (!bytes || bytes.length !== frameCount * width) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const origin = fragments.offsets[0] as number
  const first: number[] = []
  let fragment = 0
  for (let frame = 0; frame < frameCount; frame += 1) {
    const offset = width === 4 ? view.getUint32(frame * 4, true) : Number(view.getBigUint64(frame * 8, true))
    while (fragment < fragments.count && (fragments.offsets[fragment] as number) - origin < offset) fragment += 1
    if (fragment >= fragments.count || (fragments.offsets[fragment] as number) - origin !== offset) return undefined
    first.push(fragment)
    fragment += 1
  }
  return first[0] === 0 ? first : undefined
}

function walkFragments(fragments: FragmentList, frameCount: number, warn: Warn): number[] | undefined {
  const all = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
  if (fragments.count === frameCount) return all(frameCount)
  if (frameCount === 1) return [0]
  if (fragments.count < frameCount) {
    warn({ code: 'frames-missing', tag: tags.pixelData, message: `The pixel data holds ${fragments.count} fragments for the ${frameCount} frames declared.` })
    return all(fragments.count)
  }
  const starts: number[] = []
  for (let index = 0; index < fragments.count; index += 1) if (fragments.starts[index] === 1) starts.push(index)
  if (starts[0] !== 0) return undefined
  if (starts.length === frameCount) return starts
  if (starts.length > frameCount) {
    warn({ code: 'more-frames', tag: tags.pixelData, message: `The pixel data holds ${starts.length} images for the ${frameCount} frames declared.` })
    return starts.slice(0, frameCount)
  }
  return undefined
}
