import { type Dataset, getItems, getNumbers, getString, tags } from '@instandt/dicom'
import { elementBytes, type LookupTable, readDescriptor, tableValues } from './frame-attributes.ts'
import { PixelFault } from './pixel-fault.ts'
import type { PixelFormat } from './pixel-format.ts'

/** Fetches a value that stands apart from the metadata. */
export type BulkFetch = (address: string) => Promise<Uint8Array>

export interface LookupTables {
  /** Red, green and blue of a PALETTE COLOR image. */
  palette: LookupTable[] | undefined
  /** Modality LUT: what the stored values mean, where a straight line cannot say it. */
  modality: LookupTable | undefined
}

const paletteTags = [
  [tags.redPaletteDescriptor, tags.redPaletteData, tags.redPaletteSegments],
  [tags.greenPaletteDescriptor, tags.greenPaletteData, tags.greenPaletteSegments],
  [tags.bluePaletteDescriptor, tags.bluePaletteData, tags.bluePaletteSegments],
] as const

/**
 * The tables of one instance.
 * @throws {PixelFault} missing-attribute when a palette image has no whole palette
 */
export async function readLookupTables(
  dataset: Dataset,
  format: PixelFormat,
  fetchBulk: BulkFetch,
): Promise<LookupTables> {
  const bytesOf = async (from: Dataset, tag: string): Promise<Uint8Array | undefined> => {
    const found = elementBytes(from[tag])
    return found && 'address' in found ? fetchBulk(found.address) : found
  }

  let palette: LookupTable[] | undefined
  if (format.photometric === 'PALETTE COLOR') {
    palette = []
    for (const [descriptorTag, dataTag, segmentsTag] of paletteTags) {
      const descriptor = readDescriptor(getNumbers(dataset, descriptorTag), format.isSigned)
      const plain = descriptor && (await bytesOf(dataset, dataTag))
      const segmented = descriptor && !plain && (await bytesOf(dataset, segmentsTag))
      const values =
        descriptor &&
        (plain
          ? tableValues(plain, descriptor.entries, descriptor.bits)
          : segmented && expandSegments(segmented, descriptor.entries, descriptor.bits))
      if (!descriptor || !values) throw new PixelFault('missing-attribute', { name: 'Palette Color Lookup Table' })
      palette.push({ first: descriptor.first, bits: descriptor.bits, values, explanation: '' })
    }
  }

  const item = getItems(dataset, tags.modalityLutSequence)[0]
  const descriptor = item && readDescriptor(getNumbers(item, tags.lutDescriptor), format.isSigned)
  const bytes = item && descriptor && (await bytesOf(item, tags.lutData))
  const values = descriptor && bytes && tableValues(bytes, descriptor.entries, descriptor.bits)
  const modality =
    item && descriptor && values
      ? {
          first: descriptor.first,
          bits: descriptor.bits,
          values,
          explanation: getString(item, tags.lutExplanation) ?? '',
        }
      : undefined
  return { palette, modality }
}

/** What the table says to a stored value. */
export function lookUp(table: LookupTable, stored: number): number {
  const index = Math.min(table.values.length - 1, Math.max(0, Math.round(stored) - table.first))
  return table.values[index]!
}

/** Segmented palette (PS3.3 C.7.9.2): discrete runs, straight lines, and earlier segments again. */
export function expandSegments(bytes: Uint8Array, entries: number, bits: number): Uint8Array | Uint16Array | undefined {
  const isWide = bits > 8
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = isWide ? 2 : 1
  const length = Math.floor(bytes.byteLength / size)
  const word = (index: number): number => (isWide ? view.getUint16(index * 2, true) : view.getUint8(index))
  const values = isWide ? new Uint16Array(entries) : new Uint8Array(entries)
  let filled = 0
  const put = (value: number): void => {
    if (filled < entries) values[filled++] = value
  }

  const run = (from: number, segments: number): number => {
    let at = from
    for (let done = 0; done < segments && at + 1 < length && filled < entries; done += 1) {
      const opcode = word(at)
      const count = word(at + 1)
      if (opcode === 0) {
        for (let index = 0; index < count && at + 2 + index < length; index += 1) put(word(at + 2 + index))
        at += 2 + count
      } else if (opcode === 1 && at + 2 < length) {
        const start = filled > 0 ? values[filled - 1]! : 0
        const end = word(at + 2)
        for (let index = 1; index <= count; index += 1) put(Math.round(start + ((end - start) * index) / count))
        at += 3
      } else if (opcode === 2 && segments === Number.POSITIVE_INFINITY) {
        // Its offset is in bytes from the beginning, in two words of the table, the lower one first.
        const offset = isWide
          ? word(at + 2) + word(at + 3) * 65_536
          : word(at + 2) + word(at + 3) * 256 + word(at + 4) * 65_536 + word(at + 5) * 16_777_216
        run(Math.floor(offset / size), count)
        at += isWide ? 4 : 6
      } else {
        return length
      }
    }
    return at
  }
  run(0, Number.POSITIVE_INFINITY)
  return filled === entries ? values : undefined
}
