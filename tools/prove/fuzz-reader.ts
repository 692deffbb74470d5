// Mutated files through the header reader: no fault but DicomReadError, no hang, bounded memory, and what is read makes
// sense and does not depend on the size of chunks.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import {
  createHeaderReader,
  DicomReadError,
  FRAME_ENTRY_BYTES,
  locateNativeFrame,
  parseDataset,
  readFrameEntry,
  stringifyDataset,
  type Dataset,
  type ReadResult,
  writePart10,
} from '@instandt/dicom'

const maxMilliseconds = 2000
const maxGrowthMiB = 300

type Random = (below: number) => number

/** Small and repeatable (xorshift): a failure names the seed that made it. */
function createRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % below
  }
}

const us = (value: number): Dataset[string] => ({ vr: 'US', Value: [value] })
const header: Dataset = {
  '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
  '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.7'] },
  '00080018': { vr: 'UI', Value: ['1.2.3.4'] },
  '00090010': { vr: 'LO', Value: ['astm.org/diconde/iod/Component'] },
  '00091028': { vr: 'ST', Value: ['ACME'] },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Part^1', Ideographic: '部品' }] },
  '00142002': {
    vr: 'SQ',
    Value: [{ '00142012': { vr: 'SQ', Value: [{ '00142016': { vr: 'SH', Value: ['1'] } }, {}] } }, {}],
  },
  '00189346': { vr: 'UN', InlineBinary: '/v8A4AoAAAAIAAABAgAAADEg' },
  '00280002': us(1),
  '00280008': { vr: 'IS', Value: [3] },
  '00280010': us(8),
  '00280011': us(7),
  '00280030': { vr: 'DS', Value: [0.1, '0.10000000000000001'] },
  '00280100': us(16),
  '00720074': { vr: 'FD', Value: ['NaN', 1] },
  '60003000': { vr: 'OW', InlineBinary: Buffer.alloc(1500).toString('base64') },
}

/** One file of each kind; real files too where the folder of them is. */
function originals(): Buffer[] {
  const native = { pieces: [new Uint8Array(8 * 7 * 2 * 3).fill(3)], sampleBytes: 2 as const }
  const codestream = (number: number): Uint8Array =>
    Uint8Array.of(0xff, 0x4f, 0xff, 0x51, number, number, number, number)
  const frames = [
    [codestream(1), Uint8Array.of(1, 1)],
    [codestream(2)],
    [codestream(3), Uint8Array.of(3, 3), Uint8Array.of(4, 4)],
  ]
  const files: Buffer[] = []
  const add = (options: Parameters<typeof writePart10>[1]): number =>
    files.push(Buffer.concat([...writePart10(header, options)]))
  for (const transferSyntaxUid of [
    '1.2.840.10008.1.2',
    '1.2.840.10008.1.2.1',
    '1.2.840.10008.1.2.1.99',
    '1.2.840.10008.1.2.2',
  ]) {
    add({ transferSyntaxUid, pixels: native, sequenceLengths: 'defined' })
    add({ transferSyntaxUid, pixels: native, sequenceLengths: 'undefined' })
  }
  for (const offsetTable of ['none', 'basic'] as const)
    add({ transferSyntaxUid: '1.2.840.10008.1.2.4.90', pixels: { frames, offsetTable } })
  add({
    transferSyntaxUid: '1.2.840.10008.1.2.4.90',
    pixels: { frames: frames.map(([first]) => first ?? new Uint8Array()), offsetTable: 'extended' },
  })
  add({ transferSyntaxUid: '1.2.840.10008.1.2.1', pixels: native, start: 'dataset' })
  const folder = process.env['INSTANDT_SHARED_DATA'] ?? path.resolve(import.meta.dirname, '../../../shared/data')
  const manifest = path.join(folder, 'manifest.csv')
  if (!existsSync(manifest)) return files
  for (const row of readFileSync(manifest, 'utf8').trim().split('\n').slice(1)) {
    const file = readFileSync(path.join(folder, row.slice(0, row.indexOf(','))))
    // The bomb is one whole second of inflating for each of its mutations; it has tests of its own.
    if (file.length < 40_000 && file.length > 200) files.push(file)
  }
  return files
}

const words = [
  'feff00e0ffffffff',
  'feffdde000000000',
  'feff0de000000000',
  '0900011053510000ffffffff',
  '09000110554e0000ffffffff',
  'e07f10004f420000ffffffff',
  '08000500435300',
] as const
const lengths = [0, 1, 7, 0xff, 0xffff, 0x10000, 0x7fffffff, 0xfffffffe, 0xffffffff] as const

function mutate(file: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let bytes = Buffer.from(file)
  for (let change = random(4); change >= 0; change -= 1) {
    // Headers decide, so most changes fall there; few into the prolog, where all end the same way.
    const first = Math.min(random(20) === 0 ? 0 : 140, bytes.length - 1)
    const at = first + random(Math.min(bytes.length - first, random(4) > 0 ? 1500 : bytes.length))
    const before = bytes.subarray(0, at)
    const after = bytes.subarray(at)
    const kind = random(9)
    if (kind < 2) bytes[at] = random(256)
    else if (kind === 2 && at + 4 < bytes.length) bytes.writeUInt32LE(lengths[random(lengths.length)] ?? 0, at)
    else if (kind === 3) bytes = Buffer.concat([before, after.subarray(random(64))])
    else if (kind === 4) bytes = Buffer.from(bytes.subarray(0, Math.max(1, at)))
    else if (kind === 5) bytes = Buffer.concat([before, Buffer.from(words[random(words.length)] ?? '', 'hex'), after])
    else if (kind === 6)
      bytes = Buffer.concat([
        before,
        ...Array.from({ length: 1 + random(40) }, () => after.subarray(0, 8 + random(40))),
        after,
      ])
    else if (kind === 7) {
      const other = others[random(others.length)] ?? bytes
      bytes = Buffer.concat([before, other.subarray(random(other.length))])
    } else
      bytes.set(
        Buffer.from(['SQ', 'UN', 'OB', 'UT', 'DS', 'PN', 'ZZ', 'FD'][random(8)] ?? ''),
        Math.max(0, Math.min(at, bytes.length - 2)),
      )
    if (bytes.length < 2) return Buffer.from([0, 0])
  }
  return bytes
}

type Outcome = ReadResult | Pick<DicomReadError, 'code' | 'tag' | 'offset'>

function read(bytes: Buffer, sizeOf: () => number): Outcome {
  const reader = createHeaderReader()
  try {
    for (let at = 0; at < bytes.length;) {
      const size = sizeOf()
      reader.push(bytes.subarray(at, at + size))
      at += size
    }
    return reader.end()
  } catch (error) {
    if (!(error instanceof DicomReadError)) throw error
    return { code: error.code, tag: error.tag, offset: error.offset }
  }
}

/** What a server does with a result must work, and every place must lie within the file. */
function checkResult({ dataset, fileMeta, bulk, frames, byteLength, transferSyntaxUid }: ReadResult): void {
  assert.deepEqual(parseDataset(stringifyDataset(dataset)), dataset)
  parseDataset(stringifyDataset(fileMeta))
  const isInflated = frames?.deflated === true || transferSyntaxUid === '1.2.840.10008.1.2.1.99'
  const isInside = (offset: number, length: number): boolean =>
    offset >= 0 && length >= 0 && (isInflated || offset + length <= byteLength)
  for (const { offset, length } of bulk) assert.ok(isInside(offset, length))
  assert.equal(new Set(bulk.map(({ path: at }) => at)).size, bulk.length)
  if (!frames) return
  for (let frame = 1; frame <= Math.min(frames.frameCount, 1000); frame += 1) {
    if (frames.table) {
      const { offset, span } = readFrameEntry(frames.table.subarray((frame - 1) * FRAME_ENTRY_BYTES))
      assert.ok(isInside(offset, span))
    } else {
      const place = locateNativeFrame(frames, frame)
      assert.ok(place && isInside(place.offset, place.length))
    }
  }
}

export async function prove({ scale }: { scale: 'full' | 'small' }): Promise<void> {
  const count = scale === 'full' ? 20_000 : 1500
  const files = originals()
  const outcomes = new Map<string, number>()
  const start = process.memoryUsage.rss()
  let slowest = 0
  let peak = 0
  for (let seed = 0; seed < count; seed += 1) {
    const random = createRandom(seed)
    const bytes = mutate(files[seed % files.length] as Buffer, files, random)
    const copy = Buffer.from(bytes)
    const started = performance.now()
    let outcome: Outcome
    try {
      outcome = read(bytes, () => 64 * 1024)
      slowest = Math.max(slowest, performance.now() - started)
      assert.ok(bytes.equals(copy), 'the source was written to')
      assert.ok(
        isDeepStrictEqual(
          read(bytes, () => 1 + random(700)),
          outcome,
        ),
        'chunks made a difference',
      )
      if ('dataset' in outcome) checkResult(outcome)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    assert.ok(slowest < maxMilliseconds, `seed ${seed} took ${slowest.toFixed(0)} ms`)
    const name = 'dataset' in outcome ? 'read' : outcome.code
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
    peak = Math.max(peak, process.memoryUsage.rss() - start)
  }
  const growth = peak / 1024 / 1024
  assert.ok(growth < maxGrowthMiB, `memory grew by ${growth.toFixed(0)} MiB`)
  const summary = JSON.stringify(Object.fromEntries([...outcomes].sort(([, one], [, other]) => other - one)))
  process.stdout.write(
    `fuzz-reader: ${count} files from ${files.length}, outcomes ${summary}, slowest ${slowest.toFixed(0)} ms, memory +${growth.toFixed(0)} MiB\n`,
  )
}
