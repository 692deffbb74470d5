import assert from 'node:assert/strict'
import { deflateSync } from 'node:zlib'
import { test } from 'node:test'
import { getNumber, getNumbers, getString, tags } from '@instandt/dicom'
import { buildPng, pngChunk, type PngOptions } from '@instandt/testkit/files'
import { convert, convertOne, packBits, valuesOf } from '../convert.fixture.ts'

const columns = 61
const rows = 43
const big = (values: Uint8Array): Uint8Array => Buffer.from(values).swap16()
const grey16 = valuesOf(columns * rows, 16)
const plain: PngOptions = { columns, rows, bits: 16, type: 0, pixels: big(grey16) }

test('16-bit grey stays 16-bit, equal to the bit, whatever the chunks', async () => {
  for (const chunkBytes of [1, 100, 1_000_000]) {
    const { pixels, dataset } = await convertOne(buildPng({ ...plain, chunkBytes }))
    assert.ok(Buffer.from(pixels).equals(grey16))
    assert.equal(getNumber(dataset, tags.bitsStored), 16)
    assert.equal(getString(dataset, tags.photometricInterpretation), 'MONOCHROME2')
  }
})

test('few bits are unpacked, colour and palette kept, alpha left out', async () => {
  for (const bits of [1, 2, 4] as const) {
    const values = valuesOf(columns * rows, bits)
    const { pixels } = await convertOne(buildPng({ ...plain, bits, pixels: packBits(values, columns, bits) }))
    assert.ok(Buffer.from(pixels.subarray(0, values.length)).equals(values), `${bits} bits`)
  }
  const rgb = valuesOf(columns * rows * 3, 8)
  const colour = await convertOne(buildPng({ ...plain, bits: 8, type: 2, pixels: rgb }))
  assert.ok(Buffer.from(colour.pixels.subarray(0, rgb.length)).equals(rgb))
  const indexes = valuesOf(columns * rows, 8)
  const palette = Uint8Array.from({ length: 300 }, (_, at) => at & 0xff)
  const indexed = await convertOne(buildPng({ ...plain, bits: 8, type: 3, pixels: indexes, palette }))
  assert.equal(getString(indexed.dataset, tags.photometricInterpretation), 'PALETTE COLOR')
  const red = Buffer.from(indexed.dataset[tags.redPaletteData]?.InlineBinary ?? '', 'base64')
  assert.deepEqual([red.readUInt16LE(2 * 5), red.readUInt16LE(2 * 200)], [15 * 0x101, 0])
  const withAlpha = valuesOf(columns * rows * 2, 16)
  const alpha = await convertOne(buildPng({ ...plain, type: 4, pixels: big(withAlpha) }))
  assert.deepEqual([...alpha.pixels.subarray(0, 4)], [...withAlpha.subarray(0, 2), ...withAlpha.subarray(4, 6)])
})

test('an interlaced picture is put together again', async () => {
  // Adam7, unfiltered.
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const
  const words = new Uint16Array(grey16.buffer)
  const bytes: number[] = []
  for (const [left, top, across, down] of passes) {
    for (let row = top; row < rows; row += down) {
      bytes.push(0)
      for (let column = left; column < columns; column += across) {
        const value = words[row * columns + column] as number
        bytes.push(value >> 8, value & 0xff)
      }
    }
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(columns, 0)
  head.writeUInt32BE(rows, 4)
  head.set([16, 0, 0, 0, 1], 8)
  const file = Buffer.concat([
    buildPng(plain).subarray(0, 8),
    pngChunk('IHDR', head),
    pngChunk('IDAT', deflateSync(Uint8Array.from(bytes))),
    pngChunk('IEND', new Uint8Array(0)),
  ])
  assert.ok(Buffer.from((await convertOne(file)).pixels).equals(grey16))
  await assert.rejects(convert(file.subarray(0, -30)), { name: 'ConvertFault' })
})

test('pixels per metre become a spacing', async () => {
  const { dataset } = await convertOne(buildPng({ ...plain, perMetre: 20_000 }), {}, { pixelSize: { kind: 'file' } })
  assert.deepEqual(getNumbers(dataset, tags.nominalScannedPixelSpacing), [0.05, 0.05])
})

test('damage is named: checksum, filter, end, colour of 16 bits', async () => {
  const file = Buffer.from(buildPng(plain))
  const data = file.indexOf('IDAT')
  const spoiled = Buffer.from(file)
  spoiled[data + 60] = (spoiled[data + 60] as number) ^ 1
  await assert.rejects(convert(spoiled), /checksum differs|no Deflate stream/)
  await assert.rejects(convert(file.subarray(0, file.length >> 1)), { name: 'ConvertFault' })
  const pixels = valuesOf(columns * rows * 3, 16)
  await assert.rejects(convert(buildPng({ ...plain, type: 2, pixels })), /16 bits a sample/)
  const filter = Buffer.concat([
    file.subarray(0, data - 4),
    pngChunk('IDAT', deflateSync(new Uint8Array((columns * 2 + 1) * rows).fill(9))),
    pngChunk('IEND', new Uint8Array(0)),
  ])
  await assert.rejects(convert(filter), /filter 9/)
})
