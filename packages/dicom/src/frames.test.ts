import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, explicitBig, explicitLittle, join, readFile, refusal, withMeta } from './chunked.fixture.ts'
import { FRAME_ENTRY_BYTES, locateNativeFrame, readFrameEntry, stripItemHeaders } from './frame-index.ts'
import { createHeaderReader } from './read-header.ts'
import type { Dataset, FrameIndex, ReadResult } from './types.ts'
import { writePart10, type EncapsulatedPixels } from './write-part10.ts'

const jpeg2000 = '1.2.840.10008.1.2.4.90'
const rle = '1.2.840.10008.1.2.5'
const encapsulatedUncompressed = '1.2.840.10008.1.2.1.98'

const us = (value: number): Dataset[string] => ({ vr: 'US', Value: [value] })
const image = (frames: number, more: Dataset = {}): Dataset => ({
  '00280002': us(1),
  '00280008': { vr: 'IS', Value: [frames] },
  '00280010': us(3),
  '00280011': us(5),
  '00280100': us(8),
  ...more,
})

/** A codestream that begins as JPEG 2000 does and holds its number. */
const codestream = (number: number, length = 20): Uint8Array => {
  const bytes = new Uint8Array(length).fill(number)
  bytes.set([0xff, 0x4f, 0xff, 0x51])
  return bytes
}
const rest = (number: number, length = 10): Uint8Array => new Uint8Array(length).fill(number)

function encapsulated(
  dataset: Dataset,
  pixels: EncapsulatedPixels,
  transferSyntaxUid = jpeg2000,
): { file: Uint8Array; result: ReadResult } {
  const file = join(writePart10(dataset, { transferSyntaxUid, pixels }))
  return { file, result: readFile(file) }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
}

/** Bytes of every frame, cut out of the file by the table. */
async function framesOf(file: Uint8Array, index: FrameIndex | undefined): Promise<Uint8Array[]> {
  assert.ok(index?.table)
  const frames: Uint8Array[] = []
  for (let at = 0; at < index.table.length; at += FRAME_ENTRY_BYTES) {
    const { offset, span, fragments } = readFrameEntry(index.table.subarray(at, at + FRAME_ENTRY_BYTES))
    const source = once(file.subarray(offset - 8, offset + span))
    const pieces: Uint8Array[] = []
    for await (const piece of stripItemHeaders(source)) pieces.push(piece)
    frames.push(join(pieces))
    assert.equal(frames.at(-1)?.length, span - 8 * (fragments - 1))
  }
  return frames
}
const codes = ({ warnings }: ReadResult): string[] => warnings.map(({ code }) => code)

const several = [[codestream(1)], [codestream(2), rest(2), rest(2, 6)], [codestream(3), rest(3)]]
const joined = several.map(join)

for (const offsetTable of ['none', 'basic'] as const) {
  test(`frames of several fragments are found with offset table: ${offsetTable}`, async () => {
    const { file, result } = encapsulated(image(3), { frames: several, offsetTable })
    assert.deepEqual(await framesOf(file, result.frames), joined)
    assert.deepEqual(codes(result), [])
  })
}

test('frames are found by an Extended Offset Table', async () => {
  const frames = [rest(1), rest(2, 12), rest(3)]
  const { file, result } = encapsulated(image(3), { frames, offsetTable: 'extended' })
  assert.deepEqual(await framesOf(file, result.frames), frames)
  assert.deepEqual(codes(result), [])
})

test('one frame may have many fragments', async () => {
  const { file, result } = encapsulated(image(1), { frames: [[rest(1), rest(2), rest(3)]] })
  assert.deepEqual(await framesOf(file, result.frames), [join([rest(1), rest(2), rest(3)])])
})

const table = (...offsets: number[]): Uint8Array => new Uint8Array(Uint32Array.from(offsets).buffer)
// Items begin at 0, 28, 56, 74, 88, 116.
const wrongTables: [string, Uint8Array][] = [
  ['beyond the pixel data', table(0, 28, 100_000)],
  ['into the middle of a fragment', table(0, 30, 88)],
  ['backwards', table(0, 88, 28)],
  ['twice to the same place', table(0, 0, 88)],
  ['not to the beginning', table(28, 56, 88)],
  ['to fragments where no image begins', table(0, 56, 88)],
  ['of too few entries', table(0, 28)],
  ['of half an entry', new Uint8Array(6)],
]
for (const [words, tableBytes] of wrongTables) {
  test(`an offset table that points ${words} is not used`, async () => {
    const { file, result } = encapsulated(image(3), { frames: several, offsetTable: 'basic', tableBytes })
    assert.deepEqual(await framesOf(file, result.frames), joined)
    assert.deepEqual(codes(result), ['bad-offset-table'])
  })
}

test('a wrong Extended Offset Table gives way to the fragments', async () => {
  const frames = [codestream(1), codestream(2)]
  const tableBytes = new Uint8Array(BigUint64Array.from([0n, 2n ** 63n]).buffer)
  const { file, result } = encapsulated(image(2), { frames, offsetTable: 'extended', tableBytes })
  assert.deepEqual(await framesOf(file, result.frames), frames)
  assert.deepEqual(codes(result), ['bad-offset-table'])
})

test('of more images than declared the declared ones are frames', async () => {
  const { file, result } = encapsulated(image(2), { frames: several })
  assert.deepEqual(await framesOf(file, result.frames), joined.slice(0, 2))
  assert.deepEqual(codes(result), ['more-frames'])
})

test('of fewer images than declared those that are there are frames', async () => {
  const { file, result } = encapsulated(image(9), { frames: several })
  assert.deepEqual(await framesOf(file, result.frames), joined)
  assert.deepEqual(codes(result), ['frames-missing'])
})

test('fragments that cannot be assigned give no frames but a warning', () => {
  const { result } = encapsulated(image(2), { frames: [rest(1), rest(2), rest(3)] })
  assert.equal(result.frames, undefined)
  assert.deepEqual(codes(result), ['frames-unknown'])
  assert.deepEqual(codes(encapsulated(image(2), { frames: [] }).result), ['frames-missing'])
})

test('RLE frames in several fragments are told by their headers', async () => {
  const header = new Uint8Array(64)
  header.set([1, 0, 0, 0, 64])
  const frames = [
    [header, rest(1)],
    [header, rest(2)],
  ]
  const { file, result } = encapsulated(image(2), { frames }, rle)
  assert.deepEqual(await framesOf(file, result.frames), frames.map(join))
})

test('encapsulated uncompressed frames are told by their size', async () => {
  const frames = [[rest(1, 8), rest(1, 8)], [rest(2, 16)], [rest(3, 4), rest(3, 12)]]
  const { file, result } = encapsulated(image(3), { frames }, encapsulatedUncompressed)
  assert.deepEqual(await framesOf(file, result.frames), frames.map(join))
})

test('a video is one stream whatever the number of its frames', () => {
  const { result } = encapsulated(image(30), { frames: [[rest(1), rest(2)]] }, '1.2.840.10008.1.2.4.102')
  assert.equal(result.frames?.frameCount, 1)
  assert.deepEqual(codes(result), [])
})

test('encapsulated pixel data without its delimiter is read when all frames are there, and refused when not', () => {
  const { result } = encapsulated(image(3), { frames: several, hasDelimiter: false })
  assert.equal(result.frames?.frameCount, 3)
  assert.deepEqual(codes(result), ['missing-delimiter'])
  const cut = join(
    writePart10(image(4), { transferSyntaxUid: jpeg2000, pixels: { frames: several, hasDelimiter: false } }),
  )
  assert.equal(refusal(cut).code, 'truncated')
  assert.equal(refusal(cut.subarray(0, cut.length - 3)).code, 'truncated')
})

const native = (
  dataset: Dataset,
  length: number,
  transferSyntaxUid = explicitLittle,
  vr: 'OB' | 'OW' = 'OW',
): ReadResult =>
  readFile(join(writePart10(dataset, { transferSyntaxUid, pixels: { vr, pieces: [new Uint8Array(length)] } })))

test('native frames follow from their geometry, odd ones too', () => {
  const { frames } = native(image(3), 45)
  assert.ok(frames)
  assert.deepEqual(locateNativeFrame(frames, 2), {
    offset: frames.offset + 15,
    length: 15,
    bitOffset: 0,
    bitLength: 120,
  })
  assert.equal(locateNativeFrame(frames, 4), undefined)
  assert.equal(locateNativeFrame(frames, 0), undefined)
  assert.equal(locateNativeFrame(frames, 1.5), undefined)
})

test('single-bit frames begin inside a byte', () => {
  const { frames } = native(image(3, { '00280100': us(1) }), 6)
  assert.ok(frames)
  assert.equal(frames.frameBits, 15)
  assert.deepEqual(locateNativeFrame(frames, 2), { offset: frames.offset + 1, length: 3, bitOffset: 7, bitLength: 15 })
})

test('YBR_FULL_422 has two bytes a pixel, unless all three samples are there', () => {
  const colour = image(1, { '00280002': us(3), '00280004': { vr: 'CS', Value: ['YBR_FULL_422'] }, '00280011': us(4) })
  assert.equal(native(colour, 24).frames?.frameBits, 24 * 8)
  const whole = native(colour, 36)
  assert.equal(whole.frames?.frameBits, 36 * 8)
  assert.deepEqual(codes(whole), ['not-subsampled'])
})

test('float pixel data has 32 bits, double float 64, whatever Bits Allocated says', () => {
  for (const [tag, vr, length] of [
    ['7FE00008', 'OF', 60],
    ['7FE00009', 'OD', 120],
  ] as const) {
    const file = join(
      writePart10(image(1), {
        transferSyntaxUid: explicitLittle,
        pixels: { tag, vr, pieces: [new Uint8Array(length)] },
      }),
    )
    assert.equal(readFile(file).frames?.frameBits, length * 8)
  }
})

test('big endian words are swapped by the size of samples, bytes in OW as words', () => {
  const big = (bits: number, vr: 'OB' | 'OW'): number | undefined =>
    native(image(1, { '00280100': us(bits) }), (15 * bits) / 8, explicitBig, vr).frames?.swapBytes
  assert.deepEqual([big(8, 'OB'), big(8, 'OW'), big(16, 'OW'), big(32, 'OW'), big(64, 'OW')], [1, 2, 2, 4, 8])
  assert.equal(native(image(1, { '00280100': us(16) }), 30, '1.2.840.113619.5.2').frames?.swapBytes, 2)
})

test('of pixel data that is too short the whole frames count', () => {
  const result = native(image(5), 50)
  assert.equal(result.frames?.frameCount, 3)
  assert.deepEqual(codes(result), ['frames-missing'])
  assert.deepEqual(codes(native(image(2), 50)), ['pixel-data-longer'])
})

test('geometry that cannot be known is a warning, not a frame', () => {
  for (const tag of ['00280010', '00280011', '00280100']) {
    const { [tag]: _without, ...dataset } = image(1)
    const result = native(dataset, 16)
    assert.equal(result.frames, undefined)
    assert.deepEqual(codes(result), ['unknown-geometry'])
  }
})

test('the first of two pixel data elements holds the frames', () => {
  const pixels = (bytes: string): string => `E0 7F 10 00 'OB' 00 00 02 00 00 00 ${bytes}`
  const geometry = `28 00 10 00 'US' 02 00 01 00 28 00 11 00 'US' 02 00 02 00 28 00 00 01 'US' 02 00 08 00`
  const file = withMeta(explicitLittle, bytesOf(`${geometry} ${pixels('01 02')} ${pixels('03 04')}`))
  const result = readFile(file)
  assert.equal(result.frames?.offset, file.length - 2 - 12 - 2)
  assert.deepEqual(codes(result), ['duplicate-tag'])
})

test('fragments of a second pixel data element do not join the first', async () => {
  const { file } = encapsulated(image(1), { frames: [codestream(1)] })
  const second = bytesOf(
    `E0 7F 10 00 'OB' 00 00 FF FF FF FF FE FF 00 E0 00 00 00 00 FE FF 00 E0 04 00 00 00 FF 4F FF 51 FE FF DD E0 00 00 00 00`,
  )
  const both = join([file, second])
  const result = readFile(both)
  assert.deepEqual(await framesOf(both, result.frames), [codestream(1)])
  assert.deepEqual(codes(result), ['duplicate-tag'])
})

test('offsets beyond 4 GiB are exact, and the bytes passed over cost nothing', () => {
  const reader = createHeaderReader()
  const fragment = 0xfffffff0
  const head = join(writePart10(image(3), { transferSyntaxUid: jpeg2000, pixels: { frames: [], hasDelimiter: false } }))
  reader.push(head)
  const start = head.length
  const item = bytesOf('FE FF 00 E0 F0 FF FF FF')
  const chunk = codestream(1, 16 * 1024 * 1024)
  const before = process.memoryUsage().arrayBuffers
  const started = performance.now()
  for (let frame = 0; frame < 3; frame += 1) {
    reader.push(item)
    for (let left = fragment; left > 0; left -= chunk.length)
      reader.push(chunk.subarray(0, Math.min(left, chunk.length)))
  }
  reader.push(bytesOf('FE FF DD E0 00 00 00 00'))
  const { frames, byteLength } = reader.end()
  assert.ok(performance.now() - started < 2000, '12 GiB in under two seconds')
  assert.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024)
  assert.equal(byteLength, start + 3 * (fragment + 8) + 8)
  const entries = [0, 1, 2].map((frame) =>
    readFrameEntry((frames?.table ?? new Uint8Array()).subarray(frame * FRAME_ENTRY_BYTES)),
  )
  assert.deepEqual(
    entries,
    [0, 1, 2].map((frame) => ({ offset: start + 8 + frame * (fragment + 8), span: fragment, fragments: 1 })),
  )
})
