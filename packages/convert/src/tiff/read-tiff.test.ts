import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { getNumber, getNumbers, getString, tags } from '@instandt/dicom'
import { buildTiff, type TiffCompression, type TiffPage } from '@instandt/testkit/files'
import { convert, convertOne, packBits, valuesOf } from '../convert.fixture.ts'

const columns = 71
const rows = 53
const grey: TiffPage = { columns, rows, pixels: valuesOf(columns * rows, 16) }
const bytes: TiffPage = { ...grey, bits: 8, pixels: valuesOf(columns * rows, 8) }
const colour: TiffPage = { ...grey, bits: 8, samples: 3, photometric: 2, pixels: valuesOf(columns * rows * 3, 8) }
const compressions: TiffCompression[] = ['none', 'lzw', 'deflate', 'packbits', 'zstd']
const layouts: Partial<TiffPage>[] = [{}, { rowsPerStrip: 1 }, { rowsPerStrip: 16 }, { tile: 16 }, { tile: 128 }]

for (const compression of compressions) {
  for (const isBigEndian of [false, true]) {
    for (const isBigTiff of [false, true]) {
      const name = `${compression}, ${isBigEndian ? 'big' : 'little'} endian, ${isBigTiff ? 'BigTIFF' : 'TIFF'}`
      test(`pixels are equal to the bit: ${name}`, async () => {
        for (const layout of layouts) {
          for (const hasPredictor of compression === 'none' || compression === 'packbits' ? [false] : [false, true]) {
            for (const page of [grey, bytes, colour]) {
              const whole = { ...page, ...layout, compression, hasPredictor }
              const { pixels, dataset } = await convertOne(buildTiff([whole], { isBigEndian, isBigTiff }))
              const words = `${JSON.stringify(layout)} ${hasPredictor} ${page.bits} × ${page.samples}`
              assert.ok(Buffer.from(pixels.subarray(0, page.pixels.length)).equals(page.pixels), words)
              assert.equal(getNumber(dataset, tags.columns), columns)
            }
          }
        }
      })
    }
  }
}

test('16-bit stays 16-bit, also signed and white-is-zero', async () => {
  const signed = await convertOne(buildTiff([{ ...grey, fields: { 339: [2] } }]))
  assert.equal(getNumber(signed.dataset, tags.pixelRepresentation), 1)
  const white = await convertOne(buildTiff([{ ...grey, photometric: 0 }]))
  assert.equal(getString(white.dataset, tags.photometricInterpretation), 'MONOCHROME1')
  assert.deepEqual([...white.pixels], [...grey.pixels])
  assert.deepEqual(
    [tags.bitsAllocated, tags.bitsStored, tags.highBit].map((tag) => getNumber(white.dataset, tag)),
    [16, 16, 15],
  )
})

test('samples of 1 to 15 bits are unpacked, their values kept', async () => {
  for (const bits of [1, 2, 4, 10, 12, 14]) {
    const values = valuesOf(columns * rows, bits)
    for (const compression of ['none', 'lzw'] as const) {
      const page = { ...grey, bits, pixels: packBits(values, columns, bits), compression, rowsPerStrip: 7 }
      const { pixels, dataset } = await convertOne(buildTiff([page], { isBigEndian: true }))
      assert.ok(Buffer.from(pixels.subarray(0, values.length)).equals(values), `${bits} bits`)
      assert.equal(getNumber(dataset, tags.bitsStored), bits)
    }
  }
})

test('a palette stays one, its colours in 16 bits', async () => {
  const map = Array.from({ length: 768 }, (_, index) => (index * 85) & 0xffff)
  const page = { ...bytes, photometric: 3, fields: { 320: map } }
  const { dataset, pixels } = await convertOne(buildTiff([page]))
  assert.equal(getString(dataset, tags.photometricInterpretation), 'PALETTE COLOR')
  assert.deepEqual(getNumbers(dataset, tags.greenPaletteDescriptor), [256, 0, 16])
  const green = Buffer.from(dataset[tags.greenPaletteData]?.InlineBinary ?? '', 'base64')
  assert.equal(green.readUInt16LE(2 * 17), map[256 + 17])
  assert.ok(Buffer.from(pixels.subarray(0, columns * rows)).equals(bytes.pixels))
})

test('planes follow each other as in the file; an extra sample is left out', async () => {
  for (const layout of [{ rowsPerStrip: 10 }, { tile: 32 }]) {
    const planar = await convertOne(buildTiff([{ ...colour, ...layout, isPlanar: true, compression: 'lzw' }]))
    assert.equal(getNumber(planar.dataset, tags.planarConfiguration), 1)
    const count = columns * rows
    for (const pixel of [0, 1, count - 1])
      for (const plane of [0, 1, 2])
        assert.equal(planar.pixels[plane * count + pixel], colour.pixels[pixel * 3 + plane])
  }
  const four = valuesOf(columns * rows * 4, 8)
  const alpha = await convertOne(buildTiff([{ ...colour, samples: 4, pixels: four, fields: { 338: [2] } }]))
  assert.deepEqual(
    [...alpha.pixels.subarray(0, 6)],
    [0, 1, 2, 4, 5, 6].map((at) => four[at]),
  )
})

test('pages of one form become frames; a film, or pages that differ, one object each', async () => {
  const other = { ...grey, pixels: valuesOf(columns * rows, 16, 9) }
  const both = buildTiff([grey, other])
  const framed = await convertOne(both)
  assert.equal(getString(framed.dataset, tags.sopClassUid), '1.2.840.10008.5.1.4.1.1.7.3')
  assert.equal(framed.read.frames?.frameCount, 2)
  assert.ok(Buffer.from(framed.pixels).equals(Buffer.concat([grey.pixels, other.pixels])))
  const films = await convert(both, {}, { source: 'film' })
  assert.deepEqual(
    films.map(({ dataset }) => [getString(dataset, tags.sopClassUid), getString(dataset, tags.instanceNumber)]),
    [
      ['1.2.840.10008.5.1.4.1.1.1', '1'],
      ['1.2.840.10008.5.1.4.1.1.1', '2'],
    ],
  )
  assert.equal(new Set(films.map(({ dataset }) => getString(dataset, tags.sopInstanceUid))).size, 2)
  assert.equal((await convert(buildTiff([grey, bytes]))).length, 2)
  assert.equal((await convert(buildTiff([{ ...grey, photometric: 0 }, other]))).length, 2)
})

test('smaller copies and masks of a page are no pictures', async () => {
  const small = { ...bytes, fields: { 254: [1] } }
  const { pixels } = await convertOne(buildTiff([grey, small, { ...bytes, fields: { 254: [4] } }]))
  assert.equal(pixels.length, grey.pixels.length)
})

test('the resolution is written where it belongs, and nowhere unless asked for', async () => {
  const file = buildTiff([{ ...grey, dpi: 508 }])
  const asked = await convertOne(file, {}, { source: 'film', pixelSize: { kind: 'file' } })
  assert.deepEqual(getNumbers(asked.dataset, tags.nominalScannedPixelSpacing), [0.05, 0.05])
  for (const [size, silent] of [
    ['none', file],
    ['file', buildTiff([grey])],
    ['file', buildTiff([{ ...grey, dpi: 508, fields: { 296: [1] } }])],
  ] as const) {
    const { dataset } = await convertOne(silent, {}, { pixelSize: { kind: size } })
    for (const tag of [tags.pixelSpacing, tags.nominalScannedPixelSpacing, tags.imagerPixelSpacing])
      assert.equal(dataset[tag], undefined)
  }
})

const refusals: [string, Partial<TiffPage>, RegExp][] = [
  ['floating point', { fields: { 339: [3] } }, /floating point/],
  ['32 bits', { bits: 32, pixels: valuesOf(columns * rows * 2, 16) }, /32 bits/],
  ['colour of 16 bits', { samples: 3, photometric: 2, pixels: valuesOf(columns * rows * 3, 16) }, /16 bits a sample/],
  ['CCITT', { fields: { 259: [4] } }, /CCITT Group 4/],
  ['JPEG 2000', { fields: { 259: [34712] } }, /JPEG 2000/],
  ['old JPEG', { fields: { 259: [6] } }, /old-style JPEG/],
  ['a compression nobody knows', { fields: { 259: [12345] } }, /12345/],
  ['CMYK', { bits: 8, samples: 4, photometric: 5, pixels: valuesOf(columns * rows * 4, 8) }, /CMYK/],
  ['mirrored', { fields: { 274: [2] } }, /Orientation 2/],
  ['samples that differ', { samples: 3, fields: { 258: [8, 16, 8] } }, /8, 16, 8/],
  ['no columns', { fields: { 256: [0] } }, /0 columns/],
  ['too many columns', { fields: { 256: [70_000] } }, /70000 columns/],
  ['fewer strips than needed', { rowsPerStrip: 10, fields: { 279: [1] } }, /6 strips or tiles are needed, 1/],
  ['a strip beyond the file', { fields: { 273: [4_000_000_000] } }, /cut off/],
  ['a strip that is too short', { fields: { 279: [100] } }, /100 bytes instead of/],
  ['LZW that is none', { fields: { 259: [5] } }, /LZW/],
  ['Deflate that is none', { fields: { 259: [8] } }, /no Deflate stream/],
  [
    'a bomb',
    { columns: 60_000, rows: 30_000, bits: 8, pixels: new Uint8Array(0), fields: { 259: [8] } },
    /so empty|missing/,
  ],
]
for (const [name, page, words] of refusals) {
  test(`refused by name: ${name}`, async () => {
    await assert.rejects(convert(buildTiff([{ ...grey, ...page }])), (error: Error) => {
      assert.equal(error.name, 'ConvertFault', error.stack)
      assert.match(error.message, words)
      return true
    })
  })
}

test('a chain of directories that loops, or leads out of the file, ends', async () => {
  const file = Buffer.from(buildTiff([grey, grey]))
  const first = file.readUInt32LE(4)
  const next = first + 2 + 12 * file.readUInt16LE(first)
  const second = file.readUInt32LE(next)
  file.writeUInt32LE(first, second + 2 + 12 * file.readUInt16LE(second))
  await assert.rejects(convert(file), /directory of page 3 is one of a page before/)
  file.writeUInt32LE(0xffff_fff0, next)
  await assert.rejects(convert(file), /cut off/)
})

test('pages that share their strips are held against the size of the file', async () => {
  const page = {
    columns: 4000,
    rows: 4000,
    bits: 8,
    pixels: new Uint8Array(16_000_000),
    compression: 'deflate' as const,
  }
  const one = Buffer.from(buildTiff([page]))
  const start = one.readUInt32LE(4)
  const length = 2 + 12 * one.readUInt16LE(start) + 4
  const directory = one.subarray(start, start + length)
  const many = Buffer.concat([one, ...Array.from({ length: 100 }, () => directory)])
  for (let index = 0; index < 100; index += 1) {
    const at = index === 0 ? start : one.length + (index - 1) * length
    many.writeUInt32LE(one.length + index * length, at + length - 4)
  }
  await assert.rejects(convert(many), /so empty/)
})

test('the checksum of a long strip is compared, also when its last pixels fill a block of the decompressor', async () => {
  // Output comes in blocks of 256 KiB: 8 MiB and a whole number of them.
  const size = { columns: 2048, rows: 2112 }
  const page: TiffPage = { ...size, pixels: valuesOf(size.columns * size.rows, 16), compression: 'deflate' }
  const file = Buffer.from(buildTiff([page]))
  const end = file.indexOf(deflateSync(page.pixels).subarray(-32))
  assert.ok(end > 0)
  const whole = await convertOne(file)
  assert.ok(Buffer.from(whole.pixels).equals(page.pixels))
  file[end + 31] = (file[end + 31] as number) ^ 1
  await assert.rejects(convertOne(file), { code: 'damaged', message: /strip 1, is no Deflate stream/ })
})

test('a small tile that becomes gigabytes in memory is refused by its size', async () => {
  const page = {
    columns: 64,
    rows: 64,
    bits: 1,
    tile: 64,
    compression: 'deflate' as const,
    pixels: new Uint8Array(512),
  }
  const fields = { 256: [65_520], 257: [32_752], 322: [65_520], 323: [32_752] }
  const file = Buffer.concat([buildTiff([{ ...page, fields }]), Buffer.alloc(6_000_000)])
  await assert.rejects(convert(file), { code: 'too-large', message: /tiles .* are too large/ })
})

test('Y′CbCr in separate planes would be shown in wrong colours, and is refused', async () => {
  const page = { ...colour, isPlanar: true, fields: { 259: [7], 262: [6] } }
  await assert.rejects(convert(buildTiff([page])), { message: /Y′CbCr in separate planes is not read/ })
})

/** A field of the first page of a little-endian TIFF as the fraction 3/2, behind everything else. */
function asFraction(file: Uint8Array, tag: number): Buffer {
  const changed = Buffer.concat([file, Buffer.alloc(file.length % 2), Buffer.from([3, 0, 0, 0, 2, 0, 0, 0])])
  const start = changed.readUInt32LE(4)
  for (let at = start + 2, left = changed.readUInt16LE(start); left > 0; at += 12, left -= 1) {
    if (changed.readUInt16LE(at) !== tag) continue
    changed.writeUInt16LE(5, at + 2)
    changed.writeUInt32LE(1, at + 4)
    changed.writeUInt32LE(changed.length - 8, at + 8)
    return changed
  }
  throw new Error(`the page has no field ${tag}`)
}

test(
  'a size that is written as a fraction is damage, and nothing that is never reached',
  { timeout: 20_000 },
  async () => {
    const packed = buildTiff([{ ...bytes, rowsPerStrip: 16, compression: 'packbits' }])
    const tiled = buildTiff([{ ...bytes, tile: 16, compression: 'packbits' }])
    for (const [file, tags] of [
      [packed, [256, 257, 258, 259, 262, 273, 277, 278, 279]],
      [tiled, [322, 323, 324, 325]],
    ] as const)
      for (const tag of tags) await assert.rejects(convert(asFraction(file, tag)), { code: 'damaged' }, `${tag}`)
  },
)

test('reversed bits are refused at every depth, packed or not', async () => {
  for (const compression of ['none', 'lzw'] as const)
    for (const page of [grey, bytes])
      await assert.rejects(convert(buildTiff([{ ...page, compression, fields: { 266: [2] } }])), /FillOrder 2/)
})

test('a stack of which ImageJ listed one image alone is refused, and not stored as that one', async () => {
  const words = (images: number): string => `ImageJ=1.54f\nimages=${images}\nslices=${images}\n`
  const stack = (images: number): Uint8Array => buildTiff([{ ...bytes, fields: { 270: words(images) } }])
  await assert.rejects(
    convert(Buffer.concat([stack(3), bytes.pixels, bytes.pixels])),
    /ImageJ as 3 images of which it lists 1/,
  )
  assert.equal((await convert(stack(1))).length, 1)
  const listed = { ...bytes, fields: { 270: words(2) } }
  assert.equal((await convertOne(buildTiff([listed, bytes]))).read.frames?.frameCount, 2)
})
