// How fast headers are read: `node bench/read-header.ts`. Made files only, one thread, in chunks of 64 KiB.
import {
  createHeaderReader,
  stringifyDataset,
  writePart10,
  vrOf,
  type Dataset,
  type JsonValue,
  type Vr,
  type WriteOptions,
} from '@instandt/dicom'

const chunkLength = 64 * 1024
const us = (value: number): Dataset[string] => ({ vr: 'US', Value: [value] })

/** About a hundred attributes as an inspection has them, a sequence among them. */
function makeHeader(frames: number): Dataset {
  const dataset: Dataset = {
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00080008': { vr: 'CS', Value: ['ORIGINAL', 'PRIMARY'] },
    '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.1.1'] },
    '00080018': { vr: 'UI', Value: ['2.25.107504147168058301534899708687642384073'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Gehäuse^4711' }] },
    '00142002': {
      vr: 'SQ',
      Value: [
        {
          '00142004': { vr: 'IS', Value: [1] },
          '00142012': { vr: 'SQ', Value: [{ '00142016': { vr: 'SH', Value: ['3'] } }] },
        },
      ],
    },
    '00280002': us(1),
    '00280008': { vr: 'IS', Value: [frames] },
    '00280010': us(512),
    '00280011': us(512),
    '00280100': us(16),
  }
  const values: Partial<Record<Vr, JsonValue[]>> = {
    LO: ['a line of text'],
    SH: ['short'],
    CS: ['CODE'],
    DS: [0.25, 12.5],
    US: [7],
    DA: ['20260518'],
    UI: ['1.2.840.1'],
  }
  for (const group of ['0014', '0018', '0020']) {
    for (let low = 0x1000, made = 0; low < 0x9fff && made < 30; low += 1) {
      const tag = `${group}${low.toString(16).toUpperCase()}`
      const vr = vrOf(tag)
      const Value = vr === undefined ? undefined : values[vr]
      if (vr === undefined || Value === undefined) continue
      dataset[tag] = { vr, Value }
      made += 1
    }
  }
  return dataset
}

function make(frames: number, options: WriteOptions): Buffer {
  return Buffer.concat([...writePart10(makeHeader(frames), options)])
}

function read(file: Buffer): ReturnType<ReturnType<typeof createHeaderReader>['end']> {
  const reader = createHeaderReader()
  for (let at = 0; at < file.length; at += chunkLength) reader.push(file.subarray(at, at + chunkLength))
  return reader.end()
}

function measure(name: string, byteLength: number, work: () => void): void {
  const until = (milliseconds: number): number => {
    let runs = 0
    for (const end = performance.now() + milliseconds; performance.now() < end; runs += 1) work()
    return runs
  }
  until(300)
  const runs = until(1000)
  const rate = ((byteLength * runs) / 1024 / 1024).toFixed(0)
  process.stdout.write(
    `${name.padEnd(52)} ${(1e6 / runs).toFixed(1).padStart(9)} µs ${String(runs).padStart(8)}/s ${rate.padStart(8)} MiB/s\n`,
  )
}

const frame = new Uint8Array(512 * 1024).fill(7)
const native = (frames: number): NonNullable<WriteOptions['pixels']> => ({
  pieces: Array.from({ length: frames }, () => frame),
})
const explicit = make(1, { transferSyntaxUid: '1.2.840.10008.1.2.1', pixels: native(1) })
const fragments = Array.from({ length: 1024 }, () => frame.subarray(0, 4096))
const cases: [string, Buffer][] = [
  ['explicit little endian, 0.5 MiB of pixels', explicit],
  ['implicit little endian, 0.5 MiB of pixels', make(1, { transferSyntaxUid: '1.2.840.10008.1.2', pixels: native(1) })],
  ['explicit big endian, 0.5 MiB of pixels', make(1, { transferSyntaxUid: '1.2.840.10008.1.2.2', pixels: native(1) })],
  ['deflated, 0.5 MiB of pixels', make(1, { transferSyntaxUid: '1.2.840.10008.1.2.1.99', pixels: native(1) })],
  ['512 native frames, 256 MiB', make(512, { transferSyntaxUid: '1.2.840.10008.1.2.1', pixels: native(512) })],
  [
    '1024 fragments, offset table',
    make(1024, { transferSyntaxUid: '1.2.840.10008.1.2.4.80', pixels: { frames: fragments, offsetTable: 'basic' } }),
  ],
]
const elements = Object.keys(read(explicit).dataset).length
process.stdout.write(`${elements} attributes at the top, Node ${process.version}\n`)
for (const [name, file] of cases) measure(name, file.length, () => read(file))
const { dataset } = read(explicit)
measure('DICOM JSON of it', stringifyDataset(dataset).length, () => stringifyDataset(dataset))
