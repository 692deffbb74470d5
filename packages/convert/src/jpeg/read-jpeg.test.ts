import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getString, maxJpegScans, readFrameEntry, tags } from '@instandt/dicom'
import { buildTiff } from '@instandt/testkit/files'
import { openSource } from '../byte-source.ts'
import { type Converted, convert, convertOne, requestOf } from '../convert.fixture.ts'
import { convertFile } from '../convert-file.ts'
import { ConvertFault } from '../fault.ts'
import { inflateShort } from '../inflate.ts'
import { decodeJpeg } from './decode.ts'
import { MarkerWalk } from './markers.ts'
import { runDecoder } from './run-decoder.ts'
import { buildJpeg, withSegment } from './encode.fixture.ts'

const columns = 48
const rows = 40
const smooth = (samples: number): Uint8Array =>
  Uint8Array.from({ length: columns * rows * samples }, (_, at) => {
    const pixel = Math.floor(at / samples)
    return (pixel % columns) * 2 + Math.floor(pixel / columns) + (at % samples) * 20
  })
const grey = await buildJpeg({ columns, rows, samples: 1, pixels: smooth(1) })
const colour = await buildJpeg({ columns, rows, samples: 3, pixels: smooth(3) })

function frameOf({ file, read }: Converted): Uint8Array {
  const { offset, span: length } = readFrameEntry(read.frames?.table ?? new Uint8Array(0))
  return file.subarray(offset, offset + length)
}

function nearlyEqual(a: Uint8Array, b: Uint8Array): void {
  assert.equal(a.length, b.length)
  const worst = a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at] as number))), 0)
  assert.ok(worst <= 12, `differs by ${worst}`)
}

for (const [name, stream, photometric] of [
  ['grey', grey, 'MONOCHROME2'],
  ['colour', colour, 'YBR_FULL_422'],
] as const) {
  test(`a baseline stream goes in as it is: ${name}`, async () => {
    const converted = await convertOne(stream)
    assert.equal(converted.read.transferSyntaxUid, '1.2.840.10008.1.2.4.50')
    assert.ok(Buffer.from(frameOf(converted)).subarray(0, stream.length).equals(stream))
    assert.equal(getString(converted.dataset, tags.photometricInterpretation), photometric)
    assert.equal(getString(converted.dataset, '00282110'), '01')
    assert.equal(getString(converted.dataset, '00282114'), 'ISO_10918_1')
  })
}

test('a progressive stream is decoded, and said to have been lossy', async () => {
  const stream = await buildJpeg({ columns, rows, samples: 3, pixels: smooth(3), isProgressive: true })
  const { pixels, dataset, read } = await convertOne(stream)
  assert.equal(read.transferSyntaxUid, '1.2.840.10008.1.2.1')
  assert.equal(getString(dataset, tags.photometricInterpretation), 'RGB')
  assert.equal(getString(dataset, '00282110'), '01')
  nearlyEqual(pixels, smooth(3))
})

test('a stream that says it is RGB is taken at its word, unless it is JFIF too, as the decoder does', async () => {
  const adobe = Buffer.concat([Buffer.from('Adobe'), Uint8Array.of(0, 100, 0, 0, 0, 0, 0)])
  const both = withSegment(colour, 0xee, adobe)
  // The JFIF segment of the encoder, 18 bytes, stands first.
  assert.equal(Buffer.from(colour).toString('latin1', 6, 10), 'JFIF')
  const alone = withSegment(Buffer.concat([colour.subarray(0, 2), colour.subarray(20)]), 0xee, adobe)
  for (const [stream, photometric] of [
    [both, 'YBR_FULL_422'],
    [alone, 'RGB'],
  ] as const) {
    const { dataset } = await convertOne(stream)
    assert.equal(getString(dataset, tags.photometricInterpretation), photometric)
    const decoded = await decodeJpeg(Uint8Array.from(stream), { columns, rows, samples: 3, name: 'It' })
    // Its own colours are those of smooth(3) when it is taken for Y′CbCr, which it is.
    const isYcc = Math.abs((decoded[0] as number) - (smooth(3)[0] as number)) <= 12
    assert.equal(isYcc, photometric === 'YBR_FULL_422')
  }
})

const exif = Buffer.concat([
  Buffer.from('Exif\0\0MM\0\x2a\0\0\0\x08\0\x01', 'latin1'),
  Uint8Array.of(1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0),
])

test('how the camera was held is told, also behind a segment of another kind', async () => {
  const turned = withSegment(grey, 0xe1, exif)
  const xmp = Buffer.from('http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>', 'latin1')
  for (const stream of [turned, withSegment(turned, 0xe1, xmp)]) {
    const { dataset } = await convertOne(stream)
    assert.match(getString(dataset, '00204000') ?? '', /Exif Orientation 6/)
  }
})

test('the end of the picture is its own: not that of one before it, and whatever stands behind it', async () => {
  for (const isProgressive of [false, true]) {
    const whole = await buildJpeg({ columns, rows, samples: 3, pixels: smooth(3), isProgressive })
    const withThumbnail = withSegment(whole, 0xe1, Buffer.concat([exif, grey]))
    const plain = await convertOne(withThumbnail)
    for (const cut of [1, 40, 400])
      await assert.rejects(convert(withThumbnail.subarray(0, withThumbnail.length - cut)), { code: 'truncated' })
    // A further picture and a film of a phone.
    for (const behind of [grey, new Uint8Array(200_000), Buffer.alloc(200_000, 0xff)]) {
      const longer = await convertOne(Buffer.concat([withThumbnail, behind]))
      assert.ok(Buffer.from(longer.pixels).equals(plain.pixels))
      assert.ok(isProgressive || Buffer.from(frameOf(longer)).equals(frameOf(plain)))
    }
  }
})

test('markers are found wherever a chunk ends', async () => {
  const progressive = await buildJpeg({ columns, rows, samples: 1, pixels: smooth(1), isProgressive: true })
  const stream = Buffer.concat([withSegment(progressive, 0xe1, Buffer.concat([exif, grey])), grey])
  const whole = new MarkerWalk()
  whole.take(stream)
  assert.ok(whole.scans > 1)
  assert.equal(whole.end, stream.length - grey.length)
  for (const length of [1, 2, 3, 4, 5, 7, 64]) {
    const walk = new MarkerWalk()
    for (let at = 0; at < stream.length; at += length) walk.take(stream.subarray(at, at + length))
    assert.deepEqual([walk.scans, walk.end], [whole.scans, whole.end], `${length} bytes at a time`)
  }
})

test('strips and tiles of JPEG in a TIFF file are decoded', async () => {
  for (const [samples, stream, photometric] of [
    [1, grey, 1],
    [3, colour, 6],
  ] as const) {
    // One strip whose bytes are the stream: an uncompressed page of that many pixels, its fields set right.
    const pixels = new Uint8Array(stream.length)
    pixels.set(stream)
    const page = { columns: stream.length, rows: 1, bits: 8, pixels, photometric, samples: 1 }
    const fields = {
      256: [columns],
      257: [rows],
      259: [7],
      277: [samples],
      258: [8, 8, 8].slice(0, samples),
      278: [rows],
    }
    const { dataset, pixels: decoded } = await convertOne(buildTiff([{ ...page, fields }]))
    nearlyEqual(decoded, smooth(samples))
    assert.equal(getString(dataset, tags.photometricInterpretation), samples === 1 ? 'MONOCHROME2' : 'RGB')
    assert.equal(getString(dataset, '00282110'), '01')
    await assert.rejects(
      convert(buildTiff([{ ...page, fields: { ...fields, 256: [columns + 16] } }])),
      /48 × 40 pixels/,
    )
    if (samples === 3)
      await assert.rejects(
        convert(buildTiff([{ ...page, fields: { ...fields, 262: [2] } }])),
        /Y′CbCr by its own words/,
      )
  }
})

test('a stream that was cut off, has no picture or too many samples is refused by name', async () => {
  await assert.rejects(convert(grey.subarray(0, grey.length - 40)), /no end/)
  await assert.rejects(convert(Buffer.from('\xff\xd8\xff\xfe\0\x02no marker', 'latin1')), /no JPEG segment/)
  await assert.rejects(convert(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)), /without a picture/)
  const frame = Buffer.from(grey)
  const at = frame.indexOf(Uint8Array.of(0xff, 0xc0))
  frame[at + 1] = 0xc9
  await assert.rejects(convert(frame), /arithmetic/)
  await assert.rejects(
    decodeJpeg(Uint8Array.from(grey), { columns, rows: rows + 1, samples: 1, name: 'It' }),
    /other sides/,
  )
})

/** The last scan of a stream so many times more. */
function withScans(stream: Uint8Array, count: number): Uint8Array {
  const bytes = Buffer.from(stream)
  const [from, to] = [bytes.lastIndexOf(Uint8Array.of(0xff, 0xda)), bytes.lastIndexOf(Uint8Array.of(0xff, 0xd9))]
  const scan = bytes.subarray(from, to)
  return Buffer.concat([bytes.subarray(0, to), ...Array.from({ length: count }, () => scan), bytes.subarray(to)])
}

test('a stream of more scans than a picture can need is refused by name before it is decoded', async () => {
  const progressive = await buildJpeg({ columns, rows, samples: 1, pixels: smooth(1), isProgressive: true })
  const scans = Buffer.from(progressive).toString('latin1').split('\xff\xda').length - 1
  assert.ok(scans > 1, 'it is progressive')
  await assert.rejects(convert(withScans(progressive, maxJpegScans - scans + 1)), {
    name: 'ConvertFault',
    code: 'too-large',
    message: 'The file is a JPEG stream of more than 200 scans.',
  })
  // As many as may be are not refused for their number.
  await convert(withScans(progressive, maxJpegScans - scans)).catch((error: unknown) => {
    assert.match(String(error), /cannot be decoded/)
  })
})

test('a strip whose stream would not fit into memory is refused by name, and not read', async () => {
  const stripBytes = 3 * 1024 ** 3
  const page = { columns: grey.length, rows: 1, bits: 8, pixels: grey, photometric: 1, samples: 1 }
  const fields = { 256: [columns], 257: [rows], 259: [7], 277: [1], 258: [8], 278: [rows], 279: [stripBytes] }
  const head = buildTiff([{ ...page, fields }])
  let longest = 0
  const source = openSource(head.length + stripBytes, ({ offset, length }) => {
    longest = Math.max(longest, length)
    const bytes = new Uint8Array(length)
    bytes.set(head.subarray(offset, offset + length))
    return Promise.resolve(
      (async function* () {
        yield bytes
      })(),
    )
  })
  const { objects } = await convertFile(source, requestOf())
  await assert.rejects(
    async () => {
      for (const object of objects) for await (const piece of object.write()) void piece
    },
    { code: 'too-large', message: /^Page 1, strip 1, is a JPEG stream of 3221225472 bytes/ },
  )
  assert.ok(longest <= 2 * 1024 * 1024, `${longest} bytes were read at once`)
})

test('only what the decoder says of the stream is a fault of the file; the next stream is decoded', async () => {
  const wanted = { columns, rows, samples: 1, name: 'It' }
  const noise = Uint8Array.from({ length: 5000 }, (_, at) => (at * 7) & 0xff)
  await assert.rejects(decodeJpeg(noise, wanted), {
    code: 'damaged',
    message: 'It is a JPEG stream that cannot be decoded.',
  })
  // More than the program's memory can grow to; the zeros themselves take none.
  const tooLong = { stream: new Uint8Array(2_147_483_640), columns, rows, samples: 1 }
  await assert.rejects(runDecoder(tooLong, 60_000), (error: unknown) => {
    assert.ok(!(error instanceof ConvertFault))
    assert.match(String(error), /Aborted/)
    return true
  })
  await assert.rejects(decodeJpeg(Uint8Array.from(grey), wanted, 0.01), {
    code: 'too-large',
    message: /takes longer than/,
  })
  nearlyEqual(await decodeJpeg(Uint8Array.from(grey), wanted), smooth(1))
  assert.throws(() => inflateShort(noise, 'deflate', 100, 'It'), { code: 'damaged' })
  assert.throws(() => inflateShort(noise, 'deflate', -1, 'It'), { code: 'ERR_OUT_OF_RANGE' })
})

test('the process goes on while a stream is decoded', async () => {
  const side = 3000
  const pixels = Uint8Array.from({ length: side * side }, (_, at) => Math.imul(at, 2_654_435_761) >>> 24)
  const stream = Uint8Array.from(
    await buildJpeg({ columns: side, rows: side, samples: 1, pixels, isProgressive: true }),
  )
  let [last, longest] = [performance.now(), 0]
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  const started = performance.now()
  await decodeJpeg(stream, { columns: side, rows: side, samples: 1, name: 'It' })
  const took = performance.now() - started
  clearInterval(timer)
  longest = Math.max(longest, performance.now() - last)
  assert.ok(longest < took / 2, `silent for ${longest} of ${took} ms`)
})
