import type { ByteSource } from './byte-source.ts'
import { ConvertFault } from './fault.ts'
import { readJpeg } from './jpeg/read-jpeg.ts'
import type { Origin, Picture } from './picture.ts'
import { readPng } from './png/read-png.ts'
import { type RawGeometry, readRaw } from './read-raw.ts'
import { readTiff } from './tiff/read-tiff.ts'

export const formats = ['tiff', 'png', 'jpeg', 'pdf', 'raw'] as const
export type Format = (typeof formats)[number]

export const mediaTypes: Record<Format, string> = {
  tiff: 'image/tiff',
  png: 'image/png',
  jpeg: 'image/jpeg',
  pdf: 'application/pdf',
  raw: 'application/octet-stream',
}

/** What a file holds. */
export interface FileContent {
  format: Format
  /** None in a document. */
  pictures: Picture[]
  origin: Origin
}

/**
 * Looks at the first bytes and reads what describes the pixels.
 * @param raw the file is raw, whatever its first bytes look like
 * @throws ConvertFault
 */
export async function readFile(source: ByteSource, raw: RawGeometry | undefined): Promise<FileContent> {
  if (raw) return { format: 'raw', pictures: readRaw(source, raw), origin: {} }
  const format = await sniff(source)
  if (format === 'tiff') return { format, ...(await readTiff(source)) }
  if (format === 'png') return { format, pictures: [await readPng(source)], origin: {} }
  if (format === 'jpeg') return { format, pictures: [await readJpeg(source)], origin: {} }
  await checkPdf(source)
  return { format: 'pdf', pictures: [], origin: {} }
}

async function sniff(source: ByteSource): Promise<Exclude<Format, 'raw'>> {
  const head = Buffer.from(await source.read(0, Math.min(1024, source.byteLength)))
  // A preamble may look like a TIFF file, on purpose (PS3.10 7.1).
  if (head.toString('latin1', 128, 132) === 'DICM')
    throw new ConvertFault('unsupported', 'This is a DICOM file: upload it as it is.')
  const starts = (...bytes: number[]): boolean => bytes.every((byte, index) => head[index] === byte)
  if (starts(0x49, 0x49, 42, 0) || starts(0x4d, 0x4d, 0, 42)) return 'tiff'
  if (starts(0x49, 0x49, 43, 0) || starts(0x4d, 0x4d, 0, 43)) return 'tiff'
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png'
  if (starts(0xff, 0xd8, 0xff)) return 'jpeg'
  // Readers accept it anywhere in the first 1,024 bytes.
  if (head.includes('%PDF-')) return 'pdf'
  throw new ConvertFault(
    'unknown-format',
    'The file is no TIFF, PNG, JPEG or PDF; pixels without a header need a description of their geometry.',
  )
}

async function checkPdf(source: ByteSource): Promise<void> {
  const length = Math.min(2048, source.byteLength)
  const tail = Buffer.from(await source.read(source.byteLength - length, length))
  if (!tail.includes('%%EOF')) throw new ConvertFault('truncated', 'The PDF file has no end: it was cut off.')
}
