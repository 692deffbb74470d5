import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Codecs, WasmDecoder } from './codecs.ts'
import { decodeFrame } from './decode-frame.ts'
import { writeFlatJpeg, writeLosslessJpeg } from './jpeg-writer.fixture.ts'
import { createNodeCodecs } from './node.ts'
import { PixelFault } from './pixel-fault.ts'
import type { PixelFormat } from './pixel-format.ts'

const format: PixelFormat = {
  rows: 2,
  columns: 2,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  isSigned: false,
  isPlanar: false,
  photometric: 'MONOCHROME2',
  kind: 'integer',
  frameCount: 1,
}
const none: Codecs = {
  wasm: () => Promise.reject(new Error('not loaded')),
  losslessJpeg: () => Promise.reject(new Error('the lossless decoder was asked')),
  inflateRaw: () => Promise.reject(new Error('not loaded')),
}

/** A codec that gives these bytes for whatever it gets. */
function fakeCodec(
  decoded: Uint8Array,
  info: ReturnType<WasmDecoder['getFrameInfo']>,
  interleave = 2,
): Codecs & { freed: number } {
  const codecs = {
    ...none,
    freed: 0,
    wasm: () =>
      Promise.resolve({
        module: {},
        createDecoder: (): WasmDecoder => ({
          getEncodedBuffer: (length) => new Uint8Array(length),
          getDecodedBuffer: () => decoded,
          decode: () => undefined,
          getFrameInfo: () => info,
          getInterleaveMode: () => interleave,
          delete: () => {
            codecs.freed += 1
          },
        }),
      }),
  }
  return codecs
}

const jpegLs = '1.2.840.10008.1.2.4.80'
/** As much of a JPEG-LS frame as says its size. */
const headOf = (columns: number, rows: number, components = 1): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(0xff, 0xd8, 0xff, 0xf7, 0, 8 + 3 * components, 8, 0, rows, 0, columns, components)
const words = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(Uint16Array.from(values).buffer)
const size = { width: 2, height: 2, bitsPerSample: 12, componentCount: 1 }

async function faultOf(promise: Promise<unknown>): Promise<PixelFault> {
  return promise.then(
    () => assert.fail('it was decoded'),
    (error: unknown) => (error instanceof PixelFault ? error : assert.fail(String(error))),
  )
}

test('a codec that knows no sign gets it from Pixel Representation, and its memory is given back', async () => {
  const codecs = fakeCodec(words(0xfff, 0x800, 0x7ff, 0), size)
  const { stored } = await decodeFrame(headOf(2, 2), jpegLs, { ...format, isSigned: true }, codecs)
  assert.deepEqual([...stored], [-1, -2048, 2047, 0])
  assert.equal(codecs.freed, 1)
})

test('planes of a codec are put pixel by pixel', async () => {
  const colour = {
    ...format,
    rows: 1,
    samplesPerPixel: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    photometric: 'RGB',
  }
  const codecs = fakeCodec(
    Uint8Array.of(1, 2, 11, 12, 21, 22),
    { width: 2, height: 1, bitsPerSample: 8, componentCount: 3 },
    0,
  )
  assert.deepEqual([...(await decodeFrame(headOf(2, 1, 3), jpegLs, colour, codecs)).stored], [1, 11, 21, 2, 12, 22])
})

test('a picture of another size than the attributes say is refused with both', async () => {
  const fault = await faultOf(decodeFrame(headOf(2, 2), jpegLs, format, fakeCodec(words(1), { ...size, width: 9 })))
  assert.equal(fault.code, 'decode-failed')
  assert.match(String(fault.detail['reason']), /9 × 2 × 1, the attributes say 2 × 2 × 1/)
})

test('a codec that leaves nothing behind has met damaged data', async () => {
  const fault = await faultOf(
    decodeFrame(headOf(2, 2), jpegLs, format, fakeCodec(words(), { ...size, width: 0, height: 0 })),
  )
  assert.equal(fault.detail['reason'], 'damaged data')
})

test('what cannot be decoded here is told apart: video and unknown syntaxes', async () => {
  assert.equal((await faultOf(decodeFrame(new Uint8Array(4), '1.2.840.10008.1.2.4.102', format, none))).code, 'video')
  const unknown = await faultOf(decodeFrame(new Uint8Array(4), '1.2.3.4', format, none))
  assert.deepEqual([unknown.code, unknown.detail['uid']], ['unsupported-syntax', '1.2.3.4'])
})

test('a JPEG is decoded by what it is, whatever its transfer syntax claims', async () => {
  const eight = { ...format, rows: 8, columns: 8, bitsAllocated: 8, bitsStored: 8, highBit: 7 }
  const baseline = writeFlatJpeg({ columns: 8, rows: 8, precision: 8, planes: [{ h: 1, v: 1, block: () => 77 }] })
  const { stored } = await decodeFrame(baseline, '1.2.840.10008.1.2.4.70', eight, none)
  assert.equal(stored[63], 77)
  const lossless = writeLosslessJpeg(Uint16Array.of(1, 2, 3, 4), 2, 2, 12)
  const fault = await faultOf(decodeFrame(lossless, '1.2.840.10008.1.2.4.50', format, none))
  assert.equal(fault.detail['reason'], 'the lossless decoder was asked')
})

test('a lossless JPEG that hides another frame header in a segment gives no samples of that one', async () => {
  const right = writeLosslessJpeg(Uint16Array.of(1, 2, 3, 4), 2, 2, 12)
  const other = writeLosslessJpeg(new Uint16Array(16), 4, 4, 12)
  const segment = new Uint8Array(2 + 0xff00).fill(0xff)
  segment.set([0xff, 0xf8, 0xff, 0x00, ...other.subarray(2)])
  const bytes = Uint8Array.from([0xff, 0xd8, ...segment, ...right.subarray(2)])
  const fault = await faultOf(decodeFrame(bytes, '1.2.840.10008.1.2.4.70', format, createNodeCodecs()))
  assert.equal(fault.detail['reason'], 'another picture than the header says')
})
