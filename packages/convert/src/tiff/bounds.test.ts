// The work for one file is bounded by its size, whatever its directories say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildTiff, type TiffPage } from '@instandt/testkit/files'
import { openSource } from '../byte-source.ts'
import { convertOne, requestOf, sourceOf, valuesOf } from '../convert.fixture.ts'
import { convertFile } from '../convert-file.ts'
import { buildJpeg } from '../jpeg/encode.fixture.ts'

const side = 48
const grey: TiffPage = { columns: side, rows: side, bits: 8, pixels: valuesOf(side * side, 8), compression: 'packbits' }

/** Its strips of one row all name the same 2 MB, which unpack to nothing. */
const sharing = (strips: number): TiffPage => {
  const fields = { 273: Array.from({ length: strips }, () => 8), 279: Array.from({ length: strips }, () => 2_000_000) }
  return { ...grey, rows: strips, rowsPerStrip: 1, pixels: new Uint8Array(side * strips), fields }
}
const read = (pages: TiffPage[]) =>
  convertFile(sourceOf(Buffer.concat([buildTiff(pages), Buffer.alloc(2_000_000, 0x80)])), requestOf())

test('strips that name the same bytes again and again are refused before any is read', async () => {
  const refusal = { code: 'damaged', message: /they share them/ }
  await assert.rejects(read([sharing(40)]), refusal)
  assert.equal((await read([sharing(20)])).objects.length, 1)
  await assert.rejects(read([sharing(20), sharing(20)]), refusal, 'pages count together')
  // Nothing more than the pixels is read of what is not compressed.
  assert.equal((await read([{ ...sharing(40), compression: 'none' }])).objects.length, 1)
})

test('strips that lie far from each other, back and forth, are not read around for ever', async () => {
  const strips = 400
  const far = 3 * 1024 * 1024
  const fields = { 273: Array.from({ length: strips }, (_, strip) => 8 + (strip % 4) * far) }
  const head = buildTiff([
    { ...sharing(strips), compression: 'none', fields: { ...fields, 279: Array(strips).fill(side) } },
  ])
  const file = Buffer.concat([head, Buffer.alloc(4 * far)])
  let bytes = 0
  async function* readRange(offset: number, length: number): AsyncGenerator<Uint8Array> {
    bytes += length
    yield file.subarray(offset, offset + length)
  }
  const free = 100 * 1024 * 1024
  const source = openSource(file.length, ({ offset, length }) => Promise.resolve(readRange(offset, length)), free)
  const { objects } = await convertFile(source, requestOf())
  const written = async (): Promise<void> => {
    for (const object of objects) for await (const piece of object.write()) void piece
  }
  await assert.rejects(written(), { code: 'too-large', message: /so scattered/ })
  assert.ok(bytes <= free + 8 * file.length, `${bytes} bytes were read`)
})

test('a JPEG stream of more rows than its tile, and more tables than there can be, are damage', async () => {
  const page = async (rows: number, fields: TiffPage['fields'] = {}): Promise<Uint8Array> => {
    const stream = await buildJpeg({ columns: side, rows, samples: 1, pixels: new Uint8Array(side * rows).fill(90) })
    const sides = { 256: [side], 257: [side], 258: [8], 259: [7], 278: [], 322: [side], 323: [side] }
    const places = { 273: [], 279: [], 324: [8], 325: [stream.length] }
    const pixels = { columns: stream.length, rows: 1, bits: 8, pixels: stream }
    return buildTiff([{ ...pixels, fields: { ...sides, ...places, ...fields } }])
  }
  const { pixels } = await convertOne(await page(side))
  assert.equal(pixels[0], 90)
  await assert.rejects(convertOne(await page(20 * side)), { code: 'damaged', message: /48 × 960 pixels/ })
  const tables = 'x'.repeat(70_000)
  await assert.rejects(convertOne(await page(side, { 347: tables })), {
    code: 'damaged',
    message: /bytes of JPEG tables/,
  })
})
