import { tags, transferSyntax } from './dictionary/index.ts'
import { undefinedLength } from './element-head.ts'
import { createHeaderReader } from './read-header.ts'
import type { RootElement } from './read-state.ts'
import type { Dataset } from './types.ts'

/** One element of the data set itself, with the bytes of its value where they are short. */
export interface PlacedElement extends Omit<RootElement, 'isImplicit'> {
  /** First byte behind it. */
  end: number
}

/** Where the elements of a file lie, up to its pixel data: what it takes to change some and leave the rest as it is. */
export interface FileLayout {
  transferSyntaxUid: string
  isImplicit: boolean
  isBigEndian: boolean
  /** Offsets then count from the start of the inflated data set. */
  isDeflated: boolean
  /** First byte of the data set in the file. */
  dataSetOffset: number
  dataset: Dataset
  /** In the order of the file. */
  elements: PlacedElement[]
}

/** Longer values are no text of the kind that is corrected. */
const longestKept = 64 * 1024
const pixelTags: readonly string[] = [tags.pixelData, tags.floatPixelData, tags.doubleFloatPixelData]

/**
 * Reads a file as far as its pixel data, or to its end where there is none, and lets the source go.
 * @param isWhole reads on behind the pixel data: where attributes stand out of order
 * @throws DicomReadError as the reader does
 */
export async function readLayout(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  isWhole = false,
): Promise<FileLayout> {
  const found: RootElement[] = []
  let isAtPixels = false
  const reader = createHeaderReader({
    onElement(element) {
      const { value } = element
      const isKept = value !== undefined && value.length <= longestKept
      if (!isAtPixels) found.push({ ...element, value: isKept ? new Uint8Array(value) : undefined })
      isAtPixels ||= !isWhole && pixelTags.includes(element.tag)
    },
  })
  for await (const chunk of source) {
    reader.push(chunk)
    if (isAtPixels) break
  }
  if (!isAtPixels) reader.end()
  const soFar = reader.soFar()
  if (!soFar) throw new RangeError('A file that was read to its end has a data set.')
  const syntax = transferSyntax(soFar.transferSyntaxUid)
  return {
    transferSyntaxUid: soFar.transferSyntaxUid,
    isImplicit: found[0]?.isImplicit ?? syntax?.implicit ?? false,
    isBigEndian: syntax?.bigEndian ?? false,
    isDeflated: syntax?.deflated ?? false,
    dataSetOffset: soFar.dataSetOffset,
    dataset: soFar.dataset,
    elements: found.map(({ isImplicit: _syntax, ...element }, index) => ({
      ...element,
      end: found[index + 1]?.offset ?? endOf(element, soFar.position),
    })),
  }
}

function endOf({ offset, headerLength, length }: Omit<RootElement, 'isImplicit'>, position: number): number {
  return length === undefinedLength ? position : offset + headerLength + length
}
