import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getNumber, getNumbers, getPersonName, getString, getStrings, isDiconde, tags } from '@instandt/dicom'
import { buildTiff } from '@instandt/testkit/files'
import { convert, convertOne, valuesOf } from './convert.fixture.ts'
import { spacingOf } from './picture.ts'
import type { RawGeometry } from './read-raw.ts'

const film = buildTiff([
  { columns: 40, rows: 30, pixels: valuesOf(1200, 16), dpi: 508, fields: { 271: 'Array Corp', 272: '2905' } },
])

test('a film is a Computed Radiography Image with its digitiser, and DICONDE by its own word', async () => {
  const { dataset, read } = await convertOne(
    film,
    { name: 'Films\\W-17.tif' },
    {
      source: 'film',
      component: {
        name: 'Gehäuse 7',
        number: 'W-17',
        material: '1.4301',
        owner: 'Rotorwerk',
        manufacturingDate: '2025-01-31',
      },
      view: { description: 'View A', number: 3, operator: 'Petra Weber' },
      digitiser: { digitiserClass: 'DS', densityFrom: 0.5, densityTo: 4.7, calibratedOn: '2026-01-02' },
      pixelSize: { kind: 'file' },
    },
  )
  const text = (tag: string): string | undefined => getString(dataset, tag)
  assert.equal(text(tags.sopClassUid), '1.2.840.10008.5.1.4.1.1.1')
  assert.equal(getPersonName(dataset, tags.patientName)?.Alphabetic, 'Gehäuse 7')
  assert.deepEqual(
    [tags.patientId, tags.ethnicGroup, tags.patientBirthDate, tags.modality, tags.studyDate, tags.studyTime].map(text),
    ['W-17', '1.4301', '20250131', 'CR', '20260518', '0930'],
  )
  assert.deepEqual([tags.manufacturer, tags.manufacturerModelName, '00080064', '00181016'].map(text), [
    'Array Corp',
    '2905',
    'DF',
    'Array Corp',
  ])
  assert.deepEqual(getStrings(dataset, tags.imageType), ['ORIGINAL', 'PRIMARY'])
  assert.deepEqual(getNumbers(dataset, tags.nominalScannedPixelSpacing), [0.05, 0.05])
  assert.deepEqual(['00090010', '00091001', '00091003', '00091004'].map(text), [
    'INSTANDT CONVERSION',
    'TIFF',
    'Films\\W-17.tif',
    'DS',
  ])
  assert.deepEqual(
    ['00091005', '00091006'].map((tag) => getNumber(dataset, tag)),
    [0.5, 4.7],
  )
  assert.equal(text('00181200'), '20260102')
  assert.ok(isDiconde(dataset))
  assert.deepEqual(read.warnings, [])
  // Type 2: present, and empty when nobody knows.
  for (const tag of [tags.patientSex, tags.studyId, tags.accessionNumber, '00180015', '00185101', '00200020'])
    assert.ok(dataset[tag], tag)
})

test('the same request makes the same bytes, another file of the batch the same inspection and view', async () => {
  const first = await convertOne(film)
  assert.ok(Buffer.from((await convertOne(film)).file).equals(first.file))
  const other = await convertOne(film, { id: 'two', number: 2 })
  for (const tag of [tags.studyInstanceUid, tags.seriesInstanceUid])
    assert.equal(getString(other.dataset, tag), getString(first.dataset, tag))
  assert.notEqual(getString(other.dataset, tags.sopInstanceUid), getString(first.dataset, tags.sopInstanceUid))
  assert.match(getString(first.dataset, tags.sopInstanceUid) ?? '', /^2\.25\.\d{1,39}$/)
  for (const elsewhere of [
    await convertOne(film, { batch: 'other' }),
    await convertOne(film, {}, { component: { number: 'W-18' } }),
    await convertOne(film, {}, { component: { name: 'Another weld' } }),
  ])
    for (const tag of [tags.studyInstanceUid, tags.seriesInstanceUid])
      assert.notEqual(getString(elsewhere.dataset, tag), getString(first.dataset, tag))
})

test('of two views, or two machines, there are never images in one series; a file of several is one of its own', async () => {
  const seriesOf = async (...args: Parameters<typeof convert>): Promise<(string | undefined)[]> =>
    (await convert(...args)).map(({ dataset }) => getString(dataset, tags.seriesInstanceUid))
  const [first] = await seriesOf(film)
  for (const form of [
    { view: { number: 2 } },
    { view: { description: '90 deg' } },
    { view: { modality: 'CT' } },
    { equipment: { model: 'HD-CR 35' } },
    { source: 'photo' },
  ] as const)
    assert.notEqual((await seriesOf(film, {}, form))[0], first, JSON.stringify(form))
  assert.deepEqual(await seriesOf(film, {}, { view: { description: '' }, equipment: { model: undefined } }), [first])
  const small = { columns: 8, rows: 8, pixels: valuesOf(64, 16) }
  const of = async (model: string): Promise<string | undefined> =>
    (await seriesOf(buildTiff([{ ...small, fields: { 272: model } }])))[0]
  assert.notEqual(await of('2905'), await of('HD-CR 35'), 'the machine that the file names')

  const page = { columns: 8, rows: 8, pixels: valuesOf(64, 16) }
  const films = buildTiff([page, page, page])
  const pages = await seriesOf(films, { id: 'a', name: 'disc/Weld 17.tif' }, { source: 'film' })
  assert.equal(new Set(pages).size, 1)
  assert.notEqual((await seriesOf(films, { id: 'b', number: 2 }, { source: 'film' }))[0], pages[0])
  const [one] = await convert(films, { name: 'disc/Weld\\17.tif' }, { source: 'film' })
  assert.equal(one && getString(one.dataset, tags.seriesDescription), 'Weld 17')
})

test('what programs write that know of no resolution is no size of a pixel', async () => {
  const page = { columns: 8, rows: 8, pixels: valuesOf(64, 16) }
  const spacingAt = async (perInch: number): Promise<number[]> => {
    const file = buildTiff([{ ...page, fields: { 282: [perInch], 283: [perInch], 296: [2] } }])
    const { dataset } = await convertOne(file, {}, { source: 'film', pixelSize: { kind: 'file' } })
    return getNumbers(dataset, tags.nominalScannedPixelSpacing)
  }
  for (const [perCentimetre, known] of [
    [28, false],
    [38, false],
    [200, true],
  ] as const)
    assert.equal(spacingOf(perCentimetre, perCentimetre, 'centimetre') !== undefined, known, `${perCentimetre}`)
  for (const perMetre of [2834, 2835, 3779, 3780]) assert.equal(spacingOf(perMetre, perMetre, 'metre'), undefined)
  for (const perInch of [1, 72, 96]) assert.deepEqual(await spacingAt(perInch), [], `${perInch}`)
  for (const perInch of [71, 100, 508])
    assert.deepEqual(await spacingAt(perInch), Array(2).fill(Number((25.4 / perInch).toPrecision(9))))
})

test('a calibration is written with its words, and a nominal size is none', async () => {
  const size = { rowMm: 0.0445, columnMm: 0.05 }
  const calibrated = await convertOne(
    film,
    {},
    { pixelSize: { kind: 'calibrated', ...size, by: 'known-length', description: 'IQI 10 mm' } },
  )
  assert.deepEqual(getNumbers(calibrated.dataset, tags.pixelSpacing), [0.0445, 0.05])
  assert.deepEqual(
    ['00280A02', '00280A04'].map((tag) => getString(calibrated.dataset, tag)),
    ['FIDUCIAL', 'IQI 10 mm'],
  )
  const detector = await convertOne(film, {}, { pixelSize: { kind: 'detector', ...size } })
  assert.deepEqual(getNumbers(detector.dataset, tags.imagerPixelSpacing), [0.0445, 0.05])
  assert.equal(detector.dataset[tags.pixelSpacing], undefined)
})

test('a document is an Encapsulated PDF, its bytes unchanged', async () => {
  const pdf = Buffer.from('%PDF-1.7\nsome pages of an odd length\n%%EOF\n')
  for (const length of [pdf.length, pdf.length - 1]) {
    const bytes = pdf.subarray(0, length)
    const { dataset } = await convertOne(bytes, { name: 'report.pdf' }, { view: { description: 'Report' } })
    assert.equal(getString(dataset, tags.sopClassUid), '1.2.840.10008.5.1.4.1.1.104.1')
    assert.deepEqual(
      [tags.modality, tags.mimeTypeOfEncapsulatedDocument, '00420010'].map((tag) => getString(dataset, tag)),
      ['DOC', 'application/pdf', 'Report'],
    )
    assert.equal(getNumber(dataset, '00420015'), length)
    const inside = Buffer.from(dataset[tags.encapsulatedDocument]?.InlineBinary ?? '', 'base64')
    assert.ok(inside.subarray(0, length).equals(bytes))
  }
  await assert.rejects(convert(Buffer.from('%PDF-1.7\nhalf')), /no end/)
})

const raw: RawGeometry = {
  columns: 20,
  rows: 10,
  frames: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  isSigned: false,
  byteOrder: 'big',
  photometric: 'MONOCHROME1',
  offset: 7,
}

test('a raw file becomes what its description says, or is refused when it does not fit', async () => {
  const values = valuesOf(200, 12)
  const file = Buffer.concat([Buffer.alloc(7), Buffer.from(values).swap16()])
  const { pixels, dataset } = await convertOne(file, { raw })
  assert.ok(Buffer.from(pixels).equals(values))
  assert.deepEqual(
    [tags.bitsAllocated, tags.bitsStored, tags.highBit].map((tag) => getNumber(dataset, tag)),
    [16, 12, 11],
  )
  const frames = await convertOne(file, { raw: { ...raw, rows: 5, frames: 2, photometric: 'MONOCHROME2' } })
  assert.equal(frames.read.frames?.frameCount, 2)
  await assert.rejects(convert(file, { raw: { ...raw, rows: 11 } }), /would be a file of 447 bytes; this one has 407/)
  await assert.rejects(convert(file, { raw: { ...raw, byteOrder: 'little' } }), /12 bits cannot hold/)
  await assert.rejects(convert(file, { raw: { ...raw, bitsAllocated: 8 } }), /not possible/)
})

test('signed raw values beyond their bits are refused; bits above may repeat the sign or be zero', async () => {
  const signed = { ...raw, offset: 0, columns: 2, rows: 1, isSigned: true, byteOrder: 'little' } as const
  for (const fit of [
    [-2048, 2047],
    [0x0fff, 0x0800],
    [-1, 0],
  ])
    assert.equal((await convertOne(Buffer.from(Uint16Array.from(fit).buffer), { raw: signed })).pixels.length, 4)
  for (const value of [-2049, -20_000, 4096, 20_000])
    await assert.rejects(
      convert(Buffer.from(Uint16Array.from([0, value]).buffer), { raw: signed }),
      new RegExp(`A sample is ${value}, which 12 bits`),
    )
})

test('a file of none of the formats is refused by name', async () => {
  await assert.rejects(convert(Buffer.from('hello')), /no TIFF, PNG, JPEG or PDF/)
  await assert.rejects(convert(Buffer.from('GIF89a')), { code: 'unknown-format' })
  const { file } = await convertOne(film)
  file.set(Buffer.from('II*\0'))
  await assert.rejects(convert(file), /This is a DICOM file/)
})
