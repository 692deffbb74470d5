// When is a rendition worth it? `node bench/renditions.ts`: bytes and times of one frame as it may be stored, and of its
// rendition, up to the first picture and to the whole one over a line of 50 Mbit/s and 50 ms. One thread.
import {
  allocateStored,
  blockOf,
  createEncoders,
  createReducer,
  decodeFrame,
  decodeHtj2k,
  encodeFrame,
  encodeHtj2k,
  type Htj2kStream,
  type PixelFormat,
  reductionsOf,
} from '@instandt/pixels'
import { createNodeCodecs } from '@instandt/pixels/node'

const [bytesPerMs, roundTripMs] = [50e6 / 8 / 1000, 50]
/** As apps/backend/src/renditions/worth.ts has them. */
const [singleEdge, tileEdge, overviewEdge] = [2048, 1024, 1024]
/** Pixels a window shows along its longer side. */
const windowEdge = 1024
const codecs = createNodeCodecs()
const encoders = createEncoders()

const formatOf = (columns: number, rows: number): PixelFormat => ({
  columns,
  rows,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  isSigned: false,
  isPlanar: false,
  photometric: 'MONOCHROME2',
  kind: 'integer',
  frameCount: 1,
})

/** A weld as a detector sees it: thickness changes slowly, grain is four bits. */
function radiograph({ columns, rows }: PixelFormat): Uint16Array<ArrayBuffer> {
  const values = new Uint16Array(columns * rows)
  let state = 1
  for (let at = 0; at < values.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const [x, y] = [at % columns, Math.floor(at / columns)]
    const weld = 900 * Math.exp(-(((y - rows / 2) / (rows / 9)) ** 2))
    values[at] = 1200 + weld + 300 * Math.sin(x / 400) + (state >>> 28) + ((state >>> 20) & 7)
  }
  return values
}

/** Milliseconds of the fastest of some runs, and what came of it. */
async function fastest<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  let ms = Number.POSITIVE_INFINITY
  let value: T | undefined
  for (let run = 0; run < 3; run += 1) {
    const started = performance.now()
    value = await work()
    ms = Math.min(ms, performance.now() - started)
  }
  return { ms, value: value as T }
}

interface Made {
  streams: Htj2kStream[]
  overview: Htj2kStream | undefined
}

async function makeRendition(stored: Uint16Array<ArrayBuffer>, format: PixelFormat): Promise<Made> {
  const { columns, rows } = format
  const longest = Math.max(columns, rows)
  const edge = longest <= singleEdge ? longest : tileEdge
  const streams: Htj2kStream[] = []
  for (let top = 0; top < rows; top += edge)
    for (let left = 0; left < columns; left += edge) {
      const [width, height] = [Math.min(edge, columns - left), Math.min(edge, rows - top)]
      const tile = new Uint16Array(width * height)
      for (let row = 0; row < height; row += 1) {
        const from = (top + row) * columns + left
        tile.set(stored.subarray(from, from + width), row * width)
      }
      streams.push(await encodeHtj2k(blockOf(tile, { ...format, columns: width, rows: height }), encoders))
    }
  if (longest <= singleEdge) return { streams, overview: undefined }
  const square = 2 ** Math.ceil(Math.log2(longest / overviewEdge))
  const reducer = createReducer({ columns, rows, components: 1 }, square, (length) => allocateStored(format, length))
  reducer.push(stored)
  const { pixels, ...size } = reducer.finish()
  return { streams, overview: await encodeHtj2k(blockOf(pixels, { ...format, ...size }), encoders) }
}

const kB = (bytes: number): string => (bytes / 1000).toFixed(0).padStart(8)
const ms = (time: number): string => time.toFixed(0).padStart(7)
const line = (name: string, bytes: number, making: number, first: number, whole: number): void =>
  void process.stdout.write(`${name.padEnd(32)} ${kB(bytes)} ${ms(making)} ${ms(first)} ${ms(whole)}\n`)

process.stdout.write(
  '                                       kB  making   first   whole   (ms; first and whole picture on screen)\n',
)
for (const [columns, rows] of [
  [256, 256],
  [512, 512],
  [1024, 1024],
  [2048, 2048],
  [3072, 3072],
  [6144, 4096],
] as const) {
  const format = formatOf(columns, rows)
  const stored = radiograph(format)
  for (const [name, syntax] of [
    ['native', '1.2.840.10008.1.2.1'],
    ['RLE', '1.2.840.10008.1.2.5'],
    ['JPEG-LS', '1.2.840.10008.1.2.4.80'],
    ['JPEG 2000', '1.2.840.10008.1.2.4.90'],
  ] as const) {
    const making = await fastest(() => encodeFrame(stored, format, syntax, encoders))
    const bytes = making.value
    const reading = await fastest(() => decodeFrame(bytes, syntax, format, codecs))
    const shown = roundTripMs + bytes.length / bytesPerMs + reading.ms
    line(`${columns} × ${rows} ${name}`, bytes.length, making.ms, shown, shown)
  }
  const making = await fastest(() => makeRendition(stored, format))
  const { streams, overview } = making.value
  const small = overview ?? streams[0]!
  const reduction = overview ? 0 : Math.max(0, Math.ceil(Math.log2(Math.max(columns, rows) / windowEdge)))
  const prefix = small.prefixes[small.prefixes.length - 1 - Math.min(reduction, reductionsOf(columns, rows))]!
  const looking = await fastest(() => decodeHtj2k(small.bytes.subarray(0, prefix), reduction, codecs))
  const reading = await fastest(async () => {
    for (const { bytes } of streams) await decodeHtj2k(bytes, 0, codecs)
  })
  const total = streams.reduce((sum, { bytes }) => sum + bytes.length, 0)
  // What is where is asked first.
  const first = 2 * roundTripMs + prefix / bytesPerMs + looking.ms
  line(
    `${columns} × ${rows} rendition`,
    total + (overview?.bytes.length ?? 0),
    making.ms,
    first,
    first + total / bytesPerMs + reading.ms,
  )
}
