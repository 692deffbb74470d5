import { type ByteSource, shortRead } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { inflateLong, inflateShort } from '../inflate.ts'
import { decodeStrip } from '../jpeg/decode.ts'
import { limits } from '../limits.ts'
import { dropSamples, exactly, swapInPlace, unpackBits, wholeRows } from '../rows.ts'
import { createLzw, type Expander } from './lzw.ts'
import { createPackBits } from './pack-bits.ts'
import type { Page } from './page.ts'

// What whoever takes the pixels holds at a time.
const sliceBytes = 1024 * 1024

/**
 * The pixels of a page as native little-endian bytes, strip by strip or one row of tiles after the other.
 * @throws ConvertFault naming page and strip; what the source throws
 */
export async function* readPixels(source: ByteSource, page: Page): AsyncGenerator<Uint8Array> {
  const planes = page.isPlanar ? page.form.samples : 1
  for (let plane = 0; plane < planes; plane += 1) {
    const first = page.blocksOfPlane * plane
    yield* page.isTiled ? readTiles(source, page, first) : readStrips(source, page, first)
  }
}

/** Samples of a pixel in one block. */
const blockSamples = ({ isPlanar, samples }: Page): number => (isPlanar ? 1 : samples)

const rowBytesOf = (page: Page, columns: number): number => Math.ceil((columns * blockSamples(page) * page.bits) / 8)

const nameOf = (page: Page, index: number): string =>
  `Page ${page.number}, ${page.isTiled ? 'tile' : 'strip'} ${index + 1},`

async function* readStrips(source: ByteSource, page: Page, first: number): AsyncGenerator<Uint8Array> {
  const { form, blockRows } = page
  const rowBytes = rowBytesOf(page, form.columns)
  for (let row = 0; row < form.rows; row += blockRows) {
    const index = first + row / blockRows
    const total = Math.min(blockRows, form.rows - row) * rowBytes
    const chunks = readBlock(source, page, index, total)
    if (isAsStored(page)) yield* exactly(chunks, total, nameOf(page, index))
    else
      for await (const rows of wholeRows(chunks, rowBytes, total, nameOf(page, index)))
        yield finishRows(page, rows, rowBytes, form.columns)
  }
}

/** Nothing has to be done with what a block holds. */
const isAsStored = (page: Page): boolean =>
  (page.bits === 8 || (page.bits === 16 && page.isLittle)) &&
  !page.hasPredictor &&
  (page.isPlanar || page.samples === page.form.samples)

/** Byte order, predictor, packed bits, extra samples: from rows as they lie in the file to those of the object. */
function finishRows(page: Page, rows: Uint8Array, rowBytes: number, columns: number): Uint8Array {
  if (page.bits === 16 && !page.isLittle) swapInPlace(rows)
  if (page.hasPredictor) addDifferences(page, rows, rowBytes)
  if (page.bits !== 8 && page.bits !== 16) return unpackBits(rows, rowBytes, columns, page.bits)
  const samples = blockSamples(page)
  return page.isPlanar || samples === page.form.samples
    ? rows
    : dropSamples(rows, samples, page.form.samples, page.bits / 8)
}

/** Predictor 2 (TIFF 6.0 section 14): a sample is the difference to the same one of the pixel before it. */
function addDifferences(page: Page, rows: Uint8Array, rowBytes: number): void {
  const isWide = page.bits === 16
  // Rows begin at a multiple of two bytes, since their memory is their own.
  const values = isWide ? new Uint16Array(rows.buffer, rows.byteOffset, rows.length / 2) : rows
  const perRow = isWide ? rowBytes / 2 : rowBytes
  const step = blockSamples(page)
  for (let start = 0; start < values.length; start += perRow)
    for (let at = start + step; at < start + perRow; at += 1)
      values[at] = (values[at] as number) + (values[at - step] as number)
}

async function* readTiles(source: ByteSource, page: Page, first: number): AsyncGenerator<Uint8Array> {
  const { form, blockRows, blockColumns } = page
  const across = Math.ceil(form.columns / blockColumns)
  const tileRowBytes = rowBytesOf(page, blockColumns)
  const outSamples = page.isPlanar ? 1 : form.samples
  const pixelBytes = outSamples * (form.bitsAllocated / 8)
  const rowBytes = form.columns * pixelBytes
  for (let row = 0; row < form.rows; row += blockRows) {
    const rows = Math.min(blockRows, form.rows - row)
    const band = new Uint8Array(rows * rowBytes)
    for (let column = 0; column < across; column += 1) {
      const index = first + (row / blockRows) * across + column
      const left = column * blockColumns
      const width = Math.min(blockColumns, form.columns - left) * pixelBytes
      let to = left * pixelBytes
      let rest = rows
      const total = blockRows * tileRowBytes
      const chunks = readBlock(source, page, index, total)
      for await (const some of wholeRows(chunks, tileRowBytes, total, nameOf(page, index))) {
        const finished = finishRows(page, some, tileRowBytes, blockColumns)
        const step = blockColumns * pixelBytes
        for (let from = 0; from < finished.length && rest > 0; from += step, to += rowBytes, rest -= 1)
          band.set(finished.subarray(from, from + width), to)
      }
    }
    for (let at = 0; at < band.length; at += sliceBytes) yield band.subarray(at, at + sliceBytes)
  }
}

/** What a strip or tile holds, decompressed; `total` bytes are wanted of it. */
async function* readBlock(source: ByteSource, page: Page, index: number, total: number): AsyncGenerator<Uint8Array> {
  const offset = page.offsets[index] as number
  const length = page.byteCounts[index] as number
  const name = nameOf(page, index)
  const { compression } = page
  if (compression === 'none') {
    if (length < total) throw new ConvertFault('damaged', `${name} has ${length} bytes instead of ${total}.`)
    yield* total <= shortRead ? one(source.read(offset, total)) : source.stream(offset, total)
  } else if (compression === 'lzw') yield* expand(pieces(source, offset, length), createLzw(name))
  else if (compression === 'packbits') yield* expand(pieces(source, offset, length), createPackBits())
  else if (compression === 'jpeg') yield await readJpeg(source, page, index, name)
  else if (length <= shortRead && total <= 4 * shortRead) {
    // The last strip of some writers is as long as the others.
    const most = page.blockRows * rowBytesOf(page, page.blockColumns) + 65_536
    yield inflateShort(await source.read(offset, length), compression, Math.min(most, 8 * shortRead), name)
  } else yield* toItsEnd(inflateLong(source.stream(offset, length), compression, name), total)
}

/** The last wanted bytes come when what follows them was asked for: a checksum that is wrong, or the end. */
async function* toItsEnd(chunks: AsyncGenerator<Uint8Array>, total: number): AsyncGenerator<Uint8Array> {
  try {
    for (let given = 0; given < total;) {
      const { value, done } = await chunks.next()
      if (done === true) return
      given += value.length
      if (given >= total) await chunks.next()
      yield value
    }
  } finally {
    await chunks.return(undefined)
  }
}

async function* one(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await bytes
}

/** Small enough that what a piece expands to can be handed on before the next one. */
async function* pieces(source: ByteSource, offset: number, length: number): AsyncGenerator<Uint8Array> {
  yield* length <= shortRead ? one(source.read(offset, length)) : source.stream(offset, length)
}

async function* expand(chunks: AsyncIterable<Uint8Array>, expander: Expander): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield* expander(chunk)
}

async function readJpeg(source: ByteSource, page: Page, index: number, name: string): Promise<Uint8Array> {
  const length = page.byteCounts[index] as number
  if (length > limits.heldBytes)
    throw new ConvertFault(
      'too-large',
      `${name} is a JPEG stream of ${length} bytes: it would be in memory as a whole.`,
    )
  const stream = await source.read(page.offsets[index] as number, length)
  const { blockColumns, blockRows, form } = page
  const rows = page.isTiled ? blockRows : Math.min(blockRows, form.rows - (index % page.blocksOfPlane) * blockRows)
  return decodeStrip(stream, page.jpegTables, {
    columns: blockColumns,
    rows,
    // The last strip of some writers is as long as the others, and a stream may be filled up to its blocks of 8 or 16 rows.
    mostRows: Math.ceil(blockRows / 16) * 16,
    samples: blockSamples(page),
    isYcc: page.isYcc,
    name,
  })
}

/** Bytes of the lossy streams, when the page went through some. */
export function lossyBytesOf(page: Page): number | undefined {
  return page.compression === 'jpeg' ? page.byteCounts.reduce((sum, count) => sum + count, 0) : undefined
}
