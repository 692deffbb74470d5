import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explicitLittle, implicitLittle, join, readFile } from './chunked.fixture.ts'
import { streamPart10, type StreamOptions } from './stream-part10.ts'
import type { Dataset } from './types.ts'
import { writePart10 } from './write-part10.ts'

const dataset: Dataset = {
  '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
  '00080016': { vr: 'UI', Value: ['1.2.3'] },
  '00080018': { vr: 'UI', Value: ['1.2.3.4'] },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Träger' }] },
  '00280010': { vr: 'US', Value: [2] },
  '00400275': {
    vr: 'SQ',
    Value: [{ '00400009': { vr: 'SH', Value: ['Ü-7'] } }, { '0040A730': { vr: 'SQ', Value: [{}] } }],
  },
  '00420011': { vr: 'OB', BulkDataURI: 'bulkdata/00420011' },
  FFFCFFFC: { vr: 'OB', InlineBinary: 'AAA=' },
}
const document = Uint8Array.of(1, 2, 3)

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}
const bulk: StreamOptions['bulk'] = async () => ({
  byteLength: document.length,
  body: pieces(document.subarray(0, 1), document.subarray(1)),
})

async function streamed(of: Dataset, options: Omit<StreamOptions, 'bulk'>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of streamPart10(of, { bulk, ...options })) all.push(Uint8Array.from(piece))
  return join(all)
}

test('what is streamed is byte for byte what is written at once', async () => {
  for (const transferSyntaxUid of [explicitLittle, implicitLittle]) {
    const written = join(writePart10(dataset, { transferSyntaxUid, bulk: () => Uint8Array.of(1, 2, 3, 0) }))
    assert.deepEqual(await streamed(dataset, { transferSyntaxUid }), written)
  }
  const samples = Uint8Array.of(9, 8, 7)
  const native = {
    tag: '7FE00010',
    vr: 'OB',
    byteLength: 3,
    body: pieces(samples.subarray(0, 2), samples.subarray(2)),
  } as const
  assert.deepEqual(
    await streamed(dataset, { transferSyntaxUid: explicitLittle, pixels: native }),
    join(
      writePart10(dataset, {
        transferSyntaxUid: explicitLittle,
        bulk: () => Uint8Array.of(1, 2, 3, 0),
        pixels: { vr: 'OB', length: 3, pieces: [samples] },
      }),
    ),
  )
})

test('frames get a Basic Offset Table when their lengths are known, an empty one when not', async () => {
  const transferSyntaxUid = '1.2.840.10008.1.2.4.80'
  const frames = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5), Uint8Array.of(6)]
  for (const [byteLengths, offsetTable] of [
    [[3, 2, 1], 'basic'],
    [undefined, 'none'],
  ] as const) {
    assert.deepEqual(
      await streamed(dataset, { transferSyntaxUid, pixels: { frames: pieces(...frames), byteLengths } }),
      join(
        writePart10(dataset, {
          transferSyntaxUid,
          bulk: () => Uint8Array.of(1, 2, 3, 0),
          pixels: { frames, offsetTable },
        }),
      ),
    )
  }
})

test('beyond 4 GiB an Extended Offset Table holds the offsets, and the one of the source is gone', async () => {
  const large = new Uint8Array(2 ** 30)
  const byteLengths = [large.length, large.length, large.length, large.length, 2]
  const frames = pieces(large, large, large, large, Uint8Array.of(7, 7))
  const source: Dataset = {
    '00080018': { vr: 'UI', Value: ['1.2'] },
    '7FE00001': { vr: 'OV', InlineBinary: 'AAAAAAAAAAA=' },
    '7FE00002': { vr: 'OV', InlineBinary: 'AAAAAAAAAAA=' },
  }
  const head: Uint8Array[] = []
  let total = 0
  for await (const piece of streamPart10(source, {
    transferSyntaxUid: '1.2.840.10008.1.2.4.80',
    bulk,
    pixels: { frames, byteLengths },
  })) {
    if (total < 2 ** 20) head.push(Uint8Array.from(piece.subarray(0, 4096)))
    total += piece.length
  }
  const text = Buffer.from(join(head))
  const at = text.indexOf(Buffer.from([0xe0, 0x7f, 0x01, 0x00]))
  assert.equal(text.readUInt32LE(at + 8), 40)
  const offsets = Array.from({ length: 5 }, (_, index) => Number(text.readBigUInt64LE(at + 12 + index * 8)))
  assert.deepEqual(
    offsets,
    [0, 1, 2, 3, 4].map((index) => index * (large.length + 8)),
  )
  assert.equal(text.indexOf(Buffer.from([0xe0, 0x7f, 0x01, 0x00]), at + 4), -1)
  // The Basic Offset Table behind it is empty.
  const pixels = text.indexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00]))
  assert.deepEqual([...text.subarray(pixels + 12, pixels + 20)], [0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0])
})

test('a body that is not as long as was said breaks the file off', async () => {
  const short = async () => ({ byteLength: 4, body: pieces(document) })
  await assert.rejects(
    streamed(dataset, { transferSyntaxUid: explicitLittle, bulk: short } as never),
    /3 bytes came, 4/,
  )
  const pixels = { frames: pieces(document), byteLengths: [2] }
  await assert.rejects(streamed(dataset, { transferSyntaxUid: '1.2.840.10008.1.2.5', pixels }), /Frame 1 has 3 bytes/)
})

test('a text too long for its VR is read back as what it was', async () => {
  const long = Uint8Array.from({ length: 70_000 }, () => 65)
  const file = await streamed({ ...dataset, '00420011': { vr: 'LO', BulkDataURI: 'x' } }, {
    transferSyntaxUid: explicitLittle,
    bulk: async () => ({ byteLength: long.length, body: pieces(long) }),
  } as never)
  const { warnings, bulk: found } = readFile(file)
  assert.deepEqual(warnings, [])
  assert.deepEqual(
    found.map(({ path, length }) => [path, length]),
    [['00420011', 70_000]],
  )
})
