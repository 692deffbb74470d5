import { maxJpegScans } from '@instandt/dicom'
import { BitReader, buildHuffmanTable, type HuffmanTable } from './jpeg-huffman.ts'
import { inverseTransform } from './jpeg-idct.ts'
import { decodeScan, type ScanComponent } from './jpeg-scan.ts'

/** A decoded JPEG: samples pixel by pixel, in the colours they were written in. */
export interface JpegImage {
  columns: number
  rows: number
  precision: number
  components: number
  samples: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>
  /** Adobe's marker says that the samples are RGB (0) or YCbCr (1). */
  adobeTransform: number | undefined
}

const zigzag = Uint8Array.from(
  '0 1 8 16 9 2 3 10 17 24 32 25 18 11 4 5 12 19 26 33 40 48 41 34 27 20 13 6 7 14 21 28 35 42 49 56 57 50 43 36 29 22 15 23 30 37 44 51 58 59 52 45 38 31 39 46 53 60 61 54 47 55 62 63'
    .split(' ')
    .map(Number),
)

export interface JpegHeader {
  /** Number of the frame header: 0 baseline, 1 extended, 2 progressive, 3 lossless … 55 JPEG-LS */
  process: number
  columns: number
  rows: number
  components: number
  /** Adobe's marker before it: samples are RGB (0) or YCbCr (1). */
  adobeTransform: number | undefined
}

/** The frame header alone; undefined when there is none before the first scan. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const word = (offset: number): number => (bytes[offset]! << 8) | bytes[offset + 1]!
  let adobeTransform: number | undefined
  let at = 2
  while (at + 9 < bytes.length) {
    const marker = bytes[at + 1]!
    if (bytes[at] !== 0xff || marker === 0xff) at += 1
    else if (isFrameHeader(marker)) {
      const [rows, columns, components] = [word(at + 5), word(at + 7), bytes[at + 9]!]
      return { process: marker - 0xc0, rows, columns, components, adobeTransform }
    } else if (marker === 0xda) return undefined
    else {
      if (marker === 0xee) adobeTransform = transformOf(bytes.subarray(at + 4, at + 2 + word(at + 2)))
      at += 2 + word(at + 2)
    }
  }
  return undefined
}

/** SOFn (ISO/IEC 10918-1 table B.1) and SOF55 (14495-1 C.1.1); DHT, JPG and DAC lie between them. */
const isFrameHeader = (marker: number): boolean =>
  (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) || marker === 0xf7

/** Of an application segment, if it is Adobe's. */
const transformOf = (segment: Uint8Array): number | undefined =>
  segment.length >= 12 && String.fromCharCode(...segment.subarray(0, 5)) === 'Adobe' ? segment[11] : undefined

interface Frame {
  isProgressive: boolean
  precision: number
  rows: number
  columns: number
  maxH: number
  maxV: number
  components: ScanComponent[]
}

/**
 * Decodes JPEG of the DCT processes with Huffman coding: baseline, extended and progressive, 8 and 12 bits
 * (ISO/IEC 10918-1 F and G). No colour conversion: stored values are what the file says.
 * @param maxPixels refuses larger images before any memory is taken
 */
export function decodeJpegDct(bytes: Uint8Array, maxPixels: number): JpegImage {
  const quantisation: Int32Array[] = []
  const dcTables: HuffmanTable[] = []
  const acTables: HuffmanTable[] = []
  let frame: Frame | undefined
  let restartInterval = 0
  let adobeTransform: number | undefined
  let scans = 0
  let at = 0

  const word = (offset: number): number => (bytes[offset]! << 8) | bytes[offset + 1]!
  if (word(0) !== 0xffd8) throw new Error('no JPEG: it does not begin with SOI')
  at = 2
  while (at + 3 < bytes.length) {
    if (bytes[at] !== 0xff) {
      at += 1
      continue
    }
    const marker = bytes[at + 1]!
    // Fill bytes, stray restarts and zeros between segments carry nothing.
    if (marker === 0xff || marker === 0 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2
      continue
    }
    if (marker === 0xd9) break
    const end = at + 2 + word(at + 2)
    if (end > bytes.length) throw new Error('a segment is cut off')
    const segment = bytes.subarray(at + 4, end)
    at = end
    if (marker === 0xdb) readQuantisation(segment, quantisation)
    else if (marker === 0xc4) readHuffman(segment, dcTables, acTables)
    else if (marker === 0xc0 || marker === 0xc1 || marker === 0xc2) {
      if (frame) throw new Error('more than one frame header')
      frame = readFrame(segment, marker === 0xc2, maxPixels)
    } else if (marker > 0xc2 && marker < 0xd0 && marker !== 0xc8 && marker !== 0xcc) {
      throw new Error(`JPEG process SOF${marker - 0xc0} is not supported`)
    } else if (marker === 0xcc) throw new Error('arithmetic coding is not supported')
    else if (marker === 0xdd) restartInterval = (segment[0]! << 8) | segment[1]!
    else if (marker === 0xee) adobeTransform = transformOf(segment) ?? adobeTransform
    else if (marker === 0xda) {
      if (!frame) throw new Error('a scan before the frame header')
      scans += 1
      if (scans > maxJpegScans) throw new Error('too many scans')
      at = readScan(segment, frame, at)
    }
  }
  if (!frame || scans === 0) throw new Error('the JPEG holds no picture')
  return { ...assemble(frame, quantisation), adobeTransform }

  function readScan(segment: Uint8Array, of: Frame, start: number): number {
    const count = segment[0]!
    const components: ScanComponent[] = []
    for (let index = 0; index < count; index += 1) {
      const component = of.components.find(({ id }) => id === segment[1 + index * 2])
      if (!component) throw new Error('a scan of an unknown component')
      const tables = segment[2 + index * 2]!
      component.dc = dcTables[tables >> 4]
      component.ac = acTables[tables & 15]
      components.push(component)
    }
    const [spectralStart = 0, spectralEnd = 63, approximation = 0] = segment.subarray(1 + count * 2)
    const reader = new BitReader(bytes, start)
    decodeScan(reader, of, components, restartInterval, {
      spectralStart,
      spectralEnd: Math.min(63, spectralEnd),
      high: approximation >> 4,
      low: approximation & 15,
      zigzag,
    })
    return reader.at
  }
}

function readQuantisation(segment: Uint8Array, tables: Int32Array[]): void {
  let at = 0
  while (at < segment.length) {
    const isWide = segment[at]! >> 4 !== 0
    const table = new Int32Array(64)
    const id = segment[at]! & 15
    at += 1
    for (let index = 0; index < 64; index += 1) {
      table[zigzag[index]!] = isWide ? (segment[at]! << 8) | segment[at + 1]! : segment[at]!
      at += isWide ? 2 : 1
    }
    tables[id] = table
  }
}

function readHuffman(segment: Uint8Array, dcTables: HuffmanTable[], acTables: HuffmanTable[]): void {
  let at = 0
  while (at + 17 <= segment.length) {
    const kind = segment[at]!
    const counts = segment.subarray(at + 1, at + 17)
    const total = counts.reduce((sum, count) => sum + count, 0)
    const table = buildHuffmanTable(counts, segment.slice(at + 17, at + 17 + total))
    ;(kind >> 4 === 0 ? dcTables : acTables)[kind & 15] = table
    at += 17 + total
  }
}

function readFrame(segment: Uint8Array, isProgressive: boolean, maxPixels: number): Frame {
  const precision = segment[0]!
  const rows = (segment[1]! << 8) | segment[2]!
  const columns = (segment[3]! << 8) | segment[4]!
  const count = segment[5]!
  if (precision !== 8 && precision !== 12) throw new Error(`${precision} bits a sample`)
  if (rows === 0 || columns === 0 || rows * columns > maxPixels) throw new Error(`a size of ${columns} × ${rows}`)
  if (count < 1 || count > 4 || segment.length < 6 + count * 3) throw new Error(`${count} components`)
  const specs = Array.from({ length: count }, (_, index) => segment.subarray(6 + index * 3, 9 + index * 3))
  const maxH = Math.max(...specs.map((spec) => spec[1]! >> 4))
  const maxV = Math.max(...specs.map((spec) => spec[1]! & 15))
  const mcusPerLine = Math.ceil(columns / (8 * maxH))
  const mcusPerColumn = Math.ceil(rows / (8 * maxV))
  const components = specs.map((spec): ScanComponent => {
    const h = spec[1]! >> 4
    const v = spec[1]! & 15
    if (h < 1 || v < 1 || h > 4 || v > 4) throw new Error('a sampling factor that cannot be')
    const blocksPerLine = mcusPerLine * h
    return {
      id: spec[0]!,
      h,
      v,
      quantisationId: spec[2]!,
      blocksPerLine,
      // Blocks that hold picture, for scans of one component (A.2.2).
      usedPerLine: Math.ceil((columns * h) / maxH / 8),
      usedPerColumn: Math.ceil((rows * v) / maxV / 8),
      coefficients: new Int16Array(blocksPerLine * mcusPerColumn * v * 64),
      prediction: 0,
      dc: undefined,
      ac: undefined,
    }
  })
  return { isProgressive, precision, rows, columns, maxH, maxV, components }
}

/** Transforms all blocks and puts the components side by side; smaller ones are repeated. */
function assemble(frame: Frame, quantisation: Int32Array[]): Omit<JpegImage, 'adobeTransform'> {
  const { rows, columns, precision, maxH, maxV, components } = frame
  const count = components.length
  const allocate = (length: number) => (precision > 8 ? new Uint16Array(length) : new Uint8Array(length))
  const samples = allocate(rows * columns * count)
  components.forEach((component, place) => {
    const { blocksPerLine, coefficients, h, v } = component
    const table = quantisation[component.quantisationId]
    if (!table) throw new Error('a quantisation table is missing')
    const stride = blocksPerLine * 8
    const plane = allocate(coefficients.length)
    for (let block = 0; block < coefficients.length / 64; block += 1) {
      const to = Math.floor(block / blocksPerLine) * 8 * stride + (block % blocksPerLine) * 8
      inverseTransform(coefficients, block * 64, table, precision, plane, to, stride)
    }
    for (let row = 0; row < rows; row += 1) {
      const line = Math.floor((row * v) / maxV) * stride
      let to = row * columns * count + place
      if (h === maxH)
        for (let column = 0; column < columns; column += 1, to += count) samples[to] = plane[line + column]!
      else {
        for (let column = 0; column < columns; column += 1, to += count) {
          samples[to] = plane[line + Math.floor((column * h) / maxH)]!
        }
      }
    }
  })
  return { columns, rows, precision, components: count, samples }
}
