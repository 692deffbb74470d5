import type { ByteSource } from '../byte-source.ts'
import { ConvertFault } from '../fault.ts'
import { limits } from '../limits.ts'
import { checkSize, type Palette, type PixelForm, type Spacing, spacingOf } from '../picture.ts'
import { type Directory, fields } from './directory.ts'

export type Compression = 'none' | 'lzw' | 'deflate' | 'zstd' | 'packbits' | 'jpeg'

/** One page, checked: everything that reading its pixels needs. */
export interface Page {
  number: number
  form: PixelForm
  isLittle: boolean
  /** Bits of a sample as they lie in the file. */
  bits: number
  /** Samples of a pixel as they lie in the file, extra ones included. */
  samples: number
  isPlanar: boolean
  compression: Compression
  hasPredictor: boolean
  /** Strips are blocks as wide as the page. */
  blockColumns: number
  blockRows: number
  isTiled: boolean
  /** Strips or tiles of the page, or of one of its planes. */
  blocksOfPlane: number
  offsets: Float64Array
  byteCounts: Float64Array
  jpegTables: Uint8Array
  isYcc: boolean
  spacing: Spacing | undefined
}

const compressions: Record<number, Compression> = {
  1: 'none',
  5: 'lzw',
  7: 'jpeg',
  8: 'deflate',
  32946: 'deflate',
  32773: 'packbits',
  50000: 'zstd',
}
// Named in refusals.
const otherCompressions: Record<number, string> = {
  2: 'CCITT Huffman',
  3: 'CCITT Group 3',
  4: 'CCITT Group 4',
  6: 'old-style JPEG',
  34676: 'SGI LogLuv',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50001: 'WebP',
  50002: 'JPEG XL',
}
const otherPhotometrics: Record<number, string> = {
  4: 'transparency masks',
  5: 'CMYK',
  8: 'CIE L*a*b*',
  9: 'ICC L*a*b*',
  32803: 'colour filter arrays',
  34892: 'linear raw',
}
const sampleFormats: Record<number, string> = { 3: 'floating point', 5: 'complex integer', 6: 'complex floating point' }

/**
 * Reads and checks the fields of a page.
 * @throws ConvertFault naming page and fault
 */
export async function readPage(source: ByteSource, directory: Directory): Promise<Page> {
  const { number } = directory
  const refuse = (words: string): never => {
    throw new ConvertFault('unsupported', `Page ${number}: ${words}`)
  }
  const one = async (field: (typeof fields)[keyof typeof fields], missing: number): Promise<number> =>
    (await directory.number1(field)) ?? missing

  const columns = await one(fields.imageWidth, 0)
  const rows = await one(fields.imageLength, 0)
  const samples = await one(fields.samplesPerPixel, 1)
  if (samples < 1 || samples > 64) throw new ConvertFault('damaged', `Page ${number} has ${samples} samples a pixel.`)
  const bits = await sameForAll(directory, fields.bitsPerSample, 1, samples)
  const format = await sameForAll(directory, fields.sampleFormat, 1, samples)
  if (sampleFormats[format] !== undefined)
    refuse(
      `samples in ${sampleFormats[format]} do not fit into a DICONDE image to the bit; save them as 16-bit integers.`,
    )
  const isSigned = format === 2
  const compressionCode = await one(fields.compression, 1)
  const compression =
    compressions[compressionCode] ??
    refuse(
      `compression ${compressionCode}${named(otherCompressions[compressionCode])} is not read; save it with LZW, Deflate or none.`,
    )
  const orientation = await one(fields.orientation, 1)
  if (orientation !== 1)
    refuse(
      `it is stored turned or mirrored (Orientation ${orientation}); save it upright, so that nothing is shown the wrong way round.`,
    )
  if ((await one(fields.fillOrder, 1)) !== 1) refuse('its bits are in reversed order (FillOrder 2).')
  const predictor = await one(fields.predictor, 1)
  const hasPredictor = predictor === 2 && ['lzw', 'deflate', 'zstd'].includes(compression)
  if (predictor > 2) refuse(`predictor ${predictor} is for floating point.`)
  const photometricCode = await one(fields.photometric, samples >= 3 ? 2 : 1)
  const isPlanar = samples > 1 && (await one(fields.planarConfiguration, 1)) === 2
  const isYcc = photometricCode === 6
  if (isYcc && isPlanar) refuse('Y′CbCr in separate planes is not read.')
  if (isYcc && compression !== 'jpeg') refuse('Y′CbCr is read in JPEG compression only.')
  if (hasPredictor && bits !== 8 && bits !== 16) refuse(`a predictor over samples of ${bits} bits is not read.`)
  if (compression === 'jpeg' && bits !== 8) refuse(`JPEG with ${bits} bits a sample is not read.`)

  const grey = photometricCode === 0 || photometricCode === 1 || photometricCode === 3
  const colour = photometricCode === 2 || isYcc
  if (!grey && !colour)
    refuse(`photometric interpretation ${photometricCode}${named(otherPhotometrics[photometricCode])} is not read.`)
  const wantedSamples = grey ? 1 : 3
  if (samples < wantedSamples)
    throw new ConvertFault('damaged', `Page ${number} is in colour and has ${samples} samples a pixel.`)
  if (bits > 16 || bits < 1)
    refuse(`samples of ${bits} bits do not fit into a DICONDE image to the bit; save them as 16-bit integers.`)
  if (colour && bits !== 8) refuse(`colour of ${bits} bits a sample is not read; DICONDE has colour of 8 bits.`)
  if (bits !== 8 && bits !== 16 && (samples > 1 || isSigned))
    refuse(`${samples} samples of ${bits} bits, signed or not, are not read.`)
  if (photometricCode === 3 && (bits > 8 || samples > 1))
    refuse(`a palette with ${samples} samples of ${bits} bits is not read.`)

  const form: PixelForm = {
    columns,
    rows,
    samples: wantedSamples,
    bitsAllocated: bits > 8 ? 16 : 8,
    bitsStored: bits,
    isSigned,
    photometric: colour
      ? 'RGB'
      : photometricCode === 3
        ? 'PALETTE COLOR'
        : photometricCode === 0
          ? 'MONOCHROME1'
          : 'MONOCHROME2',
    ...(isPlanar && colour ? { isPlanar } : {}),
    ...(photometricCode === 3 ? { palette: await readPalette(directory, bits) } : {}),
  }
  checkSize(form, source.byteLength)
  return {
    number,
    form,
    isLittle: directory.isLittle,
    bits,
    samples,
    isPlanar,
    compression,
    hasPredictor,
    ...(await readBlocks(source, directory, form, { bits, samples, isPlanar, compression })),
    jpegTables: compression === 'jpeg' ? await readJpegTables(directory) : new Uint8Array(0),
    isYcc,
    spacing: await readSpacing(directory),
  }
}

const named = (name: string | undefined): string => (name === undefined ? '' : ` (${name})`)

/** A field with one value a sample, which all have to have. */
async function sameForAll(
  directory: Directory,
  field: typeof fields.bitsPerSample | typeof fields.sampleFormat,
  missing: number,
  samples: number,
): Promise<number> {
  const values = (await directory.numbers(field)).subarray(0, samples)
  const first = values[0] ?? missing
  if (values.some((value) => value !== first))
    throw new ConvertFault(
      'unsupported',
      `Page ${directory.number}: its samples are not alike (${[...values].join(', ')}).`,
    )
  return first
}

async function readPalette(directory: Directory, bits: number): Promise<Palette> {
  const colours = await directory.numbers(fields.colorMap)
  const count = 2 ** bits
  if (colours.length !== 3 * count)
    throw new ConvertFault(
      'damaged',
      `The palette of page ${directory.number} has ${colours.length} values instead of ${3 * count}.`,
    )
  const part = (index: number): Uint16Array => Uint16Array.from(colours.subarray(index * count, (index + 1) * count))
  return { red: part(0), green: part(1), blue: part(2) }
}

async function readJpegTables(directory: Directory): Promise<Uint8Array> {
  const tables = (await directory.bytes(fields.jpegTables)).slice()
  if (tables.length > limits.jpegTableBytes)
    throw new ConvertFault('damaged', `Page ${directory.number} has ${tables.length} bytes of JPEG tables.`)
  return tables
}

async function readBlocks(
  source: ByteSource,
  directory: Directory,
  { columns, rows, samples: outSamples, bitsAllocated }: PixelForm,
  { bits, samples, isPlanar, compression }: Pick<Page, 'bits' | 'samples' | 'isPlanar' | 'compression'>,
): Promise<Pick<Page, 'isTiled' | 'blocksOfPlane' | 'blockColumns' | 'blockRows' | 'offsets' | 'byteCounts'>> {
  const { number } = directory
  const damaged = (words: string): never => {
    throw new ConvertFault('damaged', `Page ${number}: ${words}`)
  }
  const isTiled = directory.has(fields.tileWidth) || directory.has(fields.tileOffsets)
  const blockColumns = isTiled ? ((await directory.number1(fields.tileWidth)) ?? 0) : columns
  const blockRows = isTiled
    ? ((await directory.number1(fields.tileLength)) ?? 0)
    : Math.min((await directory.number1(fields.rowsPerStrip)) ?? rows, rows)
  if (blockColumns < 1 || blockRows < 1) damaged(`its strips or tiles have ${blockColumns} × ${blockRows} pixels.`)
  const across = Math.ceil(columns / blockColumns)
  const rowBytes = Math.ceil((blockColumns * (isPlanar ? 1 : samples) * bits) / 8)
  // A whole row of tiles is put together in memory, and so is a strip of JPEG.
  const bandBytes = Math.min(blockRows, rows) * columns * (isPlanar ? 1 : outSamples) * (bitsAllocated / 8)
  if ((isTiled || compression === 'jpeg') && Math.max(rowBytes * blockRows * across, bandBytes) > limits.heldBytes)
    throw new ConvertFault(
      'too-large',
      `Page ${number}: tiles or JPEG strips of ${blockColumns} × ${blockRows} pixels are too large.`,
    )
  const blocksOfPlane = across * Math.ceil(rows / blockRows)
  const count = blocksOfPlane * (isPlanar ? samples : 1)
  const offsets = await directory.numbers(isTiled ? fields.tileOffsets : fields.stripOffsets)
  let byteCounts = await directory.numbers(isTiled ? fields.tileByteCounts : fields.stripByteCounts)
  // Old writers leave it out when there is nothing to say.
  if (byteCounts.length === 0 && compression === 'none' && offsets.length === 1)
    byteCounts = Float64Array.of(rowBytes * blockRows)
  if (offsets.length < count || byteCounts.length < count)
    damaged(`${count} strips or tiles are needed, ${Math.min(offsets.length, byteCounts.length)} are there.`)
  let packed = 0
  for (let index = 0; index < count; index += 1) {
    packed += byteCounts[index] as number
    const end = (offsets[index] as number) + (byteCounts[index] as number)
    if ((byteCounts[index] as number) < 1) damaged(`strip or tile ${index + 1} is missing.`)
    if (end > source.byteLength)
      throw new ConvertFault(
        'truncated',
        `Page ${number}: strip or tile ${index + 1} ends at byte ${end}, the file has ${source.byteLength}: it was cut off.`,
      )
  }
  // Of what is not compressed, only what the pixels need is read.
  if (compression !== 'none') source.claim(packed)
  return { isTiled, blocksOfPlane, blockColumns, blockRows, offsets, byteCounts }
}

async function readSpacing(directory: Directory): Promise<Spacing | undefined> {
  const unit = (await directory.number1(fields.resolutionUnit)) ?? 2
  const across = await directory.number1(fields.xResolution)
  const down = await directory.number1(fields.yResolution)
  if (across === undefined || down === undefined || (unit !== 2 && unit !== 3)) return undefined
  return spacingOf(across, down, unit === 2 ? 'inch' : 'centimetre')
}
