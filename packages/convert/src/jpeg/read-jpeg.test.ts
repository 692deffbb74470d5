import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getString, readFrameEntry, tags } from '@instandt/dicom'
import { buildTiff } from '@instandt/testkit/files'
import { type Converted, convert, convertOne } from '../convert.fixture.ts'
import { decodeJpeg } from './decode.ts'
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

test('a stream that says it is RGB is taken at its word', async () => {
  const adobe = Buffer.concat([Buffer.from('Adobe'), Uint8Array.of(0, 100, 0, 0, 0, 0, 0)])
  const { dataset } = await convertOne(withSegment(colour, 0xee, adobe))
  assert.equal(getString(dataset, tags.photometricInterpretation), 'RGB')
})

test('how the camera was held is told', async () => {
  const exif = Buffer.concat([
    Buffer.from('Exif\0\0MM\0\x2a\0\0\0\x08\0\x01', 'latin1'),
    Uint8Array.of(1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0),
  ])
  const { dataset } = await convertOne(withSegment(grey, 0xe1, exif))
  assert.match(getString(dataset, '00204000') ?? '', /Exif Orientation 6/)
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
  await assert.rejects(decodeJpeg(grey, { columns, rows: rows + 1, samples: 1, name: 'It' }), /other sides/)
})
