import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { Dataset } from '@instandt/dicom'
import { newKey } from '../../secrets/keys.ts'
import { imageLines, makeFile, originOf, startTestApp, stopTestApp, syntaxes } from './wado.fixture.ts'
import {
  assertProblem,
  blobs,
  database,
  get,
  native,
  origin,
  partsOf,
  problemOf,
  request,
  store,
} from './wado-server.fixture.ts'

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

test('a transfer syntax that is neither stored nor can be written is 406 unless another range fits', async () => {
  const { path: address, bytes } = await store(native().bytes)
  const other = 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50'
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

test('the boundary of an answer is the same on every server, and nobody without the keys can put it into a file', async () => {
  const { path: address } = await store(native({ frames: 2 }).bytes)
  const series = address.slice(0, address.indexOf('/instances'))
  const routes = [series, address, `${address}/frames/1,2`, `${series}/rendered`, `${series}/pixeldata`]
  const [own, others] = await Promise.all([
    startTestApp({ db: database.db, blobs }),
    startTestApp({ db: database.db, blobs, keys: newKey() }),
  ])
  try {
    for (const route of routes) {
      const [here, there, foreign] = await Promise.all(
        [origin, originOf(own), originOf(others)].map(async (server) => {
          const { headers } = await request(`${server}/dicom-web${route}`, {}, 'HEAD')
          return { boundary: /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1], etag: headers.etag }
        }),
      )
      assert.match(here?.boundary ?? '', /^instandt-[\w-]{43}$/, route)
      assert.deepEqual(there, here, route)
      assert.notEqual(foreign?.boundary, here?.boundary, route)
      // Other bytes are never under the same strong tag.
      assert.notEqual(foreign?.etag, here?.etag, route)
    }
  } finally {
    await Promise.all([stopTestApp(own), stopTestApp(others)])
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
