import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withBoundHeap } from './bound-heap.ts'
import type { Codecs } from './codecs.ts'
import { codestreamOf, readSizeInside } from './codestream.ts'
import { checkWork } from './codestream-work.ts'
import { createEncoders } from './create-encoders.ts'
import { decodeFrame } from './decode-frame.ts'
import { encodeFrame } from './encode-frame.ts'
import { writeDecoy, writeHostile, writeJxlBoxes, writeJxlHead } from './hostile.fixture.ts'
import { createNodeCodecs } from './node.ts'
import { PixelFault } from './pixel-fault.ts'
import type { PixelFormat } from './pixel-format.ts'
import { eightBits, greyFormat } from './grey-format.fixture.ts'

const jpeg2000 = '1.2.840.10008.1.2.4.90'
const htj2k = '1.2.840.10008.1.2.4.201'
const jpegXl = '1.2.840.10008.1.2.4.110'

const format = (size: number): PixelFormat => greyFormat(size, size, eightBits)

/** What is said of bytes that no decoder must see. */
async function refusalOf(bytes: Uint8Array<ArrayBuffer>, size: number, syntaxUid = jpeg2000): Promise<string> {
  const none = (): Promise<never> => Promise.reject(new Error('a decoder was asked'))
  const codecs: Codecs = { wasm: none, losslessJpeg: none, inflateRaw: none }
  return decodeFrame(bytes, syntaxUid, format(size), codecs).then(
    () => 'decoded',
    (error: unknown) => (error instanceof PixelFault ? String(error.detail['reason']) : String(error)),
  )
}

test('the size that counts is that of the codestream a decoder reads, not of one that stands before it', async () => {
  assert.match(
    await refusalOf(writeDecoy(2048, 64), 64),
    /the picture is 2048 × 2048 × 1, the attributes say 64 × 64 × 1/,
  )
  const bare = writeHostile({ size: 64 })
  const behind = Uint8Array.from([0, 0, ...bare])
  for (const syntax of [jpeg2000, htj2k]) {
    assert.equal(await refusalOf(behind, 64, syntax), 'no codestream where one has to begin')
    assert.equal(await refusalOf(bare.subarray(0, 30), 64, syntax), 'no size in the header')
  }
})

test('a codestream in boxes is decoded as it is without them', async () => {
  const codecs = createNodeCodecs()
  const { stored } = await decodeFrame(writeDecoy(64, 2048), jpeg2000, format(64), codecs)
  assert.equal(stored.length, 64 * 64)
  const values = Uint8Array.from({ length: 64 * 64 }, (_, at) => at * 7)
  const encoded = await encodeFrame(values, format(64), jpeg2000, createEncoders(), 1e6)
  const boxed = writeDecoy(64, 2048)
  const start = boxed.length - writeHostile({ size: 64 }).length
  const file = Uint8Array.from([...boxed.subarray(0, start), ...encoded])
  assert.deepEqual((await decodeFrame(file, jpeg2000, format(64), codecs)).stored, values)
})

test('JPEG XL is held against the attributes before it is decoded, in boxes and in pieces too', async () => {
  const words = /the picture is 20000 × 30000 × 1, the attributes say 64 × 64 × 1/
  const bare = writeJxlHead(30_000, 20_000)
  assert.match(await refusalOf(bare, 64, jpegXl), words)
  assert.match(await refusalOf(writeJxlBoxes(bare), 64, jpegXl), words)
  assert.match(await refusalOf(writeJxlBoxes(bare.subarray(0, 3), bare.subarray(3)), 64, jpegXl), words)
  assert.equal(await refusalOf(new Uint8Array(40), 64, jpegXl), 'no codestream where one has to begin')
  assert.equal(await refusalOf(bare.subarray(0, 4), 64, jpegXl), 'no size in the header')
})

test('sizes of JPEG XL in the forms that encoders write', () => {
  // Written by libjxl: 100 × 37, 1000 × 500 and 64 × 64 pixels.
  for (const [head, columns, rows] of [
    ['ff0a2001c680480804010079', 100, 37],
    ['ff0a987f10142d0208020100', 1000, 500],
    ['ff0a4f4050b4080804010021', 64, 64],
    ['ff0afa3f0191080201002d62', 2048, 2048],
  ] as const) {
    const bytes = Uint8Array.from(Buffer.from(head, 'hex'))
    assert.deepEqual(readSizeInside(codestreamOf(bytes, 'jpeg-xl'), 'jpeg-xl'), {
      columns,
      rows,
      components: undefined,
    })
  }
})

test('what takes a decoder minutes or gigabytes without a byte of picture is refused by its header', async () => {
  const cases: [RegExp, Uint8Array<ArrayBuffer>, number][] = [
    [
      /packets are too many for 16384 samples/,
      writeHostile({ size: 128, layers: 65_535, levels: 5, precinct: 3 }),
      128,
    ],
    [/precincts are too many/, writeHostile({ size: 512, tile: 128, precinct: 1 }), 512],
    [/tiles are too many/, writeHostile({ size: 200, tile: 1 }), 200],
    [/code-blocks are too many/, writeHostile({ size: 2048, block: 2 }), 2048],
  ]
  for (const [words, bytes, size] of cases) {
    assert.match(await refusalOf(bytes, size), words)
    assert.match(await refusalOf(bytes, size, htj2k), words)
  }
  const hidden = writeHostile({ size: 64 })
  hidden[46] = 0x79
  assert.match(await refusalOf(hidden, 64), /an unknown marker ff79 in the header/)
})

test('whatever is done to a header, looking at it ends', () => {
  const right = writeHostile({ size: 512, tile: 128, precinct: 7 })
  const started = performance.now()
  const tell = (bytes: Uint8Array<ArrayBuffer>): void => {
    try {
      checkWork(bytes)
    } catch (error) {
      assert.ok(error instanceof Error)
    }
  }
  for (let length = 42; length < right.length; length += 1) tell(right.slice(0, length))
  // The picture's own size is compared before.
  for (let at = 16; at < right.length; at += 1) {
    for (const value of [0, 1, 12, 0x52, 0x90, 0x93, 0xff]) {
      const changed = right.slice()
      changed[at] = value
      tell(changed)
    }
  }
  // Coding styles of every kind, one behind the other.
  const many = Array.from({ length: 5000 }, (_, at) => [0xff, 0x53, 0, 9, 0, 0, at & 31, at >> 5, 4, 0, 1]).flat()
  tell(Uint8Array.from([...right.slice(0, 59), ...many, ...right.slice(59)]))
  assert.ok(performance.now() - started < 5000)
})

test('what encoders write is far from those bounds', async () => {
  const encoders = createEncoders()
  for (const size of [1, 17, 513, 1500]) {
    const values = new Uint8Array(size * size)
    for (const syntax of [jpeg2000, htj2k]) {
      const bytes = await encodeFrame(values, format(size), syntax, encoders, 1e9)
      assert.equal(await refusalOf(bytes, size, syntax), 'a decoder was asked', `${size} ${syntax}`)
    }
  }
})

test('a decoder that asks for more memory than there is for it fails, and decodes the next frame', async () => {
  const { createDecoder } = await createNodeCodecs().wasm('jpeg-2000')
  const decode = (size: number, most: number): number => {
    const decoder = createDecoder()
    try {
      const bytes = writeHostile({ size })
      decoder.getEncodedBuffer(bytes.length).set(bytes)
      withBoundHeap(most, () => decoder.decode())
      return decoder.getFrameInfo().width === 0 ? 0 : decoder.getDecodedBuffer().length
    } catch {
      return 0
    } finally {
      decoder.delete()
    }
  }
  assert.equal(decode(5000, 64 * 1024 * 1024), 0)
  assert.equal(decode(64, 0), 64 * 64)
  assert.equal(decode(5000, 512 * 1024 * 1024), 5000 * 5000)
})
