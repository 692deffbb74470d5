import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseMediaType, splitMultipart } from '@instandt/dicom'
import { decodeFrame, readJpegHeader } from '@instandt/pixels'
import { createNodeCodecs } from '@instandt/pixels/node'
import { attributesOf, buildInstance, type InstanceOptions, uidOf } from '@instandt/testkit/files'
import { type Png, readPng } from '../../pixels/read-png.fixture.ts'
import { startDeriving } from '../../renditions/derive-loop.ts'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'

let backend: TestBackend
const columns = 60
const rows = 40
/** Value of a pixel: a slope of whole numbers. */
const valueAt = (column: number, row: number): number => 1000 + column * 10 + row
const slope = Uint16Array.from({ length: columns * rows }, (_, at) => valueAt(at % columns, Math.floor(at / columns)))
const slopeBytes = new Uint8Array(slope.buffer)
const study = uidOf('rendered study')

before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

async function store(seed: string, options: InstanceOptions = {}): Promise<string> {
  const file = buildInstance({
    seed,
    studyInstanceUid: study,
    seriesInstanceUid: uidOf('rendered series'),
    image: { columns, rows, frame: () => slopeBytes },
    ...options,
  })
  const answer = await backend.stow([file])
  assert.equal(answer.status, 200, await answer.text())
  const series = options.seriesInstanceUid ?? uidOf('rendered series')
  return `/dicom-web/studies/${study}/series/${series}/instances/${uidOf(seed, 'instance')}`
}

async function png(address: string): Promise<Png> {
  const answer = await backend.get(address, { accept: 'image/png' })
  assert.equal(answer.status, 200, `${address} ${answer.status === 200 ? '' : await answer.text()}`)
  assert.equal(answer.headers.get('content-type'), 'image/png')
  return readPng(new Uint8Array(await answer.arrayBuffer()))
}

async function problem(address: string, headers: Record<string, string> = {}): Promise<[number, string, string]> {
  const answer = await backend.get(address, headers)
  const { code = '', detail = '' } = (await answer.json()) as { code?: string; detail?: string }
  return [answer.status, code, detail]
}

test('a window asked for makes exactly the greys of the standard, pixel for pixel', async () => {
  const instance = await store('plain')
  // Black up to 1000, white from 1255 on.
  const picture = await png(`${instance}/rendered?window=1127.5,255,linear-exact`)
  assert.deepEqual([picture.columns, picture.rows, picture.components], [columns, rows, 1])
  for (const [column, row] of [
    [0, 0],
    [10, 5],
    [25, 0],
    [59, 39],
  ] as const)
    assert.equal(
      picture.pixels[row * columns + column],
      Math.min(255, valueAt(column, row) - 1000),
      `${column}, ${row}`,
    )
  const frame = await png(`${instance}/frames/1/rendered?window=1127.5,255,linear-exact`)
  assert.deepEqual(frame.pixels, picture.pixels)
})

test('MONOCHROME1 is inverted, and the window of the file is the one without asking', async () => {
  const first = await store('first', {
    attributes: attributesOf({
      PhotometricInterpretation: 'MONOCHROME1',
      WindowCenter: '1127.5',
      WindowWidth: '255',
      VOILUTFunction: 'LINEAR_EXACT',
    }),
  })
  const { pixels } = await png(`${first}/rendered`)
  assert.deepEqual([pixels[0], pixels[10], pixels[59]], [255, 155, 0])
})

test('JPEG by default, GIF too; the type is negotiated, the query before the header', async () => {
  const instance = await store('plain')
  for (const accept of [undefined, '*/*', 'image/*', 'image/jpeg', 'image/webp, image/jpeg;q=0.5']) {
    const answer = await backend.get(`${instance}/rendered`, accept === undefined ? {} : { accept })
    assert.equal(answer.headers.get('content-type'), 'image/jpeg', accept)
    const header = readJpegHeader(new Uint8Array(await answer.arrayBuffer()))
    // A small picture: its grey is in three components.
    assert.deepEqual(header, { process: 0, columns, rows, components: 3, adobeTransform: undefined })
  }
  const gif = await backend.get(`${instance}/rendered?accept=image/gif`, { accept: 'image/png' })
  assert.equal(gif.headers.get('content-type'), 'image/gif')
  assert.equal(Buffer.from(await gif.arrayBuffer()).toString('latin1', 0, 6), 'GIF89a')
  assert.deepEqual((await problem(`${instance}/rendered`, { accept: 'image/webp' })).slice(0, 2), [
    406,
    'not-acceptable',
  ])
})

test('quality makes JPEG larger and closer', async () => {
  const instance = await store('plain')
  const sizes = await Promise.all(
    [5, 60, 100].map(async (quality) => {
      const answer = await backend.get(`${instance}/rendered?quality=${quality}`)
      return (await answer.arrayBuffer()).byteLength
    }),
  )
  assert.ok(sizes[0]! < sizes[1]! && sizes[1]! < sizes[2]!, sizes.join())
})

test('the viewport is fitted into, a part is cut out of the source and may be mirrored', async () => {
  const instance = await store('plain')
  const window = 'window=1127.5,255,linear-exact'
  const half = await png(`${instance}/rendered?${window}&viewport=30,30`)
  assert.deepEqual([half.columns, half.rows], [30, 20])
  const twice = await png(`${instance}/rendered?${window}&viewport=120,500`)
  assert.deepEqual([twice.columns, twice.rows], [120, 80])
  const part = await png(`${instance}/rendered?${window}&viewport=4,2,10,20,4,2`)
  assert.deepEqual([...part.pixels], [120, 130, 140, 150, 121, 131, 141, 151])
  const mirrored = await png(`${instance}/rendered?${window}&viewport=4,2,10,20,-4,-2`)
  assert.deepEqual([...mirrored.pixels], [151, 141, 131, 121, 150, 140, 130, 120])
})

test('a part without a window is shown as it is in the whole', async () => {
  for (const windowOfFile of [{}, { WindowCenter: '1127.5', WindowWidth: '255', VOILUTFunction: 'LINEAR_EXACT' }]) {
    const isOfFile = 'WindowCenter' in windowOfFile
    const instance = await store(`part ${isOfFile}`, { attributes: attributesOf(windowOfFile) })
    const whole = await png(`${instance}/rendered`)
    const part = await png(`${instance}/rendered?viewport=4,2,10,20,4,2`)
    const cut = [20, 21].flatMap((row) => [10, 11, 12, 13].map((column) => whole.pixels[row * columns + column]))
    assert.deepEqual([...part.pixels], cut)
    if (isOfFile) assert.equal(part.pixels[0], 120)
  }
})

test('a picture is not enlarged beyond the memory there is', async () => {
  const instance = await store('colour', {
    image: {
      columns: 40,
      rows: 40,
      samplesPerPixel: 3,
      bitsAllocated: 8,
      bitsStored: 8,
      photometric: 'RGB',
      frame: () => new Uint8Array(40 * 40 * 3).fill(9),
    },
  })
  const [status, code, detail] = await problem(`${instance}/rendered?viewport=8192,8192`)
  assert.deepEqual([status, code], [400, 'image-too-large'])
  assert.match(detail, /^viewport: .*8192 × 8192/)
  assert.equal((await png(`${instance}/rendered?viewport=400,400`)).columns, 400)
})

test('a part that one image of a series does not have keeps none of the others back', async () => {
  const seriesInstanceUid = uidOf('sizes')
  const small = { columns: 8, rows: 8, frame: () => new Uint8Array(128) }
  await store('size a', { seriesInstanceUid, image: small })
  const large = await store('size b', { seriesInstanceUid })
  await store('size c', { seriesInstanceUid, image: small })
  const address = `/dicom-web/studies/${study}/series/${seriesInstanceUid}/rendered?viewport=4,2,`
  const parts = await partsOf(`${address}10,20,4,2`)
  assert.deepEqual(
    parts.map(({ location }) => location.includes(large.split('/').at(-1)!)),
    [true],
  )
  const nowhere = await problem(`${address}100,20,4,2`)
  assert.deepEqual(nowhere.slice(0, 2), [400, 'malformed-query'])
})

test('faults are named by their parameter; what is not drawn is said', async () => {
  const instance = await store('plain')
  for (const [query, name] of [
    ['window=1', 'window'],
    ['viewport=0,0', 'viewport'],
    ['viewport=5,5,50,0,20,5', 'viewport'],
    ['quality=1000', 'quality'],
    ['annotation=all', 'annotation'],
  ]) {
    const [status, code, detail] = await problem(`${instance}/rendered?${query}`)
    assert.deepEqual([status, code], [400, 'malformed-query'], query)
    assert.ok(detail.startsWith(`${name}: `), detail)
  }
  const annotated = await backend.get(`${instance}/rendered?annotation=patient`)
  assert.equal(annotated.status, 200)
  assert.match(annotated.headers.get('warning') ?? '', /annotation is not supported/)
  assert.deepEqual((await problem(`${instance}/frames/2/rendered`)).slice(0, 2), [404, 'frame-not-found'])
  assert.deepEqual((await problem(`${instance}/frames/0/rendered`)).slice(0, 2), [400, 'frame-list-invalid'])
  assert.equal((await problem(`${instance.replace(study, '1.2.3')}/rendered`))[0], 404)
})

async function partsOf(address: string): Promise<{ type: string; location: string; bytes: Buffer }[]> {
  const answer = await backend.get(address, { accept: 'multipart/related; type="image/png"' })
  assert.equal(answer.status, 200)
  const boundary = parseMediaType(answer.headers.get('content-type') ?? '').parameters.get('boundary') ?? ''
  const parts: { type: string; location: string; bytes: Buffer }[] = []
  const body = answer.body as unknown as AsyncIterable<Uint8Array>
  for await (const part of splitMultipart(body, boundary)) {
    const pieces: Uint8Array[] = []
    for await (const piece of part.body) pieces.push(Uint8Array.from(piece))
    const { headers } = part
    parts.push({
      type: headers.get('content-type') ?? '',
      location: headers.get('content-location') ?? '',
      bytes: Buffer.concat(pieces),
    })
  }
  return parts
}

test('several frames, a series and a study are parts of one answer; what is no image is left out', async () => {
  const series = uidOf('many')
  const words = await store('words', { seriesInstanceUid: series, image: null })
  const frames = await store('frames', {
    seriesInstanceUid: series,
    image: { columns, rows, frames: 3, frame: (index) => new Uint8Array(slope.map((value) => value + index).buffer) },
  })
  const window = 'window=1127.5,255,linear-exact'
  const parts = await partsOf(`${frames}/frames/3,1/rendered?${window}`)
  assert.deepEqual(
    parts.map(({ type, bytes, location }) => [type, readPng(bytes).pixels[0], location.slice(-18)]),
    [
      ['image/png', 2, '/frames/3/rendered'],
      ['image/png', 0, '/frames/1/rendered'],
    ],
  )
  const many = Array.from({ length: 150 }, (_, at) => (at % 3) + 1)
  const ofMany = await partsOf(`${frames}/frames/${many.join()}/rendered?${window}`)
  assert.deepEqual(
    ofMany.map(({ bytes }) => readPng(bytes).pixels[0]),
    many.map((frame) => frame - 1),
    'a list of more than 256 signs',
  )
  const noName = `/dicom-web/studies/${'1'.repeat(257)}/rendered`
  assert.deepEqual((await problem(noName)).slice(0, 2), [404, 'instance-not-found'])
  const ofSeries = await partsOf(`/dicom-web/studies/${study}/series/${series}/rendered`)
  assert.equal(ofSeries.length, 1)
  assert.ok(ofSeries[0]?.location.endsWith(`${frames.slice(frames.indexOf('/instances'))}/rendered`))
  assert.ok((await partsOf(`/dicom-web/studies/${study}/rendered`)).length >= 3)
  assert.deepEqual((await problem(`${words}/rendered`)).slice(0, 2), [404, 'pixel-data-missing'])
  const lonely = uidOf('lonely')
  await store('alone', { seriesInstanceUid: lonely, image: null })
  const nothing = await problem(`/dicom-web/studies/${study}/series/${lonely}/rendered`)
  assert.deepEqual(nothing.slice(0, 2), [404, 'pixel-data-missing'])
})

test('what cannot be decoded is 406 with the reason', async () => {
  const video = await store('video', { transferSyntaxUid: '1.2.840.10008.1.2.4.102' })
  const [status, code, detail] = await problem(`${video}/rendered`)
  assert.deepEqual([status, code], [406, 'image-not-renderable'])
  assert.match(detail, /video/)
})

test('an ETag stands for the picture asked for, HEAD draws nothing', async () => {
  const instance = await store('plain')
  const tags = await Promise.all(
    ['', '?quality=50', '?viewport=10,10', '?accept=image/png'].map(async (query) => {
      const answer = await backend.get(`${instance}/rendered${query}`)
      await answer.arrayBuffer()
      return answer.headers.get('etag') ?? ''
    }),
  )
  assert.equal(new Set(tags).size, 4)
  const again = await backend.get(`${instance}/rendered`, { 'if-none-match': tags[0]! })
  assert.equal(again.status, 304)
})

async function thumbnail(address: string): Promise<{ columns: number; rows: number; components: number }> {
  const answer = await backend.get(`${address}/thumbnail`)
  assert.equal(answer.status, 200, `${address}: ${answer.status === 200 ? '' : await answer.text()}`)
  assert.equal(answer.headers.get('content-type'), 'image/jpeg')
  const header = readJpegHeader(new Uint8Array(await answer.arrayBuffer()))
  assert.ok(header)
  return header
}

test('a thumbnail at every level, before it is made and after; smaller and of another type when asked for', async () => {
  const series = uidOf('thumbnails')
  const wide = { columns: 1000, rows: 300 }
  const values = new Uint16Array(wide.columns * wide.rows).map((_, at) => at % 1000)
  const instance = await store('wide', {
    seriesInstanceUid: series,
    image: { ...wide, frame: () => new Uint8Array(values.buffer) },
  })
  const places = [
    `/dicom-web/studies/${study}`,
    `/dicom-web/studies/${study}/series/${series}`,
    instance,
    `${instance}/frames/1`,
  ]
  const before = await thumbnail(instance)
  assert.deepEqual([before.columns, before.rows], [256, 77])
  for (const place of places) await thumbnail(place)

  const deriving = startDeriving(backend.deps, () => async () => undefined)
  const made = async (): Promise<boolean> => {
    const sql = `select count(*) from rendition_job where thumbnail = 'waiting' or state = 'waiting'`
    return (await backend.db.pool.query<{ count: number }>(sql)).rows[0]?.count === 0
  }
  while (!(await made())) await new Promise((resolve) => setTimeout(resolve, 50))
  await deriving.stop()

  for (const place of places) await thumbnail(place)
  const afterwards = await thumbnail(instance)
  assert.deepEqual([afterwards.columns, afterwards.rows], [256, 77])
  // Its greys are those of the image: dark on the left, bright on the right.
  const answer = await backend.get(`${instance}/thumbnail?viewport=100,100`, { accept: 'image/png' })
  const small = readPng(new Uint8Array(await answer.arrayBuffer()))
  assert.deepEqual([small.columns, small.rows], [100, 30])
  assert.ok(small.pixels[5]! < 30 && small.pixels[95]! > 225, `${small.pixels[5]} ${small.pixels[95]}`)

  const words = `/dicom-web/studies/${study}/series/${uidOf('many')}/instances/${uidOf('words', 'instance')}`
  assert.deepEqual((await problem(`${words}/thumbnail`)).slice(0, 2), [404, 'thumbnail-missing'])
  assert.deepEqual((await problem(`/dicom-web/studies/1.2.3/thumbnail`)).slice(0, 2), [404, 'thumbnail-missing'])
  assert.deepEqual((await problem(`${instance}/frames/1,1/thumbnail`)).slice(0, 2), [400, 'frame-list-invalid'])

  // From the rendition's low resolution now, and the same picture.
  const window = 'window=500,1000,linear-exact&viewport=250,250'
  const fromRendition = await png(`${instance}/rendered?${window}`)
  await backend.db.pool.query('delete from rendition')
  const fromFrame = await png(`${instance}/rendered?${window}`)
  assert.deepEqual([fromRendition.columns, fromRendition.rows], [fromFrame.columns, fromFrame.rows])
  const differences = fromRendition.pixels.map((grey, at) => Math.abs(grey - fromFrame.pixels[at]!))
  assert.ok(Math.max(...differences) <= 2, String(Math.max(...differences)))
})

test('a large image is drawn from its rows as they are read, and a part of it from its own rows only', async () => {
  const size = { columns: 3000, rows: 3000 }
  const values = new Uint16Array(size.columns * size.rows)
  for (let at = 0; at < values.length; at += 1) values[at] = Math.floor(at / size.columns)
  const instance = await store('tall', { image: { ...size, frame: () => new Uint8Array(values.buffer) } })
  const small = await png(`${instance}/rendered?window=1500,3000,linear-exact&viewport=300,300`)
  for (const row of [0, 150, 299]) {
    const expected = ((row * 10 + 4.5) * 255) / 3000
    assert.ok(Math.abs(small.pixels[row * 300 + 7]! - expected) < 1, `row ${row}`)
  }
  const part = await png(`${instance}/rendered?window=2927.5,255,linear-exact&viewport=50,20,10,2800,50,20`)
  assert.deepEqual(
    [0, 19].map((row) => part.pixels[row * 50]),
    [0, 19],
  )
})

test('a GIF holds every grey exactly', async () => {
  const values = Uint8Array.from({ length: 256 * 200 }, (_, at) => (at * 7 + (at >> 8) * 13) & 0xff)
  const instance = await store('gif', {
    image: { columns: 256, rows: 200, bitsAllocated: 8, bitsStored: 8, frame: () => values },
  })
  const answer = await backend.get(`${instance}/rendered?window=127.5,255,linear-exact&accept=image/gif`)
  assert.deepEqual(readGif(new Uint8Array(await answer.arrayBuffer())), values)
})

/** Indices of the one picture in a GIF whose palette is every grey (GIF 89a, appendix F). */
function readGif(bytes: Uint8Array): Uint8Array {
  let at = 13 + 768 + 10
  const [codeSize] = [bytes[at++]!]
  const data: number[] = []
  for (let size = bytes[at++]!; size > 0; size = bytes[at++]!) {
    data.push(...bytes.subarray(at, at + size))
    at += size
  }
  const clear = 1 << codeSize
  const out: number[] = []
  let table: number[][] = []
  let bits = codeSize + 1
  let previous: number[] | undefined
  for (let bit = 0; ;) {
    let code = 0
    for (let step = 0; step < bits; step += 1, bit += 1) code |= ((data[bit >> 3]! >> (bit & 7)) & 1) << step
    if (code === clear + 1) return Uint8Array.from(out)
    if (code === clear) {
      table = Array.from({ length: clear + 2 }, (_, index) => [index])
      bits = codeSize + 1
      previous = undefined
      continue
    }
    const known: number[] = table[code] ?? [...previous!, previous![0]!]
    if (previous) table.push([...previous, known[0]!])
    if (table.length === 1 << bits && bits < 12) bits += 1
    out.push(...known)
    previous = known
  }
}

test('decoded JPEG is near what was drawn', async () => {
  const instance = await store('plain')
  const answer = await backend.get(`${instance}/rendered?window=1127.5,255,linear-exact&quality=100`)
  const format = {
    rows,
    columns,
    samplesPerPixel: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    isSigned: false,
    isPlanar: false,
    photometric: 'YBR_FULL',
    kind: 'integer' as const,
    frameCount: 1,
  }
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const { stored } = await decodeFrame(bytes, '1.2.840.10008.1.2.4.50', format, createNodeCodecs())
  for (const at of [0, 12, 500, 2000]) {
    const expected = Math.min(255, slope[at]! - 1000)
    assert.ok(Math.abs(stored[3 * at]! - expected) <= 4, `${at}: ${stored[3 * at]} ${expected}`)
  }
})
