import { crc32 } from 'node:zlib'
import type { ByteSource } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { limits } from '../limits.ts'
import { checkSize, type Palette, type PixelForm, type Spacing, spacingOf } from '../picture.ts'

/** What stands before the pixels of a PNG file (W3C PNG 3rd edition, 11). */
export interface PngHeader {
  form: PixelForm
  /** Bits of a sample and samples of a pixel as they lie in the file. */
  bits: number
  samples: number
  isInterlaced: boolean
  spacing: Spacing | undefined
  /** Where the first chunk of pixels begins. */
  dataStart: number
}

const signatureBytes = 8
const longestShortChunk = 1024 * 1024

interface Chunk {
  type: string
  length: number
  /** Where its bytes begin. */
  start: number
}

async function readChunk(source: ByteSource, at: number): Promise<Chunk> {
  const head = Buffer.from(await source.read(at, 8))
  const type = head.toString('latin1', 4, 8)
  if (!/^[A-Za-z]{4}$/.test(type)) throw new ConvertFault('damaged', `The PNG file has no chunk at byte ${at}.`)
  return { type, length: head.readUInt32BE(0), start: at + 8 }
}

const damagedChunk = ({ type, start }: Chunk): ConvertFault =>
  new ConvertFault('damaged', `Chunk ${type} of the PNG file, at byte ${start - 8}, is damaged: its checksum differs.`)

/** A short chunk as a whole, its checksum compared. */
async function readBody(source: ByteSource, chunk: Chunk): Promise<Buffer> {
  if (chunk.length > longestShortChunk)
    throw new ConvertFault('damaged', `Chunk ${chunk.type} of the PNG file has ${chunk.length} bytes.`)
  const bytes = Buffer.from(await source.read(chunk.start - 4, chunk.length + 8))
  if (crc32(bytes.subarray(0, -4)) !== bytes.readUInt32BE(bytes.length - 4)) throw damagedChunk(chunk)
  return bytes.subarray(4, -4)
}

/** @throws ConvertFault */
export async function readPngHeader(source: ByteSource): Promise<PngHeader> {
  let chunk = await readChunk(source, signatureBytes)
  if (chunk.type !== 'IHDR' || chunk.length !== 13)
    throw new ConvertFault('damaged', 'The PNG file does not begin with its header.')
  const head = await readBody(source, chunk)
  let palette: Buffer | undefined
  let spacing: Spacing | undefined
  for (let count = 0; count < limits.segments; count += 1) {
    chunk = await readChunk(source, chunk.start + chunk.length + 4)
    if (chunk.type === 'IDAT') {
      return { ...formOf(head, palette, source.byteLength), spacing, dataStart: chunk.start - 8 }
    }
    if (chunk.type === 'IEND') break
    if (chunk.type === 'PLTE') palette = await readBody(source, chunk)
    else if (chunk.type === 'pHYs') {
      const body = await readBody(source, chunk)
      if (body.length === 9 && body[8] === 1) spacing = spacingOf(body.readUInt32BE(0), body.readUInt32BE(4), 'metre')
    }
  }
  throw new ConvertFault('damaged', 'The PNG file holds no pixels.')
}

const samplesOfType: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
const bitsOfType: Record<number, number[]> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
}

function formOf(
  head: Buffer,
  palette: Buffer | undefined,
  fileBytes: number,
): Omit<PngHeader, 'spacing' | 'dataStart'> {
  const columns = head.readUInt32BE(0)
  const rows = head.readUInt32BE(4)
  const [bits, type, compression, filter, interlace] = head.subarray(8) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ]
  const samples = samplesOfType[type]
  if (samples === undefined || !bitsOfType[type]?.includes(bits) || compression !== 0 || filter !== 0 || interlace > 1)
    throw new ConvertFault(
      'damaged',
      `The PNG header says colour type ${type} with ${bits} bits: there is no such thing.`,
    )
  const isColour = type === 2 || type === 6
  if (isColour && bits === 16)
    throw new ConvertFault('unsupported', 'Colour of 16 bits a sample is not read; DICONDE has colour of 8 bits.')
  const form: PixelForm = {
    columns,
    rows,
    samples: isColour ? 3 : 1,
    bitsAllocated: bits === 16 ? 16 : 8,
    bitsStored: bits,
    isSigned: false,
    photometric: isColour ? 'RGB' : type === 3 ? 'PALETTE COLOR' : 'MONOCHROME2',
    ...(type === 3 ? { palette: readPalette(palette, bits) } : {}),
  }
  checkSize(form, fileBytes)
  return { form, bits, samples, isInterlaced: interlace === 1 }
}

/** Colours of 8 bits, spread over 16; black for values that the palette does not name. */
function readPalette(bytes: Buffer | undefined, bits: number): Palette {
  if (!bytes || bytes.length % 3 !== 0 || bytes.length === 0 || bytes.length > 3 * 2 ** bits)
    throw new ConvertFault('damaged', 'The PNG file has no palette, or one that does not fit.')
  const part = (index: number): Uint16Array =>
    Uint16Array.from({ length: 2 ** bits }, (_, entry) => (bytes[3 * entry + index] ?? 0) * 0x101)
  return { red: part(0), green: part(1), blue: part(2) }
}

/**
 * The compressed stream: the bytes of all pixel chunks, each one's checksum compared once it has passed.
 * @throws ConvertFault 'damaged', 'truncated'
 */
export async function* pixelChunks(source: ByteSource, dataStart: number): AsyncGenerator<Uint8Array> {
  for (let at = dataStart; ;) {
    const chunk = await readChunk(source, at)
    if (chunk.type !== 'IDAT') return
    let crc = crc32('IDAT')
    // Encoders write chunks of 8 KiB: short ones come out of what was read ahead.
    const bytes =
      chunk.length <= longestShortChunk
        ? [await source.read(chunk.start, chunk.length)]
        : source.stream(chunk.start, chunk.length)
    for await (const piece of bytes) {
      crc = crc32(piece, crc)
      yield piece
    }
    const end = chunk.start + chunk.length
    if (Buffer.from(await source.read(end, 4)).readUInt32BE(0) !== crc) throw damagedChunk(chunk)
    at = end + 4
  }
}
