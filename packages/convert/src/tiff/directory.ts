import type { ByteSource } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { limits } from '../limits.ts'

/** Fields of a directory that are of use here (TIFF 6.0, TIFF/EP, Adobe TechNote 2 and 3). */
export const fields = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  imageDescription: 270,
  make: 271,
  model: 272,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  sampleFormat: 339,
  jpegTables: 347,
} as const

type Field = (typeof fields)[keyof typeof fields]
const known = new Set<number>(Object.values(fields))

// Bytes of one value by its type; 16 to 18 are BigTIFF's.
const typeBytes: Record<number, number> = {
  1: 1, // BYTE
  2: 1, // ASCII
  3: 2, // SHORT
  4: 4, // LONG
  5: 8, // RATIONAL
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  13: 4,
  16: 8,
  18: 8,
}

// Only these may be fractions: a size or a place that is one would never be reached by counting.
const fractions: readonly number[] = [fields.xResolution, fields.yResolution]
const isFraction = (type: number): boolean => type === 5 || type === 10

interface Entry {
  type: number
  count: number
  /** Where the values lie. */
  offset: number
}

/** One image of the file: its fields, read when asked for. */
export interface Directory {
  /** From 1. */
  number: number
  isLittle: boolean
  has(field: Field): boolean
  /** All values as numbers; rationals as quotients. Empty when the field is missing. */
  numbers(field: Field): Promise<Float64Array>
  /** The first value. */
  number1(field: Field): Promise<number | undefined>
  bytes(field: Field): Promise<Uint8Array>
}

/**
 * The directories of a TIFF or BigTIFF file in their order.
 * @throws ConvertFault for a chain that loops, leads out of the file or has no end
 */
export async function* readDirectories(source: ByteSource): AsyncGenerator<Directory> {
  const head = await source.read(0, Math.min(16, source.byteLength))
  const isLittle = head[0] === 0x49
  const view = viewOf(head)
  const isBig = view.getUint16(2, isLittle) === 43
  if (isBig && (head.length < 16 || view.getUint16(4, isLittle) !== 8 || view.getUint16(6, isLittle) !== 0))
    throw new ConvertFault('damaged', 'The BigTIFF header is not one.')
  const seen = new Set<number>()
  const budget = { left: limits.allTagBytes }
  for (let at = isBig ? longAt(view, 8, isLittle) : view.getUint32(4, isLittle); at !== 0;) {
    if (seen.has(at))
      throw new ConvertFault('damaged', `The directory of page ${seen.size + 1} is one of a page before it.`)
    seen.add(at)
    if (seen.size > limits.pages) throw new ConvertFault('too-large', `The file has more than ${limits.pages} pages.`)
    const { entries, next } = await readEntries(source, at, isLittle, isBig, seen.size)
    yield createDirectory(source, entries, seen.size, isLittle, budget)
    at = next
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** A 64-bit number; beyond what a file can have, a number that no file has. */
const longAt = (view: DataView, at: number, isLittle: boolean): number => Number(view.getBigUint64(at, isLittle))

async function readEntries(
  source: ByteSource,
  at: number,
  isLittle: boolean,
  isBig: boolean,
  page: number,
): Promise<{ entries: Map<number, Entry>; next: number }> {
  const [countBytes, entryBytes, offsetBytes] = isBig ? [8, 20, 8] : [2, 12, 4]
  const countView = viewOf(await source.read(at, countBytes))
  const count = isBig ? longAt(countView, 0, isLittle) : countView.getUint16(0, isLittle)
  if (count > limits.directoryEntries)
    throw new ConvertFault('damaged', `The directory of page ${page} claims ${count} fields.`)
  const start = at + countBytes
  const view = viewOf(await source.read(start, count * entryBytes + offsetBytes))
  const readOffset = (where: number): number =>
    isBig ? longAt(view, where, isLittle) : view.getUint32(where, isLittle)
  const entries = new Map<number, Entry>()
  for (let index = 0; index < count; index += 1) {
    const entry = index * entryBytes
    const tag = view.getUint16(entry, isLittle)
    const type = view.getUint16(entry + 2, isLittle)
    // Of a field that stands there twice the first one counts, as in libtiff.
    if (!known.has(tag) || typeBytes[type] === undefined || entries.has(tag)) continue
    const valueCount = readOffset(entry + 4)
    const inPlace = entry + 4 + offsetBytes
    const isInPlace = valueCount * typeBytes[type] <= offsetBytes
    entries.set(tag, { type, count: valueCount, offset: isInPlace ? start + inPlace : readOffset(inPlace) })
  }
  return { entries, next: readOffset(count * entryBytes) }
}

function createDirectory(
  source: ByteSource,
  entries: Map<number, Entry>,
  number: number,
  isLittle: boolean,
  budget: { left: number },
): Directory {
  async function bytes(field: Field): Promise<Uint8Array> {
    const entry = entries.get(field)
    if (!entry) return new Uint8Array(0)
    const length = entry.count * (typeBytes[entry.type] as number)
    budget.left -= length
    if (length > limits.tagBytes || budget.left < 0)
      throw new ConvertFault('too-large', `Field ${field} of page ${number} has ${entry.count} values.`)
    return source.read(entry.offset, length)
  }
  async function numbers(field: Field): Promise<Float64Array> {
    const raw = await bytes(field)
    const { type, count } = entries.get(field) ?? { type: 1, count: 0 }
    if (isFraction(type) && !fractions.includes(field))
      throw new ConvertFault('damaged', `Field ${field} of page ${number} is written as a fraction.`)
    const view = viewOf(raw)
    const readAt = numberReader(view, type, isLittle)
    return Float64Array.from({ length: count }, (_, index) => readAt(index * (typeBytes[type] as number)))
  }
  return {
    number,
    isLittle,
    has: (field) => entries.has(field),
    numbers,
    async number1(field) {
      const entry = entries.get(field)
      if (!entry || entry.count === 0) return undefined
      return (await numbers(field))[0]
    },
    bytes,
  }
}

function numberReader(view: DataView, type: number, isLittle: boolean): (at: number) => number {
  switch (type) {
    case 3:
      return (at) => view.getUint16(at, isLittle)
    case 8:
      return (at) => view.getInt16(at, isLittle)
    case 4:
    case 13:
      return (at) => view.getUint32(at, isLittle)
    case 9:
      return (at) => view.getInt32(at, isLittle)
    case 5:
      return (at) => view.getUint32(at, isLittle) / view.getUint32(at + 4, isLittle)
    case 10:
      return (at) => view.getInt32(at, isLittle) / view.getInt32(at + 4, isLittle)
    case 16:
    case 18:
      return (at) => longAt(view, at, isLittle)
    default:
      return (at) => view.getUint8(at)
  }
}
