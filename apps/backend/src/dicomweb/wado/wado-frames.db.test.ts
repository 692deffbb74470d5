import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { Dataset } from '@instandt/dicom'
import { imageLines, makeFile, syntaxes } from './wado.fixture.ts'
import { assertProblem, get, native, nextUid, origin, partsOf, request, store } from './wado-server.fixture.ts'

test('a frame of one bit a pixel that starts inside a byte is sent from its first bit', async () => {
  const rows = 3
  const columns = 7
  const bits = Array.from({ length: 4 * rows * columns }, () => Math.round(Math.random()))
  const pixels = Buffer.alloc(Math.ceil(bits.length / 16) * 2)
  for (const [at, bit] of bits.entries()) pixels[at >> 3] = (pixels[at >> 3] ?? 0) | (bit << (at & 7))
  const lines = imageLines({ uid: nextUid(), frames: 4, rows, columns, bits: 1, pixels: ['7FE00010', 'OW', pixels] })
  const { path: address } = await store(makeFile(syntaxes.explicit, lines))
  const parts = await partsOf(await get(`${address}/frames/1,2,3,4`))
  for (const [frame, { body }] of parts.entries()) {
    const found = Array.from({ length: rows * columns }, (_, at) => ((body[at >> 3] ?? 0) >> (at & 7)) & 1)
    assert.deepEqual(found, bits.slice(frame * rows * columns, (frame + 1) * rows * columns))
    assert.equal(body.length, 3)
  }
})

test('compressed frames are their fragments joined, under the name of their format or as octets', async () => {
  const first = randomBytes(100)
  const second = [randomBytes(50), randomBytes(60), randomBytes(2)]
  const third = randomBytes(80)
  const table = Buffer.alloc(12)
  table.writeUInt32LE(108, 4)
  table.writeUInt32LE(108 + 112 + 24, 8)
  const lines = imageLines({
    uid: nextUid(),
    frames: 3,
    rows: 10,
    columns: 10,
    bits: 16,
    pixels: ['7FE00010', 'OB', [table, first, ...second, third]],
  })
  const { path: address } = await store(makeFile(syntaxes.jpegLs, lines))
  const wanted = [first, Buffer.concat(second), third]

  const all = await get(`${address}/frames/1,2,3`)
  const parts = await partsOf(all)
  assert.deepEqual(
    parts.map(({ body }) => body),
    wanted,
  )
  assert.equal(Number(all.headers['content-length']), all.body.length)
  assert.equal(parts[0]?.type, `image/jls; transfer-syntax=${syntaxes.jpegLs}`)
  const octets = await partsOf(
    await get(`${address}/frames/3,2`, 'multipart/related; type=application/octet-stream; transfer-syntax=*'),
  )
  assert.deepEqual(
    octets.map(({ body }) => body),
    [wanted[2], wanted[1]],
  )
  assert.equal(octets[0]?.type, `application/octet-stream; transfer-syntax=${syntaxes.jpegLs}`)
  assert.ok((await get(`${address}/frames/2`, 'image/jls')).body.equals(Buffer.concat(second)))
  assert.equal((await request(`${address}/frames/1`, { accept: 'multipart/related; type=image/jp2' })).status, 406)

  const bulk = await partsOf(await get(`${address}/bulkdata/7FE00010`))
  assert.deepEqual(
    bulk.map(({ body }) => body),
    wanted,
  )
})

test('a frame list that is none is 400, a frame beyond the last 404 with the count', async () => {
  const { path: address } = await store(native({ frames: 5 }).bytes)
  for (const list of ['0', '1,0', 'a', '1,', ',1', '1;2', '-1', '1.5', '1 ', '9999999999']) {
    await assertProblem(`${address}/frames/${encodeURIComponent(list)}`, 400, 'frame-list-invalid')
  }
  await assertProblem(`${address}/frames/6`, 404, 'frame-not-found', /no frame 6.* 5/)
  await assertProblem(`${address}/frames/1,999999999`, 404, 'frame-not-found')
  assert.equal((await partsOf(await get(`${address}/frames/1%2C2`))).length, 2)
  assert.equal(
    (await partsOf(await get(`${address}/frames/${Array.from({ length: 500 }, () => 3).join(',')}`))).length,
    500,
  )
})

test('frames that are not there are 404 with the reason', async () => {
  const none = await store(makeFile(syntaxes.explicit, imageLines({ uid: nextUid(), rows: 10, columns: 10, bits: 16 })))
  await assertProblem(`${none.path}/frames/1`, 404, 'pixel-data-missing', /no pixel data/)
  const cut = imageLines({
    uid: nextUid(),
    frames: 4,
    rows: 10,
    columns: 10,
    bits: 16,
    pixels: ['7FE00010', 'OW', randomBytes(500)],
  })
  const short = await store(makeFile(syntaxes.explicit, cut))
  assert.equal((await partsOf(await get(`${short.path}/frames/1,2`))).length, 2)
  await assertProblem(`${short.path}/frames/3`, 404, 'frame-not-found', /2 whole frames of the 4/)
})

const bulkLines = imageLines({
  uid: '1.2.3.4.900',
  rows: 2,
  columns: 2,
  bits: 16,
  pixels: ['7FE00010', 'OW', randomBytes(8)],
  extra: [
    ['00090010', 'LO', 'HOUSE'],
    ['00091001', 'OB', randomBytes(70_001)],
    ['00091002', 'OW', randomBytes(5_000)],
    ['00081030', 'LO', 'he said "BulkDataURI":"bulkdata/00081030"'],
  ],
})

test('metadata names its bulk data by addresses that answer with the bytes', async () => {
  const { path: address, read } = await store(makeFile(syntaxes.explicit, bulkLines))
  for (const level of [address, address.slice(0, address.indexOf('/instances')), '/studies/1.2.3']) {
    const answer = await get(`${level}/metadata`, 'application/dicom+json')
    assert.equal(answer.headers['content-type'], 'application/dicom+json')
    const datasets = JSON.parse(answer.body.toString()) as Dataset[]
    const dataset = datasets.find((one) => one['00080018']?.Value?.[0] === '1.2.3.4.900')
    assert.ok(dataset)
    assert.deepEqual(dataset['00081030'], read.dataset['00081030'])
    const bulk = Object.entries(dataset).filter(([, { BulkDataURI }]) => BulkDataURI !== undefined)
    assert.deepEqual(
      bulk.map(([tag, { BulkDataURI }]) => [tag, BulkDataURI]),
      ['00091001', '00091002', '7FE00010'].map((tag) => [tag, `${origin}/dicom-web${address}/bulkdata/${tag}`]),
    )
    for (const [tag, { BulkDataURI }] of bulk) {
      const value = bulkLines.find(([name]) => name === tag)?.[2] as Buffer
      const padded = value.length % 2 === 0 ? value : Buffer.concat([value, Buffer.from(' ')])
      const [part] = await partsOf(await get(BulkDataURI ?? ''))
      assert.ok(part?.body.equals(padded), tag)
      assert.ok((await get(BulkDataURI ?? '', 'application/octet-stream')).body.equals(padded), tag)
    }
  }
})

test('bulk data of big-endian and deflated files is little endian and whole', async () => {
  for (const syntax of [syntaxes.bigEndian, syntaxes.deflated]) {
    const lines = bulkLines.map((line): typeof line => (line[0] === '00080018' ? ['00080018', 'UI', nextUid()] : line))
    const { path: address } = await store(makeFile(syntax, lines))
    for (const tag of ['00091001', '00091002', '7FE00010']) {
      const value = Buffer.from(lines.find(([name]) => name === tag)?.[2] as Buffer)
      const wanted = syntax === syntaxes.bigEndian && tag !== '00091001' ? value.swap16() : value
      const { body } = await get(`${address}/bulkdata/${tag}`, 'application/octet-stream')
      assert.ok(body.subarray(0, value.length).equals(wanted), `${syntax} ${tag}`)
    }
  }
})

test('bulk data that is not there is 404', async () => {
  const { path: address } = await store(native().bytes)
  for (const name of ['00091001', '54000100/0/54001010', 'x', '7FE00010/0', '7FE00010%00']) {
    await assertProblem(`${address}/bulkdata/${name}`, 404, 'bulkdata-not-found')
  }
})
