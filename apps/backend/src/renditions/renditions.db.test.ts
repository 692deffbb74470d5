import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Rendition, renditionUrl, overviewUrl, tileUrl } from '@instandt/api'
import { decodeHtj2k, encodeFrame, createEncoders, type PixelFormat, readNativeFrame } from '@instandt/pixels'
import { createNodeCodecs } from '@instandt/pixels/node'
import { buildInstance, type ImageOptions, uidOf } from '@instandt/testkit/files'
import { claimRenditionJob, remakeRenditions } from '../data/rendition-jobs.ts'
import { readArchiveScope } from '../plugins/access.ts'
import { renditionPrefix } from '../storage/blob-keys.ts'
import { startTestBackend, type TestBackend } from '../test-backend.fixture.ts'
import { type Deriving, startDeriving } from './derive-loop.ts'
import { sweepRenditions } from './sweep-renditions.ts'

const codecs = createNodeCodecs()
let backend: TestBackend
let deriving: Deriving | undefined
/** Tests do not hold back. */
const unhurried = () => async () => undefined

before(async () => {
  backend = await startTestBackend()
})
after(async () => {
  await deriving?.stop()
  await backend.stop()
})

interface Job {
  state: string
  thumbnail: string
  frames_done: number
  frames_made: number
  reason: string | null
  attempts: number
}

async function jobOf(seed: string): Promise<Job> {
  const { rows } = await backend.db.pool.query<Job>(
    `select j.* from rendition_job j join instance i on i.id = j.instance_id where i.sop_instance_uid = $1`,
    [uidOf(seed, 'instance')],
  )
  assert.ok(rows[0], `no job of ${seed}`)
  return rows[0]
}

/** Waits until nothing is left to do, or a condition holds. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!(await isDone())) {
    assert.ok(Date.now() < deadline, 'it was not made in a minute')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function deriveAll(): Promise<void> {
  deriving = startDeriving(backend.deps, unhurried)
  await until(async () => {
    const { rows } = await backend.db.pool.query<{ count: number }>(
      `select count(*) from rendition_job where state = 'waiting' or thumbnail = 'waiting'`,
    )
    return rows[0]?.count === 0
  })
  await deriving.stop()
  deriving = undefined
}

/** A slope with noise: like a picture, and no two places the same. */
function samples(columns: number, rows: number, frame: number, seed = 7): Uint16Array<ArrayBuffer> {
  const values = new Uint16Array(columns * rows)
  let state = seed + frame
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      values[row * columns + column] = 2000 + column * 5 + row * 3 + (state >>> 25)
    }
  }
  return values
}

const bytesOf = (values: Uint16Array<ArrayBuffer>): Uint8Array => new Uint8Array(values.buffer)

async function store(seed: string, image: Partial<ImageOptions>, syntax?: string): Promise<string> {
  const file = buildInstance({
    seed,
    image,
    studyInstanceUid: uidOf('study'),
    seriesInstanceUid: uidOf('series'),
    ...(syntax ? { transferSyntaxUid: syntax } : {}),
  })
  const answer = await backend.stow([file])
  assert.equal(answer.status, 200, await answer.text())
  return renditionUrl(uidOf('study'), uidOf('series'), uidOf(seed, 'instance'), 1)
}

async function describe(address: string): Promise<Rendition> {
  const answer = await backend.get(address)
  assert.equal(answer.status, 200, address)
  return (await answer.json()) as Rendition
}

async function fetchBytes(address: string): Promise<Uint8Array> {
  const answer = await backend.get(address)
  assert.equal(answer.status, 200, await (answer.status === 200 ? '' : answer.text()))
  return new Uint8Array(await answer.arrayBuffer())
}

/** Every tile at full resolution, put together as the viewer does. */
async function assemble(address: string): Promise<Uint16Array> {
  const { columns, rows, tileSize, tiles } = await describe(address)
  const whole = new Uint16Array(columns * rows)
  const across = Math.ceil(columns / tileSize)
  assert.equal(tiles.length, across * Math.ceil(rows / tileSize))
  for (const [number, { prefixes }] of tiles.entries()) {
    const bytes = await fetchBytes(tileUrl(address, number, 0))
    assert.equal(bytes.length, prefixes.at(-1))
    const tile = await decodeHtj2k(bytes, 0, codecs)
    const [left, top] = [(number % across) * tileSize, Math.floor(number / across) * tileSize]
    for (let row = 0; row < tile.rows; row += 1)
      whole.set(
        tile.samples.subarray(row * tile.columns, (row + 1) * tile.columns) as Uint16Array,
        (top + row) * columns + left,
      )
  }
  return whole
}

test('an image larger than a tile comes back exactly from its tiles, and smaller from their beginnings', async () => {
  const [columns, rows] = [2500, 2100]
  const values = samples(columns, rows, 0)
  const address = await store('large', { columns, rows, frame: () => bytesOf(values) })
  assert.equal((await backend.get(address)).status, 404)
  await deriveAll()
  assert.deepEqual(
    { ...(await jobOf('large')) },
    { ...(await jobOf('large')), state: 'made', thumbnail: 'made', frames_done: 1, frames_made: 1, reason: null },
  )
  const rendition = await describe(address)
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
  assert.deepEqual(await assemble(address), values)

  // The overview is the image as means of squares of 4 pixels.
  const overview = await decodeHtj2k(await fetchBytes(overviewUrl(address, 0)), 0, codecs)
  assert.deepEqual([overview.columns, overview.rows], [625, 525])
  let sum = 0
  for (let y = 400; y < 404; y += 1) for (let x = 1200; x < 1204; x += 1) sum += values[y * columns + x]!
  assert.equal(overview.samples[100 * 625 + 300], Math.round(sum / 16))

  // A beginning of a tile is the tile halved.
  const beginning = await fetchBytes(tileUrl(address, 0, 2))
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
  const frames = [0, 1, 2].map((frame) => samples(600, 500, frame))
  const address = await store('frames', {
    columns: 600,
    rows: 500,
    frames: 3,
    frame: (index) => bytesOf(frames[index]!),
  })
  await deriveAll()
  for (const [index, values] of frames.entries()) {
    const place = address.replace(/1$/, String(index + 1))
    assert.equal((await describe(place)).overview, null)
    assert.deepEqual(await assemble(place), values)
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
  const big = await store('big', { columns, rows, frame: () => bytesOf(values) }, '1.2.840.10008.1.2.2')
  const rle = await store('rle', { columns, rows, frame: () => bytesOf(values) }, '1.2.840.10008.1.2.5')
  const format: PixelFormat = {
    rows,
    columns,
    samplesPerPixel: 1,
    bitsAllocated: 16,
    bitsStored: 16,
    highBit: 15,
    isSigned: false,
    isPlanar: false,
    photometric: 'MONOCHROME2',
    kind: 'integer',
    frameCount: 1,
  }
  const jpegLs = await encodeFrame(values, format, '1.2.840.10008.1.2.4.80', createEncoders())
  const ls = await store('ls', { columns, rows, frame: () => jpegLs }, '1.2.840.10008.1.2.4.80')
  const signedValues = samples(columns, rows, 3).map((value) => (value - 5000) & 0xfff)
  const signed = await store('signed', {
    columns,
    rows,
    bitsStored: 12,
    isSigned: true,
    frame: () => bytesOf(signedValues),
  })
  const colours = Uint8Array.from({ length: 700 * 600 * 3 }, (_, index) => (index * 7 + (index >> 9)) & 0xff)
  const colour = await store('colour', {
    columns: 700,
    rows: 600,
    samplesPerPixel: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    frame: () => colours,
  })
  await deriveAll()
  for (const address of [big, rle, ls]) assert.deepEqual(await assemble(address), values, address)
  const extended = readNativeFrame(new Uint8Array(bytesOf(signedValues)), {
    ...format,
    bitsStored: 12,
    highBit: 11,
    isSigned: true,
  })
  assert.deepEqual(await assemble(signed), new Uint16Array(extended.buffer))
  assert.equal((await describe(signed)).isSigned, true)
  const { tiles, components, isRgb } = await describe(colour)
  assert.deepEqual([tiles.length, components, isRgb], [1, 3, true])
  assert.deepEqual((await decodeHtj2k(await fetchBytes(tileUrl(colour, 0, 0)), 0, codecs)).samples, colours)
})

test('what gets no faster is left as it is, and says why', async () => {
  await store('small', { columns: 64, rows: 64 })
  await store('bits', { columns: 3000, rows: 1000, bitsAllocated: 1, bitsStored: 1 })
  await store('wide', { columns: 600, rows: 600, bitsAllocated: 32, bitsStored: 32 })
  const answer = await backend.stow([buildInstance({ seed: 'words', image: null })])
  assert.equal(answer.status, 200)
  await deriveAll()
  assert.deepEqual(
    await Promise.all(
      ['small', 'bits', 'wide', 'words'].map(async (seed) => {
        const { state, thumbnail, reason } = await jobOf(seed)
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
  const [columns, rows] = [520, 500]
  const frames = [0, 1, 2].map((frame) => samples(columns, rows, frame))
  const address = await store(
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
  await deriveAll()
  const { state, frames_made: made, frames_done: done, reason } = await jobOf('broken')
  assert.deepEqual([state, made, done], ['failed', 2, 3])
  assert.match(reason ?? '', /^frame 3: decode-failed/)
  assert.deepEqual(await assemble(address), frames[0])
  assert.equal((await backend.get(address.replace(/1$/, '3'))).status, 404)
})

test('work that was cut off goes on where it stopped, and frames that are done are not made again', async () => {
  const frames = Array.from({ length: 12 }, (_, frame) => samples(800, 800, frame))
  const address = await store('resumed', { columns: 800, rows: 800, frames: 12, frame: (at) => bytesOf(frames[at]!) })
  deriving = startDeriving(backend.deps, unhurried)
  await until(async () => (await jobOf('resumed')).frames_done >= 3)
  await deriving.stop()
  deriving = undefined
  const stopped = await jobOf('resumed')
  assert.equal(stopped.state, 'waiting')
  assert.ok(stopped.frames_done >= 3 && stopped.frames_done < 12, String(stopped.frames_done))
  const made = async () =>
    (
      await backend.db.pool.query<{ frame: number; made_at: Date }>(
        `select r.frame, r.made_at from rendition r join instance i on i.id = r.instance_id where i.sop_instance_uid = $1 order by 1`,
        [uidOf('resumed', 'instance')],
      )
    ).rows
  const before = await made()
  await deriveAll()
  const afterwards = await made()
  assert.equal(afterwards.length, 12)
  assert.deepEqual(afterwards.slice(0, before.length), before)
  assert.deepEqual(await assemble(address.replace(/1$/, '12')), frames[11])
})

test('a claim without a sign of life is taken over, and one that dies again and again is given up', async () => {
  await store('dying', { columns: 640, rows: 640, frame: () => bytesOf(samples(640, 640, 0)) })
  const scope = await readArchiveScope(backend.db)
  for (let life = 1; life <= 6; life += 1) {
    const job = await claimRenditionJob(backend.db, scope, '00000000-0000-4000-8000-000000000000')
    assert.equal(job?.attempts, life)
    // Held by somebody who lives, as far as anybody knows.
    assert.equal(await claimRenditionJob(backend.db, scope, '00000000-0000-4000-8000-000000000001'), undefined)
    await backend.db.pool.query(
      `update rendition_job set leased_until = now() - interval '1 second' where leased_by is not null`,
    )
  }
  await deriveAll()
  const { state, thumbnail, reason } = await jobOf('dying')
  assert.deepEqual([state, thumbnail], ['failed', 'none'])
  assert.match(reason ?? '', /gave up/)
})

test('thrown away and made again it is the same; what nobody refers to is swept, what is referred to stays', async () => {
  const scope = await readArchiveScope(backend.db)
  const address = renditionUrl(uidOf('study'), uidOf('series'), uidOf('large', 'instance'), 1)
  const values = await assemble(address)
  const count = await remakeRenditions(backend.db, scope, { study: uidOf('study') })
  assert.ok(count >= 10, String(count))
  assert.equal((await backend.get(address)).status, 404)
  await deriveAll()
  assert.deepEqual(await assemble(address), values)
  const keys = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const { key } of backend.deps.blobs.list(renditionPrefix)) found.push(key)
    return found
  }
  const before = await keys()
  assert.equal((await sweepRenditions(backend.deps, scope)).removed, 0)
  const later = new Date(Date.now() + 25 * 3_600_000)
  const { removed, seen } = await sweepRenditions(backend.deps, scope, { now: later })
  assert.equal(seen, before.length)
  assert.ok(removed > 10, String(removed))
  assert.deepEqual(await assemble(address), values)
  assert.equal((await sweepRenditions(backend.deps, scope, { now: later })).removed, 0)
})

test('an object that is gone from the store is 404, and made again', async () => {
  const address = renditionUrl(uidOf('study'), uidOf('series'), uidOf('large', 'instance'), 1)
  const { rows } = await backend.db.pool.query<{ blob_key: string }>(
    `select r.blob_key from rendition r join instance i on i.id = r.instance_id where i.sop_instance_uid = $1`,
    [uidOf('large', 'instance')],
  )
  await backend.deps.blobs.delete(rows[0]!.blob_key)
  assert.equal((await backend.get(tileUrl(address, 0, 0))).status, 404)
  assert.equal((await backend.get(address)).status, 404)
  await deriveAll()
  assert.deepEqual(await assemble(address), samples(2500, 2100, 0))
})

test('an instance that is deleted takes its renditions with it, and the sweep their objects', async () => {
  await backend.db.pool.query('delete from instance where sop_instance_uid = $1', [uidOf('large', 'instance')])
  const scope = await readArchiveScope(backend.db)
  const later = new Date(Date.now() + 25 * 3_600_000)
  const { removed } = await sweepRenditions(backend.deps, scope, { now: later })
  assert.ok(removed >= 2, String(removed))
})

test('instances of an older program get their turn', async () => {
  await backend.db.pool.query('delete from rendition_job')
  const scope = await readArchiveScope(backend.db)
  const { added } = await sweepRenditions(backend.deps, scope)
  assert.ok(added > 5)
  assert.equal((await sweepRenditions(backend.deps, scope)).added, 0)
})
