import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { blobs, get, native, nextUid, problemOf, request, store } from './wado-server.fixture.ts'
import { imageLines, makeFile, syntaxes } from './wado.fixture.ts'

const octets = 'application/octet-stream'

test('a part of every answer whose length is known is cut to the byte', async () => {
  const { path: address, bytes } = await store(native({ frames: 3 }).bytes)
  const fragments = [Buffer.alloc(0), randomBytes(50), randomBytes(60), randomBytes(70)]
  const lines = imageLines({
    uid: nextUid(),
    frames: 3,
    rows: 9,
    columns: 9,
    bits: 16,
    pixels: ['7FE00010', 'OB', fragments],
  })
  const compressed = (await store(makeFile(syntaxes.jpegLs, lines))).path
  const bigEndian = (await store(native({ syntax: syntaxes.bigEndian, frames: 2 }).bytes)).path
  const deflated = (await store(native({ syntax: syntaxes.deflated, frames: 2 }).bytes)).path
  const answers: [where: string, accept: string][] = [
    [address, 'application/dicom'],
    [address, 'multipart/related; type="application/dicom"'],
    [`${address}/frames/2`, octets],
    [`${address}/frames/3,1`, `multipart/related; type="${octets}"`],
    [`${address}/bulkdata/7FE00010`, octets],
    [`${address}/pixeldata`, octets],
    [`${compressed}/frames/2`, 'image/jls'],
    [`${compressed}/bulkdata/7FE00010`, 'multipart/related; type="image/jls"'],
    [`${bigEndian}/bulkdata/7FE00010`, octets],
    [`${bigEndian}/frames/2`, octets],
    [`${deflated}/pixeldata`, octets],
    [`${deflated}/frames/2`, octets],
  ]
  for (const [where, accept] of answers) {
    const whole = await get(where, accept)
    const size = whole.body.length
    assert.equal(whole.headers['accept-ranges'], 'bytes', where)
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      [`bytes=7-${size - 5}`, 7, size - 4],
      [`bytes=${size - 3}-`, size - 3, size],
      ['bytes=-9', size - 9, size],
    ] as const) {
      const part = await request(where, { accept, range })
      assert.equal(part.status, 206, `${where} ${range}: ${part.body.toString().slice(0, 200)}`)
      assert.equal(part.headers['content-range'], `bytes ${from}-${to - 1}/${size}`)
      assert.equal(Number(part.headers['content-length']), to - from)
      assert.equal(part.headers['content-type'], whole.headers['content-type'])
      assert.equal(part.headers['etag'], whole.headers['etag'])
      assert.ok(part.body.equals(whole.body.subarray(from, to)), `${where} ${accept} ${range}`)
    }
  }
  assert.ok((await get(address, 'application/dicom')).body.equals(bytes))
})

test('pieces asked for one after the other are the file', async () => {
  const { path: address, bytes } = await store(native({ rows: 400, columns: 400, frames: 3 }).bytes)
  const pieces: Buffer[] = []
  let etag: string | undefined
  for (let at = 0; at < bytes.length; at += 100_003) {
    const range = `bytes=${at}-${at + 100_002}`
    const headers = { accept: 'application/dicom', range, ...(etag === undefined ? {} : { 'if-range': etag }) }
    const { status, body, headers: given } = await request(address, headers)
    assert.equal(status, 206)
    etag = given['etag']
    pieces.push(body)
  }
  assert.ok(Buffer.concat(pieces).equals(bytes))
})

test('only the part is read from the store', async (context) => {
  const { path: address } = await store(native({ rows: 500, columns: 500, frames: 4 }).bytes)
  const read = context.mock.method(blobs, 'read')
  const range = 'bytes=1500000-1500009'
  assert.equal((await request(address, { accept: 'application/dicom', range })).status, 206)
  assert.equal((await request(`${address}/bulkdata/7FE00010`, { accept: octets, range })).status, 206)
  assert.deepEqual(
    read.mock.calls.map((call) => call.arguments[1]?.length),
    [10, 10],
  )
})

test('a range behind the end is 416 and says how long it is', async () => {
  const { path: address, bytes } = await store(native().bytes)
  const answer = await request(address, { accept: 'application/dicom', range: `bytes=${bytes.length}-` })
  assert.equal(answer.status, 416)
  assert.equal(answer.headers['content-range'], `bytes */${bytes.length}`)
  assert.equal(problemOf(answer).code, 'range-not-satisfiable')
})

test('what cannot be cut is sent whole: several ranges, other units, answers of unknown length, other content', async () => {
  const { path: address, bytes } = await store(native().bytes)
  const accept = 'application/dicom'
  for (const headers of [
    { accept, range: 'bytes=0-1,4-5' },
    { accept, range: 'frames=1-2' },
    { accept, range: 'bytes=0-1', 'if-range': '"another"' },
    { accept, range: 'bytes=0-1', 'if-range': 'Thu, 26 Nov 2026 08:00:00 GMT' },
  ]) {
    const answer = await request(address, headers)
    assert.equal(answer.status, 200)
    assert.ok(answer.body.equals(bytes))
  }
  const metadata = await request(`${address}/metadata`, { range: 'bytes=0-1' })
  assert.deepEqual([metadata.status, metadata.headers['accept-ranges']], [200, undefined])
  const head = await request(address, { accept, range: 'bytes=0-1' }, 'HEAD')
  assert.deepEqual([head.status, Number(head.headers['content-length'])], [200, bytes.length])
  const etag = String(head.headers['etag'])
  assert.equal((await request(address, { accept, range: 'bytes=0-1', 'if-none-match': etag })).status, 304)
})
