import {
  type Dataset,
  type Element,
  getItems,
  getNumber,
  getNumbers,
  getString,
  getStrings,
  tags,
} from '@instandt/dicom'
import type { PixelFormat } from './pixel-format.ts'
import type { Padding } from './statistics.ts'
import type { FileWindow, Rescale } from './window.ts'

/** How the values of one frame are to be shown. */
export interface FrameAttributes {
  rescale: Rescale | undefined
  fileWindows: FileWindow[]
  /** MONOCHROME1, or a presentation LUT that says so: the lowest value is white. */
  isInverse: boolean
  /** Height of a pixel in pixel widths. */
  aspect: number
  padding: Padding | undefined
}

/** Attributes of a frame from 1: its own functional group goes before the shared one, that before the image's. */
export function readFrameAttributes(dataset: Dataset, format: PixelFormat, frame: number): FrameAttributes {
  const perFrame = getItems(dataset, tags.perFrameFunctionalGroupsSequence)[frame - 1]
  const shared = getItems(dataset, tags.sharedFunctionalGroupsSequence)[0]
  const macro = (tag: string): Dataset =>
    (perFrame && getItems(perFrame, tag)[0]) ?? (shared && getItems(shared, tag)[0]) ?? dataset

  return {
    // PS3.3 C.11.1: a Modality LUT stands in place of the straight line.
    rescale: getItems(dataset, tags.modalityLutSequence)[0]
      ? undefined
      : readRescale(macro(tags.pixelValueTransformationSequence)),
    fileWindows: readWindows(macro(tags.frameVoiLutSequence), format),
    isInverse:
      format.photometric === 'MONOCHROME1' ||
      (format.samplesPerPixel === 1 && getString(dataset, tags.presentationLutShape) === 'INVERSE'),
    aspect: readAspect(dataset, macro(tags.pixelMeasuresSequence)),
    padding: readPadding(dataset),
  }
}

function readRescale(from: Dataset): Rescale | undefined {
  const slope = getNumber(from, tags.rescaleSlope)
  const intercept = getNumber(from, tags.rescaleIntercept)
  if (slope === undefined && intercept === undefined) return undefined
  // A slope of 0 would make every value the same; it is a fault of the writer.
  if (slope === 0 || (slope === 1 && intercept === 0)) return undefined
  return { slope: slope ?? 1, intercept: intercept ?? 0, type: getString(from, tags.rescaleType) ?? '' }
}

function readWindows(from: Dataset, format: PixelFormat): FileWindow[] {
  const widths = getNumbers(from, tags.windowWidth)
  const explanations = getStrings(from, tags.windowCenterWidthExplanation)
  const isExact = format.kind === 'float' || getString(from, tags.voiLutFunction) === 'LINEAR_EXACT'
  return getNumbers(from, tags.windowCenter).flatMap((centre, index) => {
    const width = widths[index]
    if (width === undefined || !(width > 0)) return []
    return [{ centre, width, explanation: explanations[index] ?? '', isExact }]
  })
}

/** Pixel Aspect Ratio, or the ratio of the distances between rows and columns. */
function readAspect(dataset: Dataset, measures: Dataset): number {
  const spacings = [
    getNumbers(dataset, tags.pixelAspectRatio),
    getNumbers(measures, tags.pixelSpacing),
    getNumbers(dataset, tags.imagerPixelSpacing),
    getNumbers(dataset, tags.nominalScannedPixelSpacing),
  ]
  const [vertical, horizontal] = spacings.find((values) => values.length === 2) ?? []
  if (vertical === undefined || horizontal === undefined) return 1
  const aspect = vertical / horizontal
  // Beyond that a picture is a line: rather a mistyped value than a pixel.
  return aspect > 0.01 && aspect < 100 ? aspect : 1
}

function readPadding(dataset: Dataset): Padding | undefined {
  const value = getNumber(dataset, tags.pixelPaddingValue)
  if (value === undefined) return undefined
  const limit = getNumber(dataset, tags.pixelPaddingRangeLimit) ?? value
  return { lower: Math.min(value, limit), upper: Math.max(value, limit) }
}

/** A look-up table of the file: `values[i]` for input `first + i`, ends held. */
export interface LookupTable {
  first: number
  bits: number
  values: Uint8Array | Uint16Array
  explanation: string
}

/** Descriptor of three numbers (PS3.3 C.7.6.3.1.5): 0 entries mean 65,536; the first input is signed like the pixels. */
export function readDescriptor(
  numbers: readonly number[],
  isSigned: boolean,
): { entries: number; first: number; bits: number } | undefined {
  const [entries, first, bits] = numbers
  if (entries === undefined || first === undefined || bits === undefined) return undefined
  const signedFirst = isSigned && first > 32_767 ? first - 65_536 : first
  // Written as a signed number, more than 32,767 of them are less than none.
  return { entries: entries & 0xffff || 65_536, first: signedFirst, bits }
}

/** Words of a table: 8-bit entries stand two in a word, unless every entry has its own (PS3.3 C.7.6.3.1.6). */
export function tableValues(bytes: Uint8Array, entries: number, bits: number): Uint8Array | Uint16Array | undefined {
  if (bytes.byteLength >= entries * 2) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, entries * 2)
    return Uint16Array.from({ length: entries }, (_, index) => view.getUint16(index * 2, true))
  }
  return bits <= 8 && bytes.byteLength >= entries ? bytes.subarray(0, entries) : undefined
}

/** Bytes of a value that stands in the data set, or the address of one that does not. */
export function elementBytes(element: Element | undefined): Uint8Array | { address: string } | undefined {
  if (element?.InlineBinary !== undefined)
    return Uint8Array.from(atob(element.InlineBinary), (char) => char.charCodeAt(0))
  if (element?.BulkDataURI !== undefined) return { address: element.BulkDataURI }
  if (element?.Value === undefined) return undefined
  const words = Uint16Array.from(element.Value.map(Number))
  return new Uint8Array(words.buffer)
}
