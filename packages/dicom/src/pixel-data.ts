import { getNumber, getString } from './dataset.ts'
import { tags, transferSyntax, type TransferSyntax } from './dictionary/index.ts'
import type { FragmentList, PixelElement } from './fragment-list.ts'
import { FRAME_ENTRY_BYTES, writeFrameEntry } from './frame-index.ts'
import { assignFragments } from './frame-starts.ts'
import type { Dataset, FrameIndex } from './types.ts'

type Warn = (code: string, message: string, tag?: string) => void

export interface FrameSource {
  pixels: PixelElement
  /** Extended Offset Table (7FE0,0001) as it stands in the file. */
  extendedTable: Uint8Array | undefined
  dataset: Dataset
  transferSyntaxUid: string
  warn: Warn
}

/** Number of Frames; 1 where it is absent or no number (PS3.3 C.7.6.6). */
export function declaredFrames(dataset: Dataset, warn: Warn = () => undefined): number {
  const declared = getNumber(dataset, tags.numberOfFrames)
  if (declared !== undefined && Number.isInteger(declared) && declared >= 1) return declared
  if (getString(dataset, tags.numberOfFrames) !== undefined) {
    warn('bad-frame-count', 'Number of Frames is no positive integer; one frame is taken.', tags.numberOfFrames)
  }
  return 1
}

/**
 * Works out where every frame lies (PS3.5 8.2, A.4; PS3.3 C.7.6.3). Undefined, with a warning that says why, when the
 * geometry cannot be known.
 */
export function indexFrames(source: FrameSource): FrameIndex | undefined {
  const { pixels, dataset, warn } = source
  const frameCount = declaredFrames(dataset, warn)
  const syntax = transferSyntax(source.transferSyntaxUid)
  return pixels.fragments
    ? indexEncapsulated(source, pixels.fragments, frameCount, syntax)
    : indexNative(source, frameCount, syntax)
}

/** Bits of one frame as native pixel data has it; undefined when attributes are missing. */
function bitsOfFrame({ pixels, dataset, warn }: FrameSource): { frameBits: number; bitsAllocated: number } | undefined {
  const rows = getNumber(dataset, tags.rows) ?? 0
  const columns = getNumber(dataset, tags.columns) ?? 0
  const declaredBits = getNumber(dataset, tags.bitsAllocated) ?? 0
  const bitsAllocated =
    pixels.tag === tags.floatPixelData ? 32 : pixels.tag === tags.doubleFloatPixelData ? 64 : declaredBits
  const photometric = getString(dataset, tags.photometricInterpretation) ?? ''
  const samples = getNumber(dataset, tags.samplesPerPixel) ?? 1
  let frameBits = rows * columns * samples * bitsAllocated
  // Half the chroma samples are left out: two bytes a pixel instead of three (PS3.3 C.7.6.3.1.2).
  if (samples === 3 && !pixels.fragments && (photometric === 'YBR_FULL_422' || photometric === 'YBR_PARTIAL_422')) {
    const isWhole = pixels.length * 8 >= frameBits * declaredFrames(dataset)
    if (isWhole)
      warn('not-subsampled', `${photometric} is declared, but the pixel data holds three samples a pixel.`, pixels.tag)
    else frameBits = (frameBits / 3) * 2
  }
  return frameBits > 0 && Number.isSafeInteger(frameBits) ? { frameBits, bitsAllocated } : undefined
}

function indexNative(
  source: FrameSource,
  frameCount: number,
  syntax: TransferSyntax | undefined,
): FrameIndex | undefined {
  const { pixels, dataset, warn } = source
  const size = bitsOfFrame(source)
  if (!size) {
    warn(
      'unknown-geometry',
      'Rows, Columns or Bits Allocated are missing or zero: the frames cannot be told apart.',
      pixels.tag,
    )
    return undefined
  }
  const { frameBits, bitsAllocated } = size
  const bitsStored = getNumber(dataset, tags.bitsStored)
  if (pixels.tag === tags.pixelData && bitsStored !== undefined && bitsStored > bitsAllocated) {
    warn('bad-bits-stored', `${bitsStored} bits stored do not fit into ${bitsAllocated} allocated.`, tags.bitsStored)
  }
  const present = Math.floor((pixels.length * 8) / frameBits)
  if (present < frameCount) {
    warn('frames-missing', `The pixel data holds ${present} whole frames of the ${frameCount} declared.`, pixels.tag)
  } else if (pixels.length > Math.ceil((frameBits * frameCount) / 8) + 1) {
    warn('pixel-data-longer', 'The pixel data is longer than its frames.', pixels.tag)
  }
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
  source: FrameSource,
  fragments: FragmentList,
  frameCount: number,
  syntax: TransferSyntax | undefined,
): FrameIndex | undefined {
  const { pixels, warn } = source
  if (fragments.count === 0) {
    warn('frames-missing', `The pixel data holds no fragment; ${frameCount} frames are declared.`, pixels.tag)
    return undefined
  }
  const isVideo = syntax?.mediaType.startsWith('video/') ?? false
  const isUncompressed = syntax?.encapsulated === true && syntax.uid === '1.2.840.10008.1.2.1.98'
  const frameBits = isUncompressed ? bitsOfFrame(source)?.frameBits : undefined
  // A video is one stream: its pictures cannot be cut out.
  const frames = isVideo
    ? { first: [0], end: fragments.count }
    : assignFragments(fragments, {
        frameCount,
        frameBytes: frameBits === undefined ? undefined : Math.ceil(frameBits / 8),
        extendedTable: source.extendedTable,
        basicTable: pixels.basicTable,
        warn: (code, message) => warn(code, message, pixels.tag),
      })
  if (!frames) return undefined
  const { first, end } = frames
  const table = new Uint8Array(first.length * FRAME_ENTRY_BYTES)
  const view = new DataView(table.buffer)
  for (const [frame, from] of first.entries()) {
    const last = (first[frame + 1] ?? end) - 1
    const offset = fragments.offsets[from] as number
    const span = (fragments.offsets[last] as number) + (fragments.lengths[last] as number) - offset
    writeFrameEntry(view, frame, { offset, span, fragments: last - from + 1 })
  }
  return {
    encapsulated: true,
    deflated: syntax?.deflated ?? false,
    frameCount: first.length,
    offset: pixels.offset,
    length: pixels.length,
    frameBits: 0,
    swapBytes: 1,
    table,
  }
}
