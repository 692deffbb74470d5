import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  type Dataset,
  getItems,
  getNumber,
  getString,
  parseMediaType,
  readHeader,
  type ReadResult,
  splitMultipart,
  tags,
} from '@instandt/dicom'
import {
  createEncoders,
  decodeFrame,
  encodeFrame,
  encodeJpeg,
  readPixelFormat,
  type StoredArray,
  writableSyntaxes,
} from '@instandt/pixels'
import { createNodeCodecs } from '@instandt/pixels/node'
import { attributesOf, buildInstance, type InstanceOptions, sequenceOf, uidOf } from '@instandt/testkit/files'
import { openBytes } from '../../../../../packages/pixels/src/open-file.fixture.ts'
import { startDeriving } from '../../renditions/derive-loop.ts'
import { startTestBackend, type TestBackend } from '../../test-backend.fixture.ts'

const codecs = createNodeCodecs()
const encoders = createEncoders()
const explicit = '1.2.840.10008.1.2.1'
const implicit = '1.2.840.10008.1.2'
const jpegLs = '1.2.840.10008.1.2.4.80'
const [columns, rows] = [37, 23]
const study = uidOf('transcoded study')

let backend: TestBackend
before(async () => {
  backend = await startTestBackend()
})
after(() => backend.stop())

const frameOf = (frame: number): Uint16Array<ArrayBuffer> =>
  Uint16Array.from({ length: columns * rows }, (_, at) => (at * 37 + frame * 1009 + ((at * at) >> 3)) & 0xfff)
const bytesOf = (values: Uint16Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => new Uint8Array(values.buffer)

async function store(seed: string, options: InstanceOptions): Promise<string> {
  const file = buildInstance({ seed, studyInstanceUid: study, seriesInstanceUid: uidOf('transcoded'), ...options })
  const answer = await backend.stow([file])
  assert.equal(answer.status, 200, await answer.text())
  const series = options.seriesInstanceUid ?? uidOf('transcoded')
  return `/dicom-web/studies/${study}/series/${series}/instances/${uidOf(seed, 'instance')}`
}

interface Part {
  type: string
  bytes: Uint8Array<ArrayBuffer>
}

async function parts(address: string, accept: string): Promise<Part[]> {
  const answer = await backend.get(address, { accept })
  assert.equal(answer.status, 200, `${address} ${accept} ${answer.status === 200 ? '' : await answer.text()}`)
  const { type, parameters } = parseMediaType(answer.headers.get('content-type') ?? '')
  if (type !== 'multipart/related') {
    const contentType = answer.headers.get('content-type') ?? ''
    return [{ type: contentType, bytes: new Uint8Array(await answer.arrayBuffer()) }]
  }
  const found: Part[] = []
  const body = answer.body as unknown as AsyncIterable<Uint8Array>
  for await (const part of splitMultipart(body, parameters.get('boundary') ?? '')) {
    const pieces: Uint8Array[] = []
    for await (const piece of part.body) pieces.push(Uint8Array.from(piece))
    found.push({ type: part.headers.get('content-type') ?? '', bytes: new Uint8Array(Buffer.concat(pieces)) })
  }
  return found
}

/** The stored values of every frame of a Part 10 file, by its own attributes. */
async function readAll(
  file: Uint8Array<ArrayBuffer>,
): Promise<{ read: ReadResult; frames: StoredArray[]; empty: boolean }> {
  const read = await readHeader([file])
  const opened = openBytes(Buffer.from(file))
  assert.ok(opened && read.frames)
  const format = readPixelFormat(read.dataset)
  const frames: StoredArray[] = []
  for (let frame = 1; frame <= opened.frameCount; frame += 1)
    frames.push((await decodeFrame(await opened.frame(frame), opened.frameSyntaxUid, format, codecs)).stored)
  const { encapsulated, offset } = read.frames
  return { read, frames, empty: encapsulated && Buffer.from(file).readUInt32LE(offset + 4) === 0 }
}

const warningsOf = (read: ReadResult): string[] => read.warnings.map(({ code }) => code)

for (const toSyntax of writableSyntaxes) {
  test(`a native object is sent as ${toSyntax}: a whole file whose frames are the same`, async () => {
    const address = await store('native', {
      image: { columns, rows, frames: 3, bitsStored: 12, frame: (index) => bytesOf(frameOf(index)) },
      attributes: {
        ...attributesOf({ PatientName: 'Träger Nr. 7', StudyDescription: 'Schweißnaht' }),
        ...sequenceOf('RequestAttributesSequence', [attributesOf({ ScheduledProcedureStepID: 'Ü-1' })]),
      },
    })
    const [part] = await parts(address, `application/dicom; transfer-syntax=${toSyntax}`)
    assert.equal(part?.type, `application/dicom; transfer-syntax=${toSyntax}`)
    const { read, frames } = await readAll(part.bytes)
    assert.deepEqual([read.transferSyntaxUid, warningsOf(read)], [toSyntax, []])
    assert.equal(getString(read.fileMeta, tags.mediaStorageSopInstanceUid), uidOf('native', 'instance'))
    assert.deepEqual(
      frames.map((frame) => [...frame]),
      [0, 1, 2].map((frame) => [...frameOf(frame)]),
    )
    // All attributes, but for those that describe how the pixels are written.
    const metadata = (await (await backend.get(`${address}/metadata`)).json()) as [Dataset]
    const without = (dataset: Dataset): Dataset => {
      const { [tags.pixelData]: _pixels, ...rest } = dataset
      return rest
    }
    assert.deepEqual(without(read.dataset), without(metadata[0]))
    assert.equal(
      getString(getItems(read.dataset, tags.requestAttributesSequence)[0]!, tags.scheduledProcedureStepId),
      'Ü-1',
    )
  })
}

test('frames come in the type and syntax asked for, and every syntax has a tag of its own', async () => {
  const address = await store('frames', {
    image: { columns, rows, frames: 3, bitsStored: 12, frame: (index) => bytesOf(frameOf(index)) },
  })
  const types: [string, string][] = [
    ['image/jpeg', '1.2.840.10008.1.2.4.70'],
    ['image/jls', jpegLs],
    ['image/jp2', '1.2.840.10008.1.2.4.90'],
    ['image/jphc', '1.2.840.10008.1.2.4.201'],
    ['image/dicom-rle', '1.2.840.10008.1.2.5'],
  ]
  const format = {
    rows,
    columns,
    samplesPerPixel: 1,
    bitsAllocated: 16,
    bitsStored: 12,
    highBit: 11,
    isSigned: false,
    isPlanar: false,
    photometric: 'MONOCHROME2',
    kind: 'integer' as const,
    frameCount: 3,
  }
  const etags = new Set<string>()
  for (const [type, syntax] of types) {
    // Named, by its own default (PS3.18 table 8.7.3-5), and as plain bytes.
    for (const accept of [
      `multipart/related; type="${type}"; transfer-syntax=${syntax}`,
      `multipart/related; type="${type}"`,
      `multipart/related; type="application/octet-stream"; transfer-syntax=${syntax}`,
    ]) {
      const found = await parts(`${address}/frames/3,1`, accept)
      const sent = accept.includes('octet') ? 'application/octet-stream' : type
      assert.deepEqual(
        found.map((part) => part.type),
        [`${sent}; transfer-syntax=${syntax}`, `${sent}; transfer-syntax=${syntax}`],
        accept,
      )
      for (const [at, frame] of [2, 0].entries()) {
        const { stored } = await decodeFrame(found[at]!.bytes, syntax, format, codecs)
        assert.deepEqual(stored, frameOf(frame), accept)
      }
    }
    const answer = await backend.get(`${address}/frames/1`, { accept: type })
    etags.add(answer.headers.get('etag') ?? '')
    await answer.arrayBuffer()
    const again = await backend.get(`${address}/frames/1`, {
      accept: type,
      'if-none-match': answer.headers.get('etag') ?? '',
    })
    assert.equal(again.status, 304)
  }
  assert.equal(etags.size, types.length)
})

test('plain bytes without a name are explicit little endian; whoever takes any syntax gets what is stored', async () => {
  const packed = await encodeFrame(
    frameOf(0),
    { ...readPixelFormat((await readHeader([buildInstance({ image: { columns, rows, bitsStored: 12 } })])).dataset) },
    jpegLs,
    encoders,
  )
  const address = await store('packed', {
    transferSyntaxUid: jpegLs,
    image: { columns, rows, bitsStored: 12, frame: () => packed },
  })
  // What dicomweb-client asks when it is not told what to ask for.
  const answer = await backend.get(`${address}/frames/1`, {
    accept: 'multipart/related; type="application/octet-stream"',
  })
  assert.match(answer.headers.get('content-length') ?? '', /^\d+$/)
  await answer.arrayBuffer()
  const [plain] = await parts(`${address}/frames/1`, 'multipart/related; type="application/octet-stream"')
  assert.equal(plain?.type, `application/octet-stream; transfer-syntax=${explicit}`)
  assert.deepEqual(plain.bytes, bytesOf(frameOf(0)))
  for (const accept of [
    'multipart/related; type=application/octet-stream; transfer-syntax=*',
    '*/*',
    'multipart/related; type="image/*"',
    `multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.70, multipart/related; type="image/jls"; transfer-syntax=${jpegLs}`,
  ]) {
    const [stored] = await parts(`${address}/frames/1`, accept)
    assert.match(stored?.type ?? '', new RegExp(`transfer-syntax=${jpegLs}$`), accept)
    assert.deepEqual(Buffer.from(stored!.bytes.subarray(0, packed.length)), Buffer.from(packed), accept)
  }
  // A weight goes before saving work.
  const [wanted] = await parts(
    `${address}/frames/1`,
    `multipart/related; type="image/jls";q=0.2, multipart/related; type="image/dicom-rle"`,
  )
  assert.match(wanted?.type ?? '', /^image\/dicom-rle; transfer-syntax=1\.2\.840\.10008\.1\.2\.5$/)
})

test('a compressed object becomes a native one, and another compressed one; without a name it stays byte for byte', async () => {
  const address = await store('rle', {
    transferSyntaxUid: '1.2.840.10008.1.2.5',
    image: { columns, rows, frames: 2, offsetTable: 'extended', frame: (index) => bytesOf(frameOf(index)) },
  })
  for (const syntax of [explicit, implicit, jpegLs]) {
    const [part] = await parts(address, `multipart/related; type="application/dicom"; transfer-syntax=${syntax}`)
    const { read, frames } = await readAll(part!.bytes)
    assert.deepEqual([read.transferSyntaxUid, warningsOf(read)], [syntax, []])
    assert.equal(read.dataset[tags.extendedOffsetTable], undefined)
    assert.deepEqual(
      frames.map((frame) => [...frame]),
      [[...frameOf(0)], [...frameOf(1)]],
    )
  }
  for (const accept of ['application/dicom', 'application/dicom; transfer-syntax=*']) {
    const [part] = await parts(address, accept)
    assert.equal(part?.type, 'application/dicom; transfer-syntax=1.2.840.10008.1.2.5')
  }
})

test('big endian, floats, single bits and padding survive as native objects', async () => {
  const cases: [string, InstanceOptions][] = [
    ['big', { transferSyntaxUid: '1.2.840.10008.1.2.2', image: { columns, rows, frame: () => bytesOf(frameOf(0)) } }],
    ['bits', { image: { columns: 5, rows: 7, frames: 3, bitsAllocated: 1, bitsStored: 1 } }],
    ['odd', { image: { columns: 5, rows: 7, bitsAllocated: 8, bitsStored: 8 } }],
    ['wide', { transferSyntaxUid: '1.2.840.10008.1.2.2', image: { columns, rows, bitsAllocated: 32, bitsStored: 32 } }],
  ]
  for (const [seed, options] of cases) {
    const address = await store(seed, options)
    const native = await parts(`${address}/frames/1`, 'application/octet-stream')
    for (const syntax of [implicit, explicit]) {
      if (syntax === (options.transferSyntaxUid ?? explicit)) continue
      const [part] = await parts(address, `application/dicom; transfer-syntax=${syntax}`)
      const { read, frames } = await readAll(part!.bytes)
      assert.deepEqual(warningsOf(read), [], seed)
      assert.equal(read.transferSyntaxUid, syntax)
      const { stored } = await decodeFrame(native[0]!.bytes, explicit, readPixelFormat(read.dataset), codecs)
      assert.deepEqual(frames[0], stored, seed)
    }
    const answer = await backend.get(address, { accept: `application/dicom; transfer-syntax=${jpegLs}` })
    const isPossible = seed === 'big' || seed === 'odd'
    assert.equal(answer.status, isPossible ? 200 : 406, seed)
    await answer.arrayBuffer()
  }
})

test('colours are named for what they are: RCT in JPEG 2000, RGB where it is undone', async () => {
  const colours = Uint8Array.from({ length: columns * rows * 3 }, (_, at) => (at * 11 + (at >> 5)) & 0xff)
  const image = { columns, rows, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, frame: () => colours } as const
  const rgb = await store('rgb', { image })
  const j2k = '1.2.840.10008.1.2.4.90'
  const [coded] = await parts(rgb, `application/dicom; transfer-syntax=${j2k}`)
  const asJ2k = await readAll(coded!.bytes)
  assert.equal(getString(asJ2k.read.dataset, tags.photometricInterpretation), 'YBR_RCT')
  assert.deepEqual(asJ2k.frames[0], colours)
  // Stored as such and asked for natively, it is RGB again.
  const sop = uidOf('rct', 'instance')
  const file = Buffer.from(coded!.bytes)
  const renamed = Buffer.from(
    file.toString('latin1').replaceAll(uidOf('rgb', 'instance'), sop.padEnd(uidOf('rgb', 'instance').length, '\0')),
    'latin1',
  )
  assert.equal((await backend.stow([renamed])).status, 200)
  const [native] = await parts(
    rgb.replace(uidOf('rgb', 'instance'), sop),
    `application/dicom; transfer-syntax=${explicit}`,
  )
  const back = await readAll(native!.bytes)
  assert.equal(getString(back.read.dataset, tags.photometricInterpretation), 'RGB')
  assert.equal(getNumber(back.read.dataset, tags.planarConfiguration), 0)
  assert.deepEqual(back.frames[0], colours)
})

test('what was compressed with loss stays what it is, unless plain samples are asked for, and then it says so', async () => {
  const edge = 160
  const size = { columns: edge, rows: edge }
  const pixels = Uint8Array.from({ length: edge * edge }, (_, at) => at % 251)
  const jpeg = await encodeJpeg({ pixels, ...size, components: 1 }, 90, encoders)
  const baseline = '1.2.840.10008.1.2.4.50'
  const address = await store('lossy', {
    transferSyntaxUid: baseline,
    image: { ...size, bitsAllocated: 8, bitsStored: 8, frame: () => jpeg },
  })
  const compressed = await backend.get(address, { accept: `application/dicom; transfer-syntax=${jpegLs}` })
  assert.equal(compressed.status, 406)
  const [plain] = await parts(`${address}/frames/1`, 'multipart/related; type="application/octet-stream"')
  assert.equal(plain?.type, `application/octet-stream; transfer-syntax=${baseline}`)
  const [named] = await parts(`${address}/frames/1`, `application/octet-stream; transfer-syntax=${explicit}`)
  assert.equal(named?.bytes.length, edge * edge)
  const [part] = await parts(address, `application/dicom; transfer-syntax=${explicit}`)
  const { read, frames } = await readAll(part!.bytes)
  assert.equal(getString(read.dataset, tags.lossyImageCompression), '01')
  assert.equal(getString(read.dataset, tags.lossyImageCompressionMethod), 'ISO_10918_1')
  assert.deepEqual(Buffer.from(frames[0]!.buffer), Buffer.from(named.bytes))
})

test('a study is sent in the syntax asked for, what cannot be so as it is stored; reports have nothing to compress', async () => {
  const series = uidOf('mixed')
  await store('report', { seriesInstanceUid: series, image: null })
  await store('float', { seriesInstanceUid: series, image: { columns, rows, bitsAllocated: 32, bitsStored: 32 } })
  await store('grey', { seriesInstanceUid: series, image: { columns, rows, frame: () => bytesOf(frameOf(4)) } })
  const found = await parts(
    `/dicom-web/studies/${study}/series/${series}`,
    `multipart/related; type="application/dicom"; transfer-syntax=${jpegLs}`,
  )
  assert.deepEqual(found.map(({ type }) => type.replace(/^.*=/, '')).sort(), [explicit, explicit, jpegLs].sort())
  for (const { bytes, type } of found) {
    const read = await readHeader([bytes])
    assert.equal(read.transferSyntaxUid, type.replace(/^.*=/, ''))
  }
  const implicitly = await parts(
    `/dicom-web/studies/${study}/series/${series}`,
    `multipart/related; type="application/dicom"; transfer-syntax=${implicit}`,
  )
  assert.deepEqual(
    implicitly.map(({ type }) => type),
    Array.from({ length: 3 }, () => `application/dicom; transfer-syntax=${implicit}`),
  )
})

test('HTJ2K is taken from the rendition where there is one, and is the same picture', async () => {
  const size = { columns: 900, rows: 700 }
  const values = new Uint16Array(size.columns * size.rows).map((_, at) => (at * 31) & 0x3fff)
  const address = await store('ready', { image: { ...size, frame: () => bytesOf(values) } })
  const deriving = startDeriving(backend.deps, () => async () => undefined)
  const sql = `select count(*) from rendition_job where thumbnail = 'waiting' or state = 'waiting'`
  while ((await backend.db.pool.query<{ count: number }>(sql)).rows[0]?.count !== 0)
    await new Promise((resolve) => setTimeout(resolve, 50))
  await deriving.stop()
  const { rows: found } = await backend.db.pool.query<{ byte_size: number }>(
    `select r.byte_size from rendition r join instance i on i.id = r.instance_id where i.sop_instance_uid = $1`,
    [uidOf('ready', 'instance')],
  )
  const [part] = await parts(`${address}/frames/1`, 'image/jphc')
  assert.equal(part?.bytes.length, found[0]?.byte_size)
  const [object] = await parts(address, 'application/dicom; transfer-syntax=1.2.840.10008.1.2.4.202')
  assert.deepEqual((await readAll(object!.bytes)).frames[0], values)
})

test('a frame that turns out damaged is named before anything is sent', async () => {
  const address = await store('damaged', {
    transferSyntaxUid: jpegLs,
    image: { columns, rows, frame: () => Uint8Array.from({ length: 100 }, (_, at) => at) },
  })
  const answer = await backend.get(`${address}/frames/1`, {
    accept: `application/octet-stream; transfer-syntax=${explicit}`,
  })
  assert.equal(answer.status, 406)
  assert.match(((await answer.json()) as { detail: string }).detail, /^Frame 1 cannot be sent/)
})

test('frames of pure noise are sent as JPEG-LS, too, and are the same', async () => {
  const edge = 512
  let state = 7
  const frame = (): Uint16Array<ArrayBuffer> =>
    Uint16Array.from(
      { length: edge * edge },
      () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 16,
    )
  const wide = [frame(), frame()]
  const narrow = Uint8Array.from(frame(), (value) => value >>> 8)
  const size = { columns: edge, rows: edge }
  const address = await store('noise', { image: { ...size, frames: 2, frame: (index) => bytesOf(wide[index]!) } })
  const [object] = await parts(address, `application/dicom; transfer-syntax=${jpegLs}`)
  assert.deepEqual((await readAll(object!.bytes)).frames, wide)
  const bytes = { ...size, bitsAllocated: 8, bitsStored: 8, frame: () => narrow } as const
  const [coded] = await parts(
    await store('noise of bytes', { image: bytes }),
    `application/dicom; transfer-syntax=${jpegLs}`,
  )
  const { frames, read } = await readAll(coded!.bytes)
  assert.deepEqual(frames, [narrow])
  assert.deepEqual(warningsOf(read), [])
})

test('noise becomes JPEG-LS within the memory that was waited for', async (t) => {
  const size = { columns: 2048, rows: 2048 }
  const samples = randomFillSync(new Uint8Array(size.columns * size.rows * 3))
  const colour = { ...size, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, photometric: 'RGB' } as const
  const address = await store('much noise', { image: { ...colour, frame: () => samples } })
  const asked = t.mock.method(backend.deps.pixels, 'withMemory')
  const read = (): Promise<Response> =>
    backend.get(`${address}/frames/1`, { accept: `image/jls; transfer-syntax=${jpegLs}` })
  const before = process.resourceUsage().maxRSS * 1024
  const answer = await read()
  const taken = process.resourceUsage().maxRSS * 1024 - before
  assert.equal(answer.status, 200)
  assert.ok((await answer.arrayBuffer()).byteLength > samples.length, 'noise')
  const waitedFor = Number(asked.mock.calls[0]?.arguments[0])
  assert.ok(taken < waitedFor, `${taken / samples.length} of ${waitedFor / samples.length}`)
})

test('many frames stream: an empty offset table where they are too many to be kept', async () => {
  const size = { columns: 1024, rows: 1024 }
  const noise = Uint16Array.from({ length: 1024 * 1024 }, (_, at) => Math.imul(at, 2_654_435_761) >>> 16)
  const address = await store('many', {
    image: { ...size, frames: 24, frame: (index) => bytesOf(noise.map((value) => value ^ index)) },
  })
  const [part] = await parts(address, 'application/dicom; transfer-syntax=1.2.840.10008.1.2.5')
  const { frames, empty, read } = await readAll(part!.bytes)
  assert.equal(empty, true)
  assert.deepEqual(warningsOf(read), [])
  assert.equal(frames.length, 24)
  for (const index of [0, 23])
    assert.deepEqual(
      frames[index],
      noise.map((value) => value ^ index),
    )
})
