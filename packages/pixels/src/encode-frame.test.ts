import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { createEncoders } from './create-encoders.ts'
import { decodeFrame } from './decode-frame.ts'
import { decodeHtj2k } from './decode-htj2k.ts'
import { blockOf, canEncode, decodedFormat, encodeFrame, writableSyntaxes, writtenPhotometric } from './encode-frame.ts'
import { encodeHtj2k, reductionsOf } from './encode-htj2k.ts'
import { encodeLosslessJpeg } from './encode-lossless-jpeg.ts'
import { readJpegHeader } from './jpeg-dct.ts'
import { createNodeCodecs } from './node.ts'
import { type PixelFormat, sampleCount, type StoredArray } from './pixel-format.ts'
import { allocateStored } from './stored-values.ts'

const codecs = createNodeCodecs()
const encoders = createEncoders()

const format = (change: Partial<PixelFormat> = {}): PixelFormat => {
  const bitsStored = change.bitsStored ?? change.bitsAllocated ?? 16
  return {
    rows: 5,
    columns: 7,
    samplesPerPixel: 1,
    bitsAllocated: 16,
    bitsStored,
    highBit: bitsStored - 1,
    isSigned: false,
    isPlanar: false,
    photometric: change.samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
    kind: 'integer',
    frameCount: 1,
    ...change,
  }
}

let state = 1
const random = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
before(() => {
  state = 1
})

/** Noise on a slope, with the smallest and the largest value in it. */
function samplesOf(of: PixelFormat): StoredArray {
  const stored = allocateStored(of)
  const span = 2 ** of.bitsStored
  const least = of.isSigned ? -span / 2 : 0
  for (let index = 0; index < stored.length; index += 1)
    stored[index] = least + ((index * 3 + random(Math.max(2, span >> 3))) % span)
  stored[0] = least
  stored[stored.length - 1] = least + span - 1
  return stored
}

const sizes = [
  [1, 1],
  [1, 9],
  [9, 1],
  [2, 2],
  [7, 5],
  [65, 33],
  [301, 200],
] as const
const kinds: Partial<PixelFormat>[] = [
  { bitsAllocated: 8 },
  { bitsAllocated: 8, bitsStored: 5 },
  { bitsAllocated: 8, isSigned: true },
  {},
  { bitsStored: 12 },
  { bitsStored: 8 },
  { isSigned: true },
  { isSigned: true, bitsStored: 12 },
  { isSigned: true, bitsStored: 7 },
  { isSigned: true, bitsStored: 2 },
  { bitsAllocated: 8, bitsStored: 6, isSigned: true },
  { bitsAllocated: 8, samplesPerPixel: 3 },
  { bitsAllocated: 8, samplesPerPixel: 3, photometric: 'YBR_FULL' },
  { bitsAllocated: 16, samplesPerPixel: 3 },
  { bitsAllocated: 8, photometric: 'PALETTE COLOR' },
]

const [wideColour, ybrColour] = [
  kinds.find((kind) => kind.samplesPerPixel === 3 && kind.bitsAllocated === 16)!,
  kinds.find((kind) => kind.photometric === 'YBR_FULL')!,
]
const impossible: Record<string, Partial<PixelFormat>[]> = {
  '1.2.840.10008.1.2.4.57': [wideColour],
  '1.2.840.10008.1.2.4.70': [wideColour],
  '1.2.840.10008.1.2.4.90': [wideColour, ybrColour],
  '1.2.840.10008.1.2.4.201': [wideColour],
  '1.2.840.10008.1.2.4.202': [wideColour],
}

for (const syntaxUid of writableSyntaxes) {
  test(`${syntaxUid} gives back every sample of every format and size`, async () => {
    for (const [columns, rows] of sizes) {
      for (const kind of kinds) {
        const of = format({ ...kind, columns, rows })
        const words = `${columns} × ${rows} ${JSON.stringify(kind)}`
        if (!canEncode(of, syntaxUid)) {
          assert.ok(impossible[syntaxUid]?.includes(kind), words)
          continue
        }
        const stored = samplesOf(of)
        const bytes = await encodeFrame(stored.slice() as StoredArray, of, syntaxUid, encoders)
        const photometric = writtenPhotometric(of, syntaxUid)
        const back = await decodeFrame(bytes, syntaxUid, { ...of, photometric }, codecs)
        assert.deepEqual(back.stored, stored, words)
        assert.equal(decodedFormat({ ...of, photometric }, back.isConverted).photometric, of.photometric, words)
      }
    }
  })
}

const jpegLs = '1.2.840.10008.1.2.4.80'
const noisy: Partial<PixelFormat>[] = [
  { bitsAllocated: 8 },
  {},
  { isSigned: true },
  { bitsStored: 15 },
  { bitsAllocated: 8, samplesPerPixel: 3 },
  { bitsAllocated: 16, samplesPerPixel: 3 },
]
function noiseOf(of: PixelFormat): StoredArray {
  const stored = allocateStored(of)
  for (let index = 0; index < stored.length; index += 1) stored[index] = random(2 ** of.bitsStored)
  return stored
}

test('JPEG-LS holds noise, which is larger in it than it is', async () => {
  for (const kind of noisy) {
    for (const [columns, rows] of [
      [301, 200],
      [1, 20_000],
      [1024, 700],
    ] as const) {
      const of = format({ ...kind, columns, rows })
      const words = `${columns} × ${rows} ${JSON.stringify(kind)}`
      const stored = noiseOf(of)
      const bytes = await encodeFrame(stored.slice() as StoredArray, of, jpegLs, encoders)
      if (of.bitsStored % 8 === 0) assert.ok(bytes.length > stored.byteLength, words)
      const back = await decodeFrame(bytes, jpegLs, of, codecs)
      assert.deepEqual(back.stored, stored, words)
      const header = readJpegHeader(bytes)
      assert.deepEqual([header?.components, header?.columns, header?.rows], [of.samplesPerPixel, columns, rows], words)
    }
  }
})

test('noise for which there is no memory is refused in words, not as damaged', async () => {
  const of = format({ bitsAllocated: 8, columns: 301, rows: 200 })
  await assert.rejects(encodeFrame(noiseOf(of), of, jpegLs, encoders, 60_000), /^RangeError: the frame is noise/)
  assert.ok((await encodeFrame(noiseOf(of), of, jpegLs, encoders, 60_200)).length > 60_200)
})

test('the transform of colours is named where it is made and nowhere else', () => {
  const colour = format({ bitsAllocated: 8, samplesPerPixel: 3 })
  assert.equal(writtenPhotometric(colour, '1.2.840.10008.1.2.4.90'), 'YBR_RCT')
  assert.equal(writtenPhotometric(colour, '1.2.840.10008.1.2.4.202'), 'YBR_RCT')
  assert.equal(writtenPhotometric(colour, '1.2.840.10008.1.2.4.80'), 'RGB')
  assert.equal(writtenPhotometric({ ...colour, photometric: 'YBR_FULL' }, '1.2.840.10008.1.2.4.202'), 'YBR_FULL')
  assert.equal(decodedFormat({ ...colour, photometric: 'YBR_FULL_422' }, false).photometric, 'YBR_FULL')
  assert.equal(decodedFormat({ ...colour, photometric: 'YBR_ICT' }, true).photometric, 'RGB')
})

test('what a format cannot hold is not begun: single bits, floats, 32 bits, half-range colours, too wide for JPEG', async () => {
  const lossless = '1.2.840.10008.1.2.4.70'
  for (const of of [
    format({ bitsAllocated: 1 }),
    format({ bitsAllocated: 32 }),
    format({ bitsAllocated: 32, kind: 'float' }),
    format({ bitsAllocated: 8, samplesPerPixel: 3, photometric: 'YBR_PARTIAL_422' }),
    format({ columns: 65_536 }),
    format({ samplesPerPixel: 3 }),
  ]) {
    assert.equal(canEncode(of, lossless), false, JSON.stringify(of))
    await assert.rejects(encodeFrame(new Uint16Array(1), of, lossless, encoders), RangeError)
  }
  assert.equal(canEncode(format({ bitsAllocated: 32 }), '1.2.840.10008.1.2.1'), true)
  assert.equal(canEncode(format({ columns: 65_536 }), '1.2.840.10008.1.2.4.80'), true)
  assert.equal(canEncode(format(), '1.2.840.10008.1.2.4.50'), false)
})

test('single bits are packed again as native pixels have them', async () => {
  const of = format({ bitsAllocated: 1, columns: 5, rows: 2 })
  const bits = Uint8Array.of(1, 0, 1, 0, 0, 1, 0, 1, 0, 1)
  assert.deepEqual([...(await encodeFrame(bits, of, '1.2.840.10008.1.2.1', encoders))], [0b1010_0101, 0b10])
})

test('lossless JPEG survives the longest code and bytes that look like markers', async () => {
  // Counts like Fibonacci numbers make the longest codes; the largest difference has a category of its own.
  const samples: number[] = []
  const steps = Array.from({ length: 17 }, (_, category) => (category === 0 ? 0 : 2 ** (category - 1)))
  let [a, b] = [1, 1]
  for (const step of steps.toReversed()) {
    for (let time = 0; time < a; time += 1) samples.push(((samples.at(-1) ?? 0) + step) & 0xffff)
    ;[a, b] = [b, a + b]
  }
  const of = format({ columns: samples.length, rows: 1 })
  const stored = Uint16Array.from(samples)
  const bytes = encodeLosslessJpeg({ samples: stored, columns: stored.length, rows: 1, components: 1, precision: 16 })
  const back = await decodeFrame(bytes, '1.2.840.10008.1.2.4.70', of, codecs)
  assert.deepEqual(back.stored, stored)
})

test('a beginning of an HTJ2K stream is the picture halved, and all of it is exact', async () => {
  for (const [columns, rows] of [
    [2048, 300],
    [1000, 777],
    [65, 1],
  ] as const) {
    const of = format({ columns, rows, bitsStored: 12 })
    const stored = samplesOf(of)
    const reductions = reductionsOf(columns, rows)
    const { bytes, prefixes } = await encodeHtj2k(blockOf(stored, of), encoders)
    assert.equal(prefixes.length, reductions + 1)
    assert.equal(prefixes.at(-1), bytes.length)
    assert.ok(Math.ceil(Math.max(columns, rows) / 2 ** reductions) <= 64)
    for (let reduction = reductions; reduction >= 0; reduction -= 1) {
      const picture = await decodeHtj2k(bytes.subarray(0, prefixes[reductions - reduction]), reduction, codecs)
      assert.deepEqual(
        [picture.columns, picture.rows],
        [columns, rows].map((edge) => Math.ceil(edge / 2 ** reduction)),
      )
      if (reduction === 0) assert.deepEqual(picture.samples, stored)
      // Its mean is that of the whole: it is the same picture.
      const mean = (values: StoredArray): number => {
        let sum = 0
        for (const value of values) sum += value
        return sum / values.length
      }
      if (rows > 1) assert.ok(Math.abs(mean(picture.samples) - mean(stored)) < 120, `${columns} at ${reduction}`)
    }
    assert.equal(sampleCount(of), stored.length)
  }
})
