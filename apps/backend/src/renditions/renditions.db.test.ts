import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { overviewUrl, renditionUrl, tileUrl } from '@instandt/api'
import { createEncoders, decodeHtj2k, encodeFrame, readNativeFrame } from '@instandt/pixels'
import { buildInstance, uidOf } from '@instandt/testkit/files'
import { bytesOf, codecs, type RenditionBackend, samples, startRenditionBackend } from './renditions.fixture.ts'
import { greyFormat } from '../../../../packages/pixels/src/grey-format.fixture.ts'

let backend: RenditionBackend
before(async () => {
  backend = await startRenditionBackend()
})
after(() => backend.stop())

test('an image larger than a tile comes back exactly from its tiles, and smaller from their beginnings', async () => {
  const [columns, rows] = [2500, 2100]
  const values = samples(columns, rows, 0)
  const address = await backend.store('large', { columns, rows, frame: () => bytesOf(values) })
  const early = await backend.get(address)
  assert.deepEqual([early.status, ((await early.json()) as { code: string }).code], [404, 'rendition-waiting'])
  await backend.deriveAll()
  assert.deepEqual(
    { ...(await backend.jobOf('large')) },
    {
      ...(await backend.jobOf('large')),
      state: 'made',
      thumbnail: 'made',
      frames_done: 1,
      frames_made: 1,
      reason: null,
    },
  )
  const rendition = await backend.describe(address)
  assert.deepEqual(
    { ...rendition, tiles: rendition.tiles.length, overview: { ...rendition.overview, prefixes: [] } },
    {
      columns,
      rows,
      tileSize: 1024,
      reductions: 4,
      bits: 16,
      isSigned: false,
      components: 1,
      isRgb: false,
      overview: { reduction: 2, columns: 625, rows: 525, prefixes: [] },
      tiles: 9,
    },
  )
  assert.deepEqual(await backend.assemble(address), values)

  // The overview is the image as means of squares of 4 pixels.
  const overview = await decodeHtj2k(await backend.fetchBytes(overviewUrl(address, 0)), 0, codecs)
  assert.deepEqual([overview.columns, overview.rows], [625, 525])
  let sum = 0
  for (let y = 400; y < 404; y += 1) for (let x = 1200; x < 1204; x += 1) sum += values[y * columns + x]!
  assert.equal(overview.samples[100 * 625 + 300], Math.round(sum / 16))

  // A beginning of a tile is the tile halved.
  const beginning = await backend.fetchBytes(tileUrl(address, 0, 2))
  assert.equal(beginning.length, rendition.tiles[0]!.prefixes.at(-3))
  const quarter = await decodeHtj2k(beginning, 2, codecs)
  assert.deepEqual([quarter.columns, quarter.rows], [256, 256])
  assert.ok(Math.abs(quarter.samples[100 * 256 + 100]! - values[402 * columns + 402]!) < 130)
})

test('what is asked for wrongly is named, and nothing there is 404', async () => {
  const address = renditionUrl(uidOf('study'), uidOf('series'), uidOf('large', 'instance'), 1)
  const problem = async (place: string): Promise<[number, string, string]> => {
    const answer = await backend.get(place)
    const { code, detail } = (await answer.json()) as { code: string; detail: string }
    return [answer.status, code, detail]
  }
  assert.deepEqual((await problem(tileUrl(address, 0, 5))).slice(0, 2), [400, 'malformed-query'])
  assert.match((await problem(tileUrl(address, 0, 5)))[2], /4 times/)
  assert.match((await problem(`${address}/tiles/0?reduction=x`))[2], /reduction/)
  assert.deepEqual((await problem(tileUrl(address, 9, 0))).slice(0, 2), [404, 'tile-not-found'])
  assert.deepEqual((await problem(`${address}/tiles/-1`)).slice(0, 2), [404, 'tile-not-found'])
  const other = renditionUrl(uidOf('study'), uidOf('series'), uidOf('large', 'instance'), 2)
  for (const place of [other, `${other}/overview`, address.replace(/1$/, '0'), address.replace(/1$/, 'x')])
    assert.deepEqual((await problem(place)).slice(0, 2), [404, 'rendition-missing'], place)
})

test('an ETag says that a tile has not changed, and HEAD what it weighs', async () => {
  const address = tileUrl(renditionUrl(uidOf('study'), uidOf('series'), uidOf('large', 'instance'), 1), 3, 1)
  const first = await backend.get(address)
  const etag = first.headers.get('etag') ?? ''
  assert.match(etag, /^"/)
  assert.equal(first.headers.get('content-length'), String((await first.arrayBuffer()).byteLength))
  assert.equal((await backend.get(address, { 'if-none-match': etag })).status, 304)
})

test('frames of one file are made each by itself; the list of instances says how many there are', async () => {
  const frames = [0, 1, 2].map((frame) => samples(900, 700, frame))
  const address = await backend.store('frames', {
    columns: 900,
    rows: 700,
    frames: 3,
    frame: (index) => bytesOf(frames[index]!),
  })
  await backend.deriveAll()
  for (const [index, values] of frames.entries()) {
    const place = address.replace(/1$/, String(index + 1))
    assert.equal((await backend.describe(place)).overview, null)
    assert.deepEqual(await backend.assemble(place), values)
  }
  const list = await backend.get(`/api/inspections/${uidOf('study')}/views/${uidOf('series')}/instances`)
  const { items } = (await list.json()) as {
    items: { sopInstanceUid: string; hasImage: boolean; rendition: { frames: number } | null }[]
  }
  const found = items.find(({ sopInstanceUid }) => sopInstanceUid === uidOf('frames', 'instance'))
  assert.deepEqual([found?.hasImage, found?.rendition], [true, { frames: 3 }])
})

test('compressed frames, big endian, signed and colour come back as they are decoded', async () => {
  const [columns, rows] = [2100, 300]
  const values = samples(columns, rows, 0)
  const big = await backend.store('big', { columns, rows, frame: () => bytesOf(values) }, '1.2.840.10008.1.2.2')
  const rle = await backend.store('rle', { columns, rows, frame: () => bytesOf(values) }, '1.2.840.10008.1.2.5')
  const format = greyFormat(columns, rows)
  const jpegLs = await encodeFrame(values, format, '1.2.840.10008.1.2.4.80', createEncoders())
  const ls = await backend.store('ls', { columns, rows, frame: () => jpegLs }, '1.2.840.10008.1.2.4.80')
  const signedValues = samples(columns, rows, 3).map((value) => (value - 5000) & 0xfff)
  const signed = await backend.store('signed', {
    columns,
    rows,
    bitsStored: 12,
    isSigned: true,
    frame: () => bytesOf(signedValues),
  })
  const colours = Uint8Array.from({ length: 700 * 600 * 3 }, (_, index) => (index * 7 + (index >> 9)) & 0xff)
  const colour = await backend.store('colour', {
    columns: 700,
    rows: 600,
    samplesPerPixel: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    frame: () => colours,
  })
  await backend.deriveAll()
  for (const address of [big, rle, ls]) assert.deepEqual(await backend.assemble(address), values, address)
  const extended = readNativeFrame(new Uint8Array(bytesOf(signedValues)), {
    ...format,
    bitsStored: 12,
    highBit: 11,
    isSigned: true,
  })
  assert.deepEqual(await backend.assemble(signed), new Uint16Array(extended.buffer))
  assert.equal((await backend.describe(signed)).isSigned, true)
  const { tiles, components, isRgb } = await backend.describe(colour)
  assert.deepEqual([tiles.length, components, isRgb], [1, 3, true])
  assert.deepEqual((await decodeHtj2k(await backend.fetchBytes(tileUrl(colour, 0, 0)), 0, codecs)).samples, colours)
})

test('what gets no faster is left as it is, and says why', async () => {
  await backend.store('small', { columns: 64, rows: 64 })
  await backend.store('bits', { columns: 3000, rows: 1000, bitsAllocated: 1, bitsStored: 1 })
  await backend.store('wide', { columns: 600, rows: 600, bitsAllocated: 32, bitsStored: 32 })
  const answer = await backend.stow([buildInstance({ seed: 'words', image: null })])
  assert.equal(answer.status, 200)
  await backend.deriveAll()
  assert.deepEqual(
    await Promise.all(
      ['small', 'bits', 'wide', 'words'].map(async (seed) => {
        const { state, thumbnail, reason } = await backend.jobOf(seed)
        return [state, thumbnail, reason]
      }),
    ),
    [
      ['unneeded', 'made', 'small'],
      ['unneeded', 'made', 'format'],
      ['unneeded', 'made', 'format'],
      ['unneeded', 'none', 'no-pixels: other'],
    ],
  )
})

test('one frame that cannot be decoded fails with its reason, the others are made', async () => {
  const [columns, rows] = [1040, 600]
  const frames = [0, 1, 2].map((frame) => samples(columns, rows, frame))
  const address = await backend.store(
    'broken',
    {
      columns,
      rows,
      frames: 3,
      // RLE of the second frame is cut off.
      frame: (index) => bytesOf(frames[index]!),
    },
    '1.2.840.10008.1.2.5',
  )
  const { rows: found } = await backend.db.pool.query<{ id: number; frame_table: Buffer }>(
    'select id, frame_table from instance where sop_instance_uid = $1',
    [uidOf('broken', 'instance')],
  )
  const { id, frame_table: table } = found[0]!
  // The entry of frame 3 says that it is shorter than it is.
  table.writeBigUInt64LE(100n, 2 * 20 + 8)
  await backend.db.pool.query('update instance set frame_table = $2 where id = $1', [id, table])
  await backend.deriveAll()
  const { state, frames_made: made, frames_done: done, reason } = await backend.jobOf('broken')
  assert.deepEqual([state, made, done], ['failed', 2, 3])
  assert.match(reason ?? '', /^frame 3: decode-failed/)
  assert.deepEqual(await backend.assemble(address), frames[0])
  assert.equal((await backend.get(address.replace(/1$/, '3'))).status, 404)
})
