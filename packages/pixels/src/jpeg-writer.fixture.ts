// Writes small JPEG streams whose pixels are known exactly; for tests only.

interface Plane {
  h: number
  v: number
  /** Value of a block of 8 × 8 samples, by its column and row. */
  block: (column: number, row: number) => number
}

export interface JpegOptions {
  columns: number
  rows: number
  precision: 8 | 12
  planes: Plane[]
  restartInterval?: number
  isProgressive?: boolean
  adobeTransform?: 0 | 1
}

/** Sixteen categories of eight bits each: long for a picture, simple for a test. */
const categories = Array.from({ length: 17 }, (_, size) => size)
const codeBits = 8

class BitWriter {
  readonly bytes: number[] = []
  private held = 0
  private count = 0

  put(value: number, bits: number): void {
    for (let bit = bits - 1; bit >= 0; bit -= 1) {
      this.held = (this.held << 1) | ((value >> bit) & 1)
      this.count += 1
      if (this.count === 8) this.flush()
    }
  }

  private flush(): void {
    this.bytes.push(this.held)
    if (this.held === 0xff) this.bytes.push(0)
    this.held = 0
    this.count = 0
  }

  /** Ones to the end of the byte (F.1.2.3). */
  align(): void {
    while (this.count > 0) this.put(1, 1)
  }

  difference(value: number): void {
    const size = value === 0 ? 0 : 32 - Math.clz32(Math.abs(value))
    this.put(size, codeBits)
    if (size > 0) this.put(value > 0 ? value : value + (1 << size) - 1, size)
  }
}

const segment = (marker: number, body: number[]): number[] => {
  const length = body.length + 2
  return [0xff, marker, length >> 8, length & 255, ...body]
}

const huffmanTable = (kind: number): number[] =>
  segment(0xc4, [
    kind,
    ...Array.from({ length: 16 }, (_, index) => (index === codeBits - 1 ? categories.length : 0)),
    ...categories,
  ])

/** DCT JPEG of flat blocks: only the first coefficient of each is there. */
export function writeFlatJpeg(options: JpegOptions): Uint8Array<ArrayBuffer> {
  const { columns, rows, precision, planes, restartInterval = 0, isProgressive = false } = options
  const maxH = Math.max(...planes.map(({ h }) => h))
  const maxV = Math.max(...planes.map(({ v }) => v))
  const mcusPerLine = Math.ceil(columns / (8 * maxH))
  const mcusPerColumn = Math.ceil(rows / (8 * maxV))
  const writer = new BitWriter()
  let predictions = planes.map(() => 0)
  let restarts = 0
  for (let mcu = 0; mcu < mcusPerLine * mcusPerColumn; mcu += 1) {
    if (restartInterval > 0 && mcu > 0 && mcu % restartInterval === 0) {
      writer.align()
      writer.bytes.push(0xff, 0xd0 + (restarts++ & 7))
      predictions = planes.map(() => 0)
    }
    planes.forEach(({ h, v, block }, plane) => {
      for (let y = 0; y < v; y += 1) {
        for (let x = 0; x < h; x += 1) {
          const value = block((mcu % mcusPerLine) * h + x, Math.floor(mcu / mcusPerLine) * v + y)
          // A flat block of value s has the first coefficient 8 · s.
          const coefficient = 8 * (value - (1 << (precision - 1)))
          writer.difference(coefficient - predictions[plane]!)
          predictions[plane] = coefficient
          // "End of block": no other coefficient.
          if (!isProgressive) writer.put(0, codeBits)
        }
      }
    })
  }
  writer.align()
  const frame = [precision, rows >> 8, rows & 255, columns >> 8, columns & 255, planes.length]
  planes.forEach(({ h, v }, plane) => frame.push(plane + 1, (h << 4) | v, 0))
  const scan = [planes.length, ...planes.flatMap((_, plane) => [plane + 1, 0]), 0, isProgressive ? 0 : 63, 0]
  const adobe = Array.from('Adobe', (char) => char.charCodeAt(0))
  return Uint8Array.from([
    0xff,
    0xd8,
    ...(options.adobeTransform === undefined
      ? []
      : segment(0xee, [...adobe, 0, 100, 0, 0, 0, 0, options.adobeTransform])),
    ...segment(0xdb, [0, ...Array.from({ length: 64 }, () => 1)]),
    ...segment(isProgressive ? 0xc2 : precision === 8 ? 0xc0 : 0xc1, frame),
    ...huffmanTable(0x00),
    ...huffmanTable(0x10),
    ...(restartInterval > 0 ? segment(0xdd, [restartInterval >> 8, restartInterval & 255]) : []),
    ...segment(0xda, scan),
    ...writer.bytes,
    0xff,
    0xd9,
  ])
}

/** Lossless JPEG, process 14, first-order prediction: any samples, exactly. */
export function writeLosslessJpeg(
  samples: Uint8Array | Uint16Array,
  columns: number,
  rows: number,
  precision: number,
): Uint8Array<ArrayBuffer> {
  const writer = new BitWriter()
  for (let index = 0; index < columns * rows; index += 1) {
    const column = index % columns
    const above = index < columns ? 1 << (precision - 1) : samples[index - columns]!
    const prediction = column > 0 ? samples[index - 1]! : above
    // Differences are taken modulo 65,536 (H.1.2.2).
    const difference = ((samples[index]! - prediction + 98_304) & 0xffff) - 32_768
    writer.difference(difference)
  }
  writer.align()
  return Uint8Array.from([
    0xff,
    0xd8,
    ...segment(0xc3, [precision, rows >> 8, rows & 255, columns >> 8, columns & 255, 1, 1, 0x11, 0]),
    ...huffmanTable(0x00),
    ...segment(0xda, [1, 1, 0, 1, 0, 0]),
    ...writer.bytes,
    0xff,
    0xd9,
  ])
}
