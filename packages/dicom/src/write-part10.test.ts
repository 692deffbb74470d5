import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, explicitBig, explicitLittle, implicitLittle, join, readFile } from './chunked.fixture.ts'
import { getNumber, getString } from './dataset.ts'
import type { Dataset } from './types.ts'
import { writePart10 } from './write-part10.ts'

const minimal: Dataset = {
  '00080016': { vr: 'UI', Value: ['1.2.3'] },
  '00080018': { vr: 'UI', Value: ['1.2.3.4'] },
  '00100020': { vr: 'LO', Value: ['W-1'] },
}
const write = (dataset: Dataset, options: Partial<Parameters<typeof writePart10>[1]> = {}): Uint8Array =>
  join(writePart10(dataset, { transferSyntaxUid: explicitLittle, ...options }))

test('the bytes of a small data set are those of the standard', () => {
  const dataset = write({ ...minimal, '00280010': { vr: 'US', Value: [258] } }, { start: 'dataset' })
  assert.deepEqual(
    dataset,
    bytesOf(
      `08 00 16 00 'UI' 06 00 '1.2.3' 00 08 00 18 00 'UI' 08 00 '1.2.3.4' 00 10 00 20 00 'LO' 04 00 'W-1 ' 28 00 10 00 'US' 02 00 02 01`,
    ),
  )
  const big = write(
    { '00280010': { vr: 'US', Value: [258] }, '00420011': { vr: 'OB', InlineBinary: 'AQ==' } },
    { start: 'dataset', transferSyntaxUid: explicitBig },
  )
  assert.deepEqual(big, bytesOf(`00 28 00 10 'US' 00 02 01 02 00 42 00 11 'OB' 00 00 00 00 00 02 01 00`))
  const implicit = write(
    { '00280010': { vr: 'US', Value: [258] } },
    { start: 'dataset', transferSyntaxUid: implicitLittle },
  )
  assert.deepEqual(implicit, bytesOf(`28 00 10 00 02 00 00 00 02 01`))
})

test('file meta information has its true length and names the object', () => {
  const file = write(minimal)
  const { fileMeta } = readFile(file)
  assert.equal(getNumber(fileMeta, '00020000'), file.length - 144 - write(minimal, { start: 'dataset' }).length)
  assert.equal(getString(fileMeta, '00020002'), '1.2.3')
  assert.equal(getString(fileMeta, '00020003'), '1.2.3.4')
  assert.equal(
    getString(readFile(write(minimal, { fileMeta: { '00020016': { vr: 'AE', Value: ['ME'] } } })).fileMeta, '00020016'),
    'ME',
  )
  assert.equal(
    getNumber(readFile(write(minimal, { fileMeta: { '00020000': { vr: 'UL', Value: [7] } } })).fileMeta, '00020000'),
    7,
  )
})

test('the preamble is given, zero or left out', () => {
  assert.equal(write(minimal, { preamble: new Uint8Array(128).fill(9) })[127], 9)
  assert.equal(write(minimal)[127], 0)
  assert.equal(Buffer.from(write(minimal, { start: 'no-preamble' }).subarray(0, 4)).toString(), 'DICM')
  assert.throws(() => write(minimal, { preamble: new Uint8Array(5) }), { name: 'DicomWriteError' })
})

test('text is written in its character set, in others as given bytes only', () => {
  const text = (terms: string[], element: Dataset[string]): Dataset => ({
    '00080005': { vr: 'CS', Value: terms },
    '00100010': element,
  })
  const name = (value: string): Dataset[string] => ({ vr: 'PN', Value: [{ Alphabetic: value }] })
  for (const [term, value] of [
    ['ISO_IR 192', '部品'],
    ['ISO_IR 100', 'Größe'],
    ['ISO_IR 144', 'Деталь'],
    ['ISO_IR 101', 'Łódź'],
  ] as const) {
    assert.deepEqual(readFile(write(text([term], name(value)))).dataset['00100010'], name(value), term)
  }
  const japanese = bytesOf(`1B '$B' 'ItIJ' 1B '(B'`)
  const raw = text(['', 'ISO 2022 IR 87'], { vr: 'PN', InlineBinary: Buffer.from(japanese).toString('base64') })
  assert.deepEqual(readFile(write(raw)).dataset['00100010'], name('部品'))
  for (const terms of [['ISO_IR 100'], ['', 'ISO 2022 IR 87'], []]) {
    assert.throws(() => write(text(terms, name('部品'))), { name: 'DicomWriteError', tag: '00100010' }, terms.join())
  }
})

test('numbers come back as they went in', () => {
  const dataset: Dataset = {
    '00180050': { vr: 'DS', Value: [0.1, 1.23456789012e23, -1e-7, '0.10000000000000001'] },
    '00280009': { vr: 'AT', Value: ['7FE00010'] },
    '0040A006': { vr: 'SV', Value: [-5, '-9223372036854775808'] },
    '00640009': { vr: 'FL', Value: ['NaN', 'Infinity', 0.5] },
    '00720074': { vr: 'FD', Value: ['-Infinity', 0.1] },
    '00720083': { vr: 'UV', Value: ['18446744073709551615', 1] },
    '00720078': { vr: 'UL', Value: [4294967295] },
  }
  for (const transferSyntaxUid of [explicitLittle, explicitBig])
    assert.deepEqual(readFile(write(dataset, { transferSyntaxUid })).dataset, dataset)
  for (const [vr, value] of [
    ['US', 65536],
    ['US', -1],
    ['SS', 40000],
    ['UL', 1.5],
    ['US', 'x'],
    ['FL', 'x'],
    ['DS', 0.1234567890123456],
  ] as const) {
    assert.throws(
      () => write({ '00280010': { vr, Value: [value] } }),
      { name: 'DicomWriteError', tag: '00280010' },
      `${vr} ${value}`,
    )
  }
})

test('a value whose bytes are not given is refused, one whose bytes are given is written', () => {
  const dataset: Dataset = { '00420011': { vr: 'OB', BulkDataURI: 'bulkdata/00420011' } }
  assert.throws(() => write(dataset), { name: 'DicomWriteError', tag: '00420011' })
  const bytes = Buffer.from('document')
  assert.deepEqual(
    readFile(write(dataset, { bulk: (uri) => (uri === 'bulkdata/00420011' ? bytes : undefined) })).dataset['00420011'],
    {
      vr: 'OB',
      InlineBinary: bytes.toString('base64'),
    },
  )
})

test('a value too long for its VR is refused', () => {
  assert.throws(() => write({ '00100020': { vr: 'LO', Value: ['x'.repeat(70_000)] } }), {
    name: 'DicomWriteError',
    tag: '00100020',
  })
  const endless = { length: 0xffffffff, pieces: [] }
  assert.throws(() => write(minimal, { pixels: endless }), { name: 'DicomWriteError', tag: '7FE00010' })
})

test('pixel data that comes in other amounts than announced is refused', () => {
  assert.throws(() => write(minimal, { pixels: { length: 4, pieces: [new Uint8Array(2)] } }), {
    name: 'DicomWriteError',
  })
  assert.throws(() => write(minimal, { pixels: { pieces: (function* () {})() } }), { name: 'DicomWriteError' })
  const frames = [new Uint8Array(4)]
  assert.throws(() => write(minimal, { pixels: { frames, offsetTable: 'basic', fragmentLengths: [[6]] } }), {
    name: 'DicomWriteError',
  })
  assert.throws(
    () => write(minimal, { pixels: { frames: [[new Uint8Array(2), new Uint8Array(2)]], offsetTable: 'extended' } }),
    { name: 'DicomWriteError' },
  )
})

test('frames are taken one by one while the file is written', () => {
  let taken = 0
  function* frames(): Generator<Uint8Array> {
    for (; taken < 5; taken += 1) yield new Uint8Array(1000)
  }
  const fragmentLengths = Array.from({ length: 5 }, () => [1000])
  let written = 0
  for (const piece of writePart10(minimal, {
    transferSyntaxUid: '1.2.840.10008.1.2.4.90',
    pixels: { frames: frames(), offsetTable: 'basic', fragmentLengths },
  })) {
    written += piece.length
    assert.ok(written >= taken * 1000, 'no frame is taken before the one before it is written')
  }
  assert.equal(taken, 5)
})

test('elements behind the pixel data are written behind it', () => {
  const { dataset, warnings } = readFile(
    write({ ...minimal, FFFAFFFA: { vr: 'SQ', Value: [{}] } }, { pixels: { pieces: [new Uint8Array(3)] } }),
  )
  assert.deepEqual(dataset['FFFAFFFA'], { vr: 'SQ', Value: [{}] })
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['unknown-geometry'],
  )
})
