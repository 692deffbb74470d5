import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { get as httpGet, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Dataset } from '@instandt/dicom'
import { parseMediaType, splitMultipart } from '@instandt/dicom'
import { testDatabase } from '@instandt/testkit'
import type { TestDatabase } from '@instandt/testkit'
import { chunksOf, collect } from '../../storage/conformance.fixture.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { openDiskStore } from '../../storage/disk-store.ts'
import type { Stored } from './wado.fixture.ts'
import { imageLines, makeFile, originOf, startTestApp, stopTestApp, storeFile, syntaxes } from './wado.fixture.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'instandt-wado-'))
let database: TestDatabase
let blobs: BlobStore
let app: Awaited<ReturnType<typeof startTestApp>>
let origin: string

before(async () => {
  database = await testDatabase()
  blobs = await openDiskStore(folder)
  app = await startTestApp({ db: database.db, blobs })
  origin = originOf(app)
})
after(async () => {
  await stopTestApp(app)
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

async function request(address: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const call = httpRequest(address.startsWith('http') ? address : `${origin}/dicom-web${address}`, {
    method,
    headers,
    agent: false,
  })
  call.end()
  const [message] = (await once(call, 'response')) as [IncomingMessage]
  return { status: message.statusCode ?? 0, headers: message.headers, body: await collect(message) }
}

async function get(address: string, accept?: string): Promise<Answer> {
  const answer = await request(address, accept === undefined ? {} : { accept })
  assert.equal(answer.status, 200, answer.body.toString().slice(0, 500))
  return answer
}

interface Part {
  type: string
  location: string
  body: Buffer
}

async function partsOf({ headers, body }: Answer): Promise<Part[]> {
  const { type, parameters } = parseMediaType(headers['content-type'] ?? '')
  assert.equal(type, 'multipart/related')
  const parts: Part[] = []
  for await (const part of splitMultipart(chunksOf(body, 65_536), parameters.get('boundary') ?? '')) {
    parts.push({
      type: part.headers.get('content-type') ?? '',
      location: part.headers.get('content-location') ?? '',
      body: await collect(part.body),
    })
  }
  return parts
}

const problemOf = ({ body }: Answer): { code: string; detail: string } =>
  JSON.parse(body.toString()) as { code: string; detail: string }

async function assertProblem(address: string, status: number, code: string, words?: RegExp): Promise<void> {
  const answer = await request(address)
  assert.equal(answer.status, status, answer.body.toString())
  assert.equal(problemOf(answer).code, code)
  if (words) assert.match(problemOf(answer).detail, words)
}

let count = 0
const nextUid = (): string => `1.2.3.4.${(count += 1)}`

/** 16 bits, `frames` of 40 × 30 unless told. */
function native(options: { syntax?: string; frames?: number; rows?: number; columns?: number; uid?: string } = {}): {
  bytes: Buffer
  pixels: Buffer
  frameBytes: number
} {
  const { syntax = syntaxes.explicit, frames = 1, rows = 30, columns = 40, uid = nextUid() } = options
  const pixels = randomBytes(rows * columns * 2 * frames)
  const stored = syntax === syntaxes.bigEndian ? Buffer.from(pixels).swap16() : pixels
  const lines = imageLines({ uid, frames, rows, columns, bits: 16, pixels: ['7FE00010', 'OW', stored] })
  return { bytes: makeFile(syntax, lines), pixels, frameBytes: rows * columns * 2 }
}

async function store(bytes: Buffer): Promise<Stored> {
  const stored = await storeFile(app, database.db, bytes)
  assert.ok(stored, 'the upload was refused')
  return stored
}

test('an instance comes back byte for byte, as a part or by itself, with its length', async () => {
  const { path: address, bytes } = await store(native().bytes)
  const multipart = await get(address)
  const [part, ...more] = await partsOf(multipart)
  assert.ok(part?.body.equals(bytes) && more.length === 0)
  assert.equal(part?.type, `application/dicom; transfer-syntax=${syntaxes.explicit}`)
  assert.equal(part?.location, `${origin}/dicom-web${address}`)
  assert.equal(Number(multipart.headers['content-length']), multipart.body.length)

  const single = await get(address, 'application/dicom')
  assert.ok(single.body.equals(bytes))
  assert.equal(single.headers['content-type'], `application/dicom; transfer-syntax=${syntaxes.explicit}`)
  assert.equal(Number(single.headers['content-length']), bytes.length)
  assert.ok((await get(`${address}?accept=application/dicom`, '*/*')).body.equals(bytes))
})

test('an instance of many chunks comes back whole, as a part or by itself', async () => {
  for (const rows of [300, 1000, 3000]) {
    const { path: address, bytes } = await store(native({ rows, columns: 1000 }).bytes)
    assert.ok((await get(address, 'application/dicom')).body.equals(bytes))
    assert.ok((await partsOf(await get(address)))[0]?.body.equals(bytes))
    assert.ok((await get(`${address}/frames/1`, 'application/octet-stream')).body.equals(bytes.subarray(-rows * 2000)))
    for (const syntax of [syntaxes.bigEndian, syntaxes.deflated]) {
      const { bytes: other, pixels } = native({ rows, columns: 1000, syntax })
      const { path: turned } = await store(other)
      assert.ok((await get(`${turned}/frames/1`, 'application/octet-stream')).body.equals(pixels), syntax)
    }
  }
})

test('a transfer syntax other than the stored one is 406 unless another range fits', async () => {
  const { path: address, bytes } = await store(native().bytes)
  const other = 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80'
  const refused = await request(address, { accept: other })
  assert.equal(refused.status, 406)
  assert.match(problemOf(refused).detail, /1\.2\.840\.10008\.1\.2\.1/)
  assert.ok((await get(address, `${other}, application/dicom; transfer-syntax=*;q=0.1`)).body.equals(bytes))
})

test('a series and a study are all their files, whole, in the order of their numbers', async () => {
  const study = '1.2.3.77'
  const files: Buffer[] = []
  const insert = [30, 10, 20].map((number) => ({ number, series: number === 20 ? '1.2.3.77.2' : '1.2.3.77.1' }))
  for (const { number, series } of insert) {
    const uid = `1.2.3.77.${number}`
    const lines = imageLines({
      uid,
      rows: 300,
      columns: 1000,
      bits: 16,
      pixels: ['7FE00010', 'OW', randomBytes(600_000)],
      extra: [
        ['0020000D', 'UI', study],
        ['0020000E', 'UI', series],
        ['00200013', 'IS', String(number)],
      ],
    })
    files[number] = makeFile(syntaxes.explicit, lines)
    await store(files[number])
  }
  const whole = await partsOf(
    await get(`/studies/${study}`, 'multipart/related; type="application/dicom"; transfer-syntax=*'),
  )
  assert.deepEqual(
    whole.map(({ location }) => location.split('/').at(-1)),
    ['1.2.3.77.10', '1.2.3.77.30', '1.2.3.77.20'],
  )
  assert.ok([10, 30, 20].every((number, at) => whole[at]?.body.equals(files[number] ?? Buffer.alloc(0))))
  const series = await partsOf(await get(`/studies/${study}/series/1.2.3.77.1`))
  assert.deepEqual(
    series.map(({ location }) => location.split('/').at(-1)),
    ['1.2.3.77.10', '1.2.3.77.30'],
  )
})

for (const syntax of ['explicit', 'bigEndian', 'deflated'] as const) {
  test(`native frames (${syntax}) are the slices of the source in little endian, in the order asked for`, async () => {
    const { bytes, pixels, frameBytes } = native({ syntax: syntaxes[syntax], frames: 6 })
    const { path: address } = await store(bytes)
    for (const list of [[1], [6], [2, 3, 4], [5, 1, 1, 6]]) {
      const answer = await get(`${address}/frames/${list.join(',')}`)
      const parts = await partsOf(answer)
      assert.equal(parts.length, list.length)
      assert.equal(Number(answer.headers['content-length']), answer.body.length)
      for (const [at, frame] of list.entries()) {
        assert.ok(
          parts[at]?.body.equals(pixels.subarray((frame - 1) * frameBytes, frame * frameBytes)),
          `frame ${frame}`,
        )
        assert.equal(parts[at]?.type, `application/octet-stream; transfer-syntax=${syntaxes.explicit}`)
        assert.equal(parts[at]?.location, `${origin}/dicom-web${address}/frames/${frame}`)
      }
    }
    const single = await get(`${address}/frames/3`, 'application/octet-stream')
    assert.ok(single.body.equals(pixels.subarray(2 * frameBytes, 3 * frameBytes)))
    assert.equal(Number(single.headers['content-length']), frameBytes)
  })
}

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

test('a host that is no address cannot break out of the JSON', async () => {
  const { path: address } = await store(native().bytes)
  const answer = await request(`${address}/metadata`, { host: 'evil","x":"' })
  assert.equal(answer.status, 421)
})

test('the configured public address is used in metadata and locations', async () => {
  const behind = await startTestApp({ db: database.db, blobs, publicUrl: 'https://ndt.example.com' })
  try {
    const { path: address } = await store(native().bytes)
    const base = `${originOf(behind)}/dicom-web`
    const [dataset] = JSON.parse((await get(`${base}${address}/metadata`)).body.toString()) as Dataset[]
    assert.equal(dataset?.['7FE00010']?.BulkDataURI, `https://ndt.example.com/dicom-web${address}/bulkdata/7FE00010`)
    const [part] = await partsOf(await get(base + address))
    assert.equal(part?.location, `https://ndt.example.com/dicom-web${address}`)
  } finally {
    await stopTestApp(behind)
  }
})

/** Every retrieve route of one instance. */
const routesOf = (address: string): string[] => {
  const series = address.slice(0, address.indexOf('/instances'))
  const study = address.slice(0, address.indexOf('/series'))
  return [
    study,
    series,
    address,
    `${study}/metadata`,
    `${series}/metadata`,
    `${address}/metadata`,
    `${address}/frames/1`,
    `${address}/bulkdata/7FE00010`,
  ]
}

test('what belongs to another project is as unknown as what does not exist', async () => {
  const { rows } = await database.db.pool.query<{ id: number }>(
    `insert into project (slug, name) values ('other', 'Other') returning id`,
  )
  const lines = imageLines({
    uid: '9.9.3',
    rows: 2,
    columns: 2,
    bits: 16,
    pixels: ['7FE00010', 'OW', randomBytes(8)],
    extra: [
      ['0020000D', 'UI', '9.9.1'],
      ['0020000E', 'UI', '9.9.2'],
    ],
  })
  const { path: foreign } = await store(makeFile(syntaxes.explicit, lines))
  for (const table of ['study', 'series', 'instance']) {
    const belongs =
      table === 'study' ? 'study_instance_uid' : table === 'series' ? 'series_instance_uid' : 'sop_instance_uid'
    await database.db.pool.query(`update ${table} set project_id = $1 where ${belongs} like '9.9.%'`, [rows[0]?.id])
  }
  const unknown = '/studies/9.8.1/series/9.8.2/instances/9.8.3'
  for (const [at, address] of routesOf(foreign).entries()) {
    const [other, none] = [await request(address), await request(routesOf(unknown)[at] ?? '')]
    assert.equal(other.status, 404, address)
    assert.equal(problemOf(other).code, 'instance-not-found')
    assert.equal(problemOf(other).detail, problemOf(none).detail)
    assert.equal((await request(address, { 'if-none-match': '*' })).status, 404)
    assert.equal((await request(address, {}, 'HEAD')).status, 404)
  }
})

test('an instance is found only under its own study and series', async () => {
  const { path: address } = await store(native().bytes)
  for (const [right, wrong] of [
    ['/studies/1.2.3/', '/studies/1.2.3.77/'],
    ['/series/1.2.3.4/', '/series/1.2.3.77.1/'],
  ] as const) {
    for (const route of routesOf(address.replace(right, wrong)).filter((one) => one.includes('/instances/'))) {
      await assertProblem(route, 404, 'instance-not-found')
    }
  }
  for (const route of routesOf('/studies/%00/series/%00/instances/%00'))
    assert.equal((await request(route)).status, 404)
})

test('an answer known to the client is 304, HEAD has the headers of GET and no body', async () => {
  const { path: address } = await store(native().bytes)
  for (const route of routesOf(address)) {
    const full = await get(route)
    const { etag } = full.headers
    assert.match(etag ?? '', /^"[\w-]{43}"$/)
    assert.equal(full.headers['cache-control'], 'private, no-cache')
    for (const known of [etag ?? '', `"other", W/${etag}`, '*']) {
      const unchanged = await request(route, { 'if-none-match': known })
      assert.equal(unchanged.status, 304, route)
      assert.equal(unchanged.body.length, 0)
      assert.equal(unchanged.headers.etag, etag)
    }
    assert.equal((await request(route, { 'if-none-match': '"other"' })).status, 200)
    const head = await request(route, {}, 'HEAD')
    assert.equal(head.status, 200)
    assert.equal(head.body.length, 0)
    for (const name of ['etag', 'content-type', 'content-length'] as const)
      assert.equal(head.headers[name], full.headers[name], `${route} ${name}`)
    assert.ok((await get(route)).body.equals(full.body), 'equal answers are equal in every byte')
  }
})

test('representations and contents have ETags of their own', async () => {
  const { path: address } = await store(native({ frames: 3 }).bytes)
  const etags = new Set<string | undefined>()
  for (const [route, accept] of [
    [address, '*/*'],
    [address, 'application/dicom'],
    [`${address}/frames/1`, '*/*'],
    [`${address}/frames/2`, '*/*'],
    [`${address}/frames/2`, 'application/octet-stream'],
    [`${address}/metadata`, 'application/json'],
    [`${address}/metadata`, 'application/dicom+json'],
  ] as const) {
    etags.add((await get(route, accept)).headers.etag)
  }
  assert.equal(etags.size, 7)
  const series = address.slice(0, address.indexOf('/instances'))
  const old = (await get(`${series}/metadata`)).headers.etag ?? ''
  await store(native().bytes)
  assert.equal((await request(`${series}/metadata`, { 'if-none-match': old })).status, 200)
})

test('a missing blob is a 500 that says so, in every route that needs the bytes', async () => {
  const lines = imageLines({
    uid: '7.7.3',
    rows: 2,
    columns: 2,
    bits: 16,
    pixels: ['7FE00010', 'OW', randomBytes(8)],
    extra: [
      ['0020000D', 'UI', '7.7.1'],
      ['0020000E', 'UI', '7.7.2'],
    ],
  })
  const { path: address, blobKey } = await store(makeFile(syntaxes.explicit, lines))
  await blobs.delete(blobKey)
  for (const route of routesOf(address).filter((one) => !one.includes('/metadata')))
    await assertProblem(route, 500, 'blob-missing')
  assert.equal((await request(`${address}/metadata`)).status, 200)
})

test('bytes that end too early break the connection off', async () => {
  const { bytes } = native({ rows: 1000, columns: 1000 })
  const { path: address, blobKey } = await store(bytes)
  truncateSync(path.join(folder, blobKey), 1_200_000)
  for (const route of [address, `${address}/frames/1`]) {
    await assert.rejects(request(route), /aborted|hang up|ECONNRESET/)
    await assert.rejects(
      request(route, { accept: 'application/dicom, application/octet-stream' }),
      /aborted|hang up|ECONNRESET/,
    )
  }
  const series = address.slice(0, address.indexOf('/instances'))
  await assert.rejects(request(series), /aborted|hang up|ECONNRESET/)
  await database.db.pool.query('delete from instance where blob_key = $1', [blobKey])
})

function openBlobFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return target.startsWith(folder) ? [target] : []
    } catch {
      // Closed since it was listed.
      return []
    }
  })
}

const needsProc = process.platform === 'linux' ? false : 'needs /proc to count open files'

test(
  'a client that leaves in the middle leaves no open file and no busy connection to the database',
  { skip: needsProc },
  async () => {
    const study = '1.2.3.88'
    for (let number = 0; number < 12; number += 1) {
      const extra = [
        ['0020000D', 'UI', study] as [string, string, string],
        ['0020000E', 'UI', `${study}.1`] as [string, string, string],
      ]
      const pixels = ['7FE00010', 'OW', randomBytes(2_000_000)] as [string, string, Buffer]
      await store(
        makeFile(
          syntaxes.explicit,
          imageLines({ uid: `${study}.1.${number}`, rows: 1000, columns: 1000, bits: 16, extra, pixels }),
        ),
      )
    }
    for (const route of [`/studies/${study}`, `/studies/${study}/series/${study}.1/instances/${study}.1.3`]) {
      for (const bytesRead of [0, 1, 3_000_000]) {
        const call = httpGet(`${origin}/dicom-web${route}`, { agent: false })
        call.on('error', () => undefined)
        const [message] = (await once(call, 'response')) as [IncomingMessage]
        message.on('error', () => undefined)
        let read = 0
        if (bytesRead > 0) {
          for await (const chunk of message) {
            read += (chunk as Buffer).length
            if (read >= bytesRead) break
          }
        }
        call.destroy()
      }
    }
    for (let attempt = 0; attempt < 50 && openBlobFiles().length > 0; attempt += 1) await delay(20)
    assert.deepEqual(openBlobFiles(), [])
    assert.equal(database.db.pool.idleCount, database.db.pool.totalCount)
  },
)

test('readers of different speed get their own bytes from memory that is used again', async () => {
  const study = '1.2.3.88'
  const wanted = createHash('sha256')
    .update((await get(`/studies/${study}`)).body)
    .digest('hex')
  const read = async (pause: number): Promise<string> => {
    const hash = createHash('sha256')
    const call = httpGet(`${origin}/dicom-web/studies/${study}`, { agent: false })
    const [message] = (await once(call, 'response')) as [IncomingMessage]
    let chunks = 0
    for await (const chunk of message) {
      hash.update(chunk as Buffer)
      chunks += 1
      if (pause > 0 && chunks % 40 === 0) await delay(pause)
    }
    return hash.digest('hex')
  }
  const hashes = await Promise.all([0, 3, 0, 9, 0, 1, 0].map(read))
  assert.deepEqual(
    hashes,
    hashes.map(() => wanted),
  )
})

test('a slow reader of long metadata holds no connection to the database', async () => {
  const study = '1.2.3.99'
  const lines = imageLines({ uid: `${study}.1.1`, rows: 2, columns: 2, bits: 16 }).map((line): typeof line =>
    line[0] === '0020000D' ? ['0020000D', 'UI', study] : line,
  )
  const { path: address } = await store(
    makeFile(syntaxes.explicit, [...lines, ['00324000', 'UT', randomBytes(3_000).toString('hex')]]),
  )
  const copies = 3_000
  await database.db.pool.query(
    `insert into instance (series_id, study_id, project_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, instance_number, byte_size,
        sha256, blob_key, attributes, metadata)
      select series_id, study_id, project_id, sop_instance_uid || '.' || n, '', transfer_syntax_uid, n, 1, sha256, blob_key || n, '{}', metadata
      from instance, generate_series(1, $2) n where sop_instance_uid = $1`,
    [`${study}.1.1`, copies],
  )
  const { pool } = database.db
  const query = pool.query.bind(pool) as (...values: unknown[]) => unknown
  let pages = 0
  Object.assign(pool, {
    query(...values: unknown[]) {
      if ((values[0] as { name?: string }).name === 'wado-metadata') pages += 1
      return query(...values)
    },
  })
  try {
    const call = httpGet(`${origin}/dicom-web/studies/${study}/metadata`, { agent: false })
    const [message] = (await once(call, 'response')) as [IncomingMessage]
    await delay(300)
    assert.equal(pool.idleCount, pool.totalCount)
    assert.ok(pages < copies / 400, `${pages} pages were read for a reader who took none`)
    const datasets = JSON.parse((await collect(message)).toString()) as Dataset[]
    assert.equal(datasets.length, copies + 1)
    assert.ok(pages > copies / 400)
  } finally {
    Object.assign(pool, { query })
  }
  assert.ok((await get(`${address}/metadata`)).body.length > 6_000)
})
