import { deflateSync, zstdCompressSync } from 'node:zlib'
import { packLzw, packRuns } from './tiff-compression.ts'

export type TiffCompression = 'none' | 'lzw' | 'deflate' | 'packbits' | 'zstd'

export interface TiffPage {
  columns: number
  rows: number
  /** 16 unless said. */
  bits?: number
  samples?: number
  /** 0 white is zero · 1 black is zero · 2 RGB · 3 palette. */
  photometric?: number
  /** Little endian, pixel by pixel, each row beginning with a new byte. */
  pixels: Uint8Array
  compression?: TiffCompression
  rowsPerStrip?: number
  /** Side of square tiles, a multiple of 16. */
  tile?: number
  hasPredictor?: boolean
  isPlanar?: boolean
  /** Pixels per inch. */
  dpi?: number
  /** Further fields, or others in place of ours: tag → values (SHORT, or LONG beyond 65,535). */
  fields?: Readonly<Record<number, readonly number[] | string>>
}

export interface TiffOptions {
  isBigEndian?: boolean
  isBigTiff?: boolean
}

const codes: Record<TiffCompression, number> = { none: 1, lzw: 5, deflate: 8, packbits: 32773, zstd: 50000 }

/** A TIFF or BigTIFF file, valid unless fields were replaced by invalid ones: blocks first, then the directories. */
export function buildTiff(pages: readonly TiffPage[], options: TiffOptions = {}): Uint8Array {
  const { isBigEndian = false, isBigTiff = false } = options
  const pieces: Buffer[] = [Buffer.alloc(isBigTiff ? 16 : 8)]
  let length = pieces[0]?.length ?? 0
  const append = (bytes: Uint8Array): number => {
    const at = length
    pieces.push(Buffer.from(bytes), Buffer.alloc(bytes.length % 2))
    length += bytes.length + (bytes.length % 2)
    return at
  }
  const writer = numberWriter(isBigEndian)
  const directories: { at: number; nextAt: number }[] = []
  for (const page of pages) {
    const blocks = cutBlocks(page).map((block) => compress(page, block, isBigEndian))
    const offsets = blocks.map(append)
    const entries = entriesOf(page, offsets, blocks)
    const values = entries.map(([, type, list]) => writer.list(type, list))
    const inPlace = isBigTiff ? 8 : 4
    const places = values.map((bytes) => (bytes.length > inPlace ? append(bytes) : undefined))
    const at = length
    const body = [isBigTiff ? writer.long(entries.length) : writer.short(entries.length)]
    for (const [index, [tag, type, list]] of entries.entries()) {
      const place = places[index]
      const held = place === undefined ? (values[index] as Buffer) : isBigTiff ? writer.long(place) : writer.int(place)
      const count = typeof list === 'string' ? list.length + 1 : type === 5 ? list.length / 2 : list.length
      body.push(writer.short(tag), writer.short(type), isBigTiff ? writer.long(count) : writer.int(count))
      body.push(Buffer.concat([held, Buffer.alloc(inPlace)]).subarray(0, inPlace))
    }
    const bytes = Buffer.concat(body)
    directories.push({ at, nextAt: at + bytes.length })
    append(Buffer.concat([bytes, Buffer.alloc(isBigTiff ? 8 : 4)]))
  }
  const file = Buffer.concat(pieces)
  const link = (from: number, to: number): void => file.set(isBigTiff ? writer.long(to) : writer.int(to), from)
  file.set(Buffer.from(isBigEndian ? 'MM' : 'II'), 0)
  file.set(writer.short(isBigTiff ? 43 : 42), 2)
  if (isBigTiff) file.set(writer.short(8), 4)
  link(isBigTiff ? 8 : 4, directories[0]?.at ?? 0)
  for (const [index, { nextAt }] of directories.entries()) link(nextAt, directories[index + 1]?.at ?? 0)
  return file
}

type Entry = [tag: number, type: number, values: readonly number[] | string]

function entriesOf(page: TiffPage, offsets: number[], blocks: Uint8Array[]): Entry[] {
  const { columns, rows, bits = 16, samples = 1, photometric = 1, dpi, tile } = page
  const entries: Entry[] = [
    [256, 4, [columns]],
    [257, 4, [rows]],
    [258, 3, Array.from({ length: samples }, () => bits)],
    [259, 3, [codes[page.compression ?? 'none']]],
    [262, 3, [photometric]],
    [277, 3, [samples]],
    ...(tile === undefined
      ? ([
          [273, 4, offsets],
          [278, 4, [page.rowsPerStrip ?? rows]],
          [279, 4, blocks.map((block) => block.length)],
        ] as Entry[])
      : ([
          [322, 3, [tile]],
          [323, 3, [tile]],
          [324, 4, offsets],
          [325, 4, blocks.map((block) => block.length)],
        ] as Entry[])),
    ...(dpi === undefined
      ? []
      : ([
          [282, 5, [dpi * 1000, 1000]],
          [283, 5, [dpi * 1000, 1000]],
          [296, 3, [2]],
        ] as Entry[])),
    ...(page.isPlanar === true ? ([[284, 3, [2]]] as Entry[]) : []),
    ...(page.hasPredictor === true ? ([[317, 3, [2]]] as Entry[]) : []),
  ]
  for (const [name, values] of Object.entries(page.fields ?? {})) {
    const tag = Number(name)
    const isText = typeof values === 'string'
    const type = isText ? 2 : values.some((value) => value > 0xffff) ? 4 : 3
    const at = entries.findIndex((entry) => entry[0] === tag)
    if (at >= 0) entries.splice(at, 1)
    if (values.length > 0) entries.push([tag, type, values])
  }
  return entries.toSorted((a, b) => a[0] - b[0])
}

function numberWriter(isBigEndian: boolean) {
  const write = (bytes: number, value: number): Buffer => {
    const buffer = Buffer.alloc(bytes)
    const view = new DataView(buffer.buffer, buffer.byteOffset, bytes)
    if (bytes === 2) view.setUint16(0, value, !isBigEndian)
    else if (bytes === 4) view.setUint32(0, value, !isBigEndian)
    else view.setBigUint64(0, BigInt(value), !isBigEndian)
    return buffer
  }
  return {
    short: (value: number) => write(2, value),
    int: (value: number) => write(4, value),
    long: (value: number) => write(8, value),
    list: (type: number, values: readonly number[] | string): Buffer =>
      typeof values === 'string'
        ? Buffer.from(`${values}\0`, 'latin1')
        : Buffer.concat(values.map((value) => write(type === 3 ? 2 : 4, value))),
  }
}

interface Block {
  rows: Uint8Array[]
  samples: number
}

/** Strips, or tiles padded with zeros; those of one plane after those of the other. */
function cutBlocks(page: TiffPage): Block[] {
  const { columns, rows, bits = 16, samples = 1, pixels, tile, isPlanar = false } = page
  if (isPlanar) {
    const bytes = bits / 8
    return Array.from({ length: samples }, (_, plane) => {
      const own = new Uint8Array(columns * rows * bytes)
      for (let pixel = 0; pixel < columns * rows; pixel += 1)
        own.set(
          pixels.subarray((pixel * samples + plane) * bytes, (pixel * samples + plane + 1) * bytes),
          pixel * bytes,
        )
      return cutBlocks({ ...page, isPlanar: false, samples: 1, pixels: own })
    }).flat()
  }
  const rowBytes = Math.ceil((columns * samples * bits) / 8)
  const rowOf = (row: number): Uint8Array => pixels.subarray(row * rowBytes, (row + 1) * rowBytes)
  const blocks: Block[] = []
  const height = tile ?? page.rowsPerStrip ?? rows
  for (let top = 0; top < rows; top += height) {
    if (tile === undefined) {
      const count = Math.min(height, rows - top)
      blocks.push({ samples, rows: Array.from({ length: count }, (_, row) => rowOf(top + row)) })
      continue
    }
    const tileRow = (tile * samples * bits) / 8
    for (let left = 0; left * tile < columns; left += 1) {
      blocks.push({
        samples,
        rows: Array.from({ length: tile }, (_, row) => {
          const padded = new Uint8Array(tileRow)
          if (top + row < rows) padded.set(rowOf(top + row).subarray(left * tileRow, (left + 1) * tileRow))
          return padded
        }),
      })
    }
  }
  return blocks
}

function compress(page: TiffPage, { rows, samples }: Block, isBigEndian: boolean): Uint8Array {
  const { bits = 16, compression = 'none' } = page
  const bytes = Buffer.concat(rows.map((row) => (page.hasPredictor === true ? differences(row, bits, samples) : row)))
  if (bits === 16 && isBigEndian) bytes.swap16()
  if (compression === 'lzw') return packLzw(bytes)
  if (compression === 'packbits') return packRuns(bytes)
  if (compression === 'deflate') return deflateSync(bytes)
  return compression === 'zstd' ? zstdCompressSync(bytes) : bytes
}

function differences(row: Uint8Array, bits: number, samples: number): Uint8Array {
  const out = row.slice()
  const values = bits === 16 ? new Uint16Array(out.buffer) : out
  for (let at = values.length - 1; at >= samples; at -= 1)
    values[at] = (values[at] as number) - (values[at - samples] as number)
  return out
}
