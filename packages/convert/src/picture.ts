import { ConvertFault } from './fault.ts'
import { limits } from './limits.ts'

/** Distances between pixel centres in mm: down the rows, and along a row (PS3.3 10.7.1.3). */
export interface Spacing {
  row: number
  column: number
}

/** Colours of a palette, 16 bits each. */
export interface Palette {
  red: Uint16Array
  green: Uint16Array
  blue: Uint16Array
}

/** What the pixels are (PS3.3 C.7.6.3). */
export interface PixelForm {
  columns: number
  rows: number
  samples: 1 | 3
  bitsAllocated: 8 | 16
  bitsStored: number
  isSigned: boolean
  photometric: 'MONOCHROME1' | 'MONOCHROME2' | 'PALETTE COLOR' | 'RGB' | 'YBR_FULL_422'
  /** Planes one after the other instead of pixel by pixel. */
  isPlanar?: boolean
  palette?: Palette
}

/** One picture of a file. */
export interface Picture extends PixelForm {
  /** As the file says it; nominal. */
  spacing?: Spacing | undefined
  /** Bytes as they will stand in the object: native little endian, or one compressed frame. */
  pieces(): AsyncIterable<Uint8Array>
  byteLength: number
  /** Of a compressed frame; native otherwise. */
  transferSyntaxUid?: string
  /** Bytes of the lossy stream that the pixels once went through. */
  lossyBytes?: number
  /** What whoever looks at it should know. */
  note?: string
}

/** Words of the file about what made it. */
export interface Origin {
  manufacturer?: string
  model?: string
  software?: string
}

/** Bytes of the pixels when they are not compressed. */
export const nativeBytes = ({ columns, rows, samples, bitsAllocated }: PixelForm): number =>
  columns * rows * samples * (bitsAllocated / 8)

/** @throws ConvertFault for sides that no DICOM image has, or more pixels than the file can honestly hold */
export function checkSize(form: PixelForm, fileBytes: number, pages = 1): void {
  const { columns, rows } = form
  if (columns < 1 || rows < 1) throw new ConvertFault('damaged', `The picture has ${columns} columns and ${rows} rows.`)
  if (columns > limits.side || rows > limits.side) {
    throw new ConvertFault(
      'too-large',
      `The picture has ${columns} columns and ${rows} rows; an image has ${limits.side} of each at most.`,
    )
  }
  const bytes = nativeBytes(form)
  if (bytes > limits.valueBytes)
    throw new ConvertFault('too-large', `The picture has ${bytes} bytes of pixels; an image holds 4 GiB at most.`)
  if (bytes * pages > limits.freeBytes + limits.inflateRatio * fileBytes) {
    throw new ConvertFault(
      'too-large',
      `${fileBytes} bytes of the file would become ${bytes * pages} bytes of pixels: no file of measured values is so empty.`,
    )
  }
}

const millimetresPerInch = 25.4

// Programs write 72 and 96 per inch, also in other units and rounded, when they know of none; nothing that is to be measured
// is scanned so.
const placeholders = { inch: [72, 96], centimetre: [28, 28.346, 37.795, 38], metre: [2834.6, 3779.5] }
// Of pixels as large as this, an aspect ratio is what was meant, or a mistake.
const coarsest = 1

/** Spacing for pixels per inch or centimetre; undefined for what no scanner says. */
export function spacingOf(across: number, down: number, unit: 'inch' | 'centimetre' | 'metre'): Spacing | undefined {
  const length = { inch: millimetresPerInch, centimetre: 10, metre: 1000 }[unit]
  const spacing = { row: length / down, column: length / across }
  const isMadeUp = (density: number): boolean => placeholders[unit].some((one) => Math.abs(density / one - 1) < 0.001)
  const isKnown = (value: number): boolean => Number.isFinite(value) && value >= 1e-4 && value <= coarsest
  if (isMadeUp(across) || isMadeUp(down)) return undefined
  return isKnown(spacing.row) && isKnown(spacing.column) ? spacing : undefined
}
