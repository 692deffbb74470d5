import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesOf, explicitBig, explicitLittle, implicitLittle, join, readFile, withMeta } from './chunked.fixture.ts'
import { getItems, getString, getStrings } from './dataset.ts'
import type { Dataset, ReadResult } from './types.ts'
import { writePart10 } from './write-part10.ts'

const explicit = (notation: string): ReadResult => readFile(withMeta(explicitLittle, bytesOf(notation)))
const codes = ({ warnings }: ReadResult): string[] => warnings.map(({ code }) => code)
const patientId = `10 00 20 00 'LO' 04 00 'W-12'`

test('a value that is too long for the data set is named with its place in the file', () => {
  const long = Buffer.alloc(2000, 7)
  const item: Dataset = { '54001010': { vr: 'OW', InlineBinary: long.toString('base64') } }
  const file = join(
    writePart10(
      { '00100020': { vr: 'LO', Value: ['W-12'] }, '54000100': { vr: 'SQ', Value: [{}, item] } },
      { transferSyntaxUid: explicitLittle },
    ),
  )
  const { dataset, bulk } = readFile(file)
  assert.equal(bulk.length, 1)
  const [place] = bulk
  assert.ok(place)
  assert.equal(place.path, '54000100/1/54001010')
  assert.deepEqual(Buffer.from(file.subarray(place.offset, place.offset + place.length)), long)
  assert.deepEqual(getItems(dataset, '54000100')[1]?.['54001010'], {
    vr: 'OW',
    BulkDataURI: 'bulkdata/54000100/1/54001010',
  })
})

test('text beyond the limit stays in the file and is named like other bulk data', () => {
  const file = withMeta(
    explicitLittle,
    join([bytesOf(`42 00 11 00 'UT' 00 00 40 0D 03 00`), Buffer.alloc(200_000, 'x')]),
  )
  const { dataset, bulk } = readFile(file, { limits: { maxValueLength: 100_000 } })
  assert.deepEqual(dataset['00420011'], { vr: 'UT', BulkDataURI: 'bulkdata/00420011' })
  assert.deepEqual(bulk, [{ path: '00420011', vr: 'UT', offset: file.length - 200_000, length: 200_000 }])
})

test('UN of undefined length is a sequence without VRs, in big endian too', () => {
  const unknown = `FE FF 00 E0 0E 00 00 00 08 00 50 11 06 00 00 00 '1.2.3' 00 FE FF DD E0 00 00 00 00`
  const expected = { vr: 'SQ', Value: [{ '00081150': { vr: 'UI', Value: ['1.2.3'] } }] }
  assert.deepEqual(explicit(`08 00 12 21 'UN' 00 00 FF FF FF FF ${unknown} ${patientId}`).dataset['00082112'], expected)
  const big = readFile(
    withMeta(explicitBig, bytesOf(`00 08 21 12 'UN' 00 00 FF FF FF FF ${unknown} 00 10 00 20 'LO' 00 04 'W-12'`)),
  )
  assert.deepEqual(big.dataset['00082112'], expected)
  assert.equal(getString(big.dataset, '00100020'), 'W-12')
})

test('UN of undefined length may hold explicit VRs against the standard', () => {
  const { dataset } = explicit(
    `08 00 12 21 'UN' 00 00 FF FF FF FF FE FF 00 E0 FF FF FF FF 08 00 50 11 'UI' 06 00 '1.2.3' 00 FE FF 0D E0 00 00 00 00 FE FF DD E0 00 00 00 00`,
  )
  assert.deepEqual(dataset['00082112'], { vr: 'SQ', Value: [{ '00081150': { vr: 'UI', Value: ['1.2.3'] } }] })
})

test('UN of defined length that holds items is a sequence, DICONDE ones and ones in ones included', () => {
  const inner = `FE FF 00 E0 0A 00 00 00 14 00 16 20 02 00 00 00 '3 '`
  const { dataset } = explicit(
    `14 00 02 20 'UN' 00 00 22 00 00 00 FE FF 00 E0 1A 00 00 00 14 00 12 20 12 00 00 00 ${inner}`,
  )
  assert.deepEqual(dataset['00142002'], {
    vr: 'SQ',
    Value: [{ '00142012': { vr: 'SQ', Value: [{ '00142016': { vr: 'SH', Value: ['3'] } }] } }],
  })
})

test('UN that only begins like a sequence stays what it is', () => {
  const { dataset } = explicit(
    `09 00 10 00 'LO' 02 00 'X ' 09 00 01 10 'UN' 00 00 0A 00 00 00 FE FF 00 E0 40 00 00 00 01 02`,
  )
  assert.deepEqual(dataset['00091001'], { vr: 'UN', InlineBinary: '/v8A4EAAAAABAg==' })
})

test('UN of a tag with a known VR is read as that', () => {
  const { dataset } = explicit(
    `14 00 28 00 'UN' 00 00 04 00 00 00 'ACME' 28 00 10 00 'UN' 00 00 02 00 00 00 05 00 28 00 11 00 'UN' 00 00 03 00 00 00 05 00 00`,
  )
  assert.deepEqual(dataset['00140028'], { vr: 'ST', Value: ['ACME'] })
  assert.deepEqual(dataset['00280010'], { vr: 'US', Value: [5] })
  assert.deepEqual(dataset['00280011'], { vr: 'UN', InlineBinary: 'BQAA' }, 'three bytes are no US')
})

test('the private blocks of early DICONDE have their VRs without being told', () => {
  const file = withMeta(
    implicitLittle,
    bytesOf(
      `09 00 10 00 1C 00 00 00 'astm.org/diconde/iod/Component ' 09 00 28 10 04 00 00 00 'ACME'`.replace(
        '1C 00',
        '1F 00',
      ),
    ),
  )
  assert.deepEqual(readFile(file).dataset['00091028'], { vr: 'ST', Value: ['ACME'] })
})

test('a character set counts for its item and the items within', () => {
  const { dataset } = explicit(
    `08 00 05 00 'CS' 0A 00 'ISO_IR 100' 40 00 75 02 'SQ' 00 00 FF FF FF FF
     FE FF 00 E0 FF FF FF FF 08 00 05 00 'CS' 0A 00 'ISO_IR 192' 40 00 07 00 'LO' 02 00 C3 A9 FE FF 0D E0 00 00 00 00
     FE FF 00 E0 FF FF FF FF 40 00 07 00 'LO' 02 00 E9 20 FE FF 0D E0 00 00 00 00 FE FF DD E0 00 00 00 00
     40 00 80 02 'ST' 02 00 E9 20`,
  )
  const items = dataset['00400275']?.Value as Dataset[]
  assert.deepEqual(
    items.map((item) => getString(item, '00400007')),
    ['é', 'é'],
  )
  assert.equal(getString(dataset, '00400280'), 'é')
})

test('unknown VRs and single elements without VR are read by the dictionary', () => {
  const result = explicit(
    `${patientId} 28 00 10 00 'ZZ' 02 00 05 00 28 00 11 00 '  ' 02 00 06 00 28 00 00 01 02 00 00 00 10 00 28 00 01 01 '??' 02 00 0C 00`,
  )
  assert.deepEqual(
    ['00280010', '00280011', '00280100', '00280101'].map((tag) => result.dataset[tag]),
    [5, 6, 16, 12].map((value) => ({ vr: 'US', Value: [value] })),
  )
  assert.deepEqual(codes(result), ['unknown-vr', 'unknown-vr', 'missing-vr', 'unknown-vr', 'pixel-data-missing'])
})

test('odd lengths are read, ragged numbers cut with a warning', () => {
  const result = explicit(`10 00 20 00 'LO' 03 00 'W-1' 28 00 10 00 'US' 03 00 05 00 00 28 00 30 00 'DS' 03 00 '0.5'`)
  assert.equal(getString(result.dataset, '00100020'), 'W-1')
  assert.deepEqual(result.dataset['00280010'], { vr: 'US', Value: [5] })
  assert.deepEqual(result.dataset['00280030'], { vr: 'DS', Value: [0.5] })
  assert.deepEqual(codes(result), ['bad-length'])
})

test('bulk data and pixel data within items are named with their path', () => {
  const icon = `88 00 00 02 'SQ' 00 00 FF FF FF FF FE FF 00 E0 FF FF FF FF E0 7F 10 00 'OB' 00 00 FF FF FF FF
    FE FF 00 E0 00 00 00 00 FE FF 00 E0 04 00 00 00 FF D8 FF D9 FE FF DD E0 00 00 00 00 FE FF 0D E0 00 00 00 00 FE FF DD E0 00 00 00 00`
  const { bulk, frames, dataset } = explicit(`${patientId} ${icon}`)
  assert.equal(frames, undefined)
  assert.deepEqual(bulk, [
    { path: '00880200/0/7FE00010', vr: 'OB', offset: 132 + 12 + 28 + 12 + 12 + 8 + 12, length: 20 },
  ])
  assert.deepEqual(getItems(dataset, '00880200')[0]?.['7FE00010'], {
    vr: 'OB',
    BulkDataURI: 'bulkdata/00880200/0/7FE00010',
  })
})

test('values are exact: decimals, long integers, floats that are none, tags, names, empty ones', () => {
  const { dataset } = explicit(
    `08 00 08 00 'CS' 06 00 'A\\\\B\\ ' 10 00 10 00 'PN' 06 00 'A=B\\C ' 18 00 50 00 'DS' 0E 00 '1.50\\1e400\\-0 ' 28 00 09 00 'AT' 04 00 18 00 63 10
     40 00 06 A0 'SV' 00 00 10 00 00 00 FF FF FF FF FF FF FF FF 00 00 00 00 00 00 00 80
     64 00 09 00 'FL' 0C 00 00 00 C0 7F 00 00 80 FF 00 00 80 3F`.replace('A\\\\B\\ ', 'A\\\\B\\ '),
  )
  assert.deepEqual(dataset['00080008'], { vr: 'CS', Value: ['A', null, 'B', null] })
  assert.deepEqual(dataset['00100010'], {
    vr: 'PN',
    Value: [{ Alphabetic: 'A', Ideographic: 'B' }, { Alphabetic: 'C' }],
  })
  assert.deepEqual(dataset['00180050'], { vr: 'DS', Value: [1.5, '1e400', 0] })
  assert.deepEqual(dataset['00280009'], { vr: 'AT', Value: ['00181063'] })
  assert.deepEqual(dataset['0040A006'], { vr: 'SV', Value: [-1, '-9223372036854775808'] })
  assert.deepEqual(dataset['00640009'], { vr: 'FL', Value: ['NaN', '-Infinity', 1] })
})

test('US or SS goes by Pixel Representation where no VR is written', () => {
  const of = (representation: string): unknown =>
    readFile(
      withMeta(implicitLittle, bytesOf(`28 00 03 01 02 00 00 00 ${representation} 00 28 00 20 01 02 00 00 00 FF FF`)),
    ).dataset['00280120']
  assert.deepEqual(of('00'), { vr: 'US', Value: [65535] })
  assert.deepEqual(of('01'), { vr: 'SS', Value: [-1] })
})

test('text that cannot be read as declared is shown and warned of', () => {
  const result = explicit(`08 00 05 00 'CS' 0A 00 'ISO_IR 192' 10 00 20 00 'LO' 04 00 'W' FF '12'`)
  assert.deepEqual(
    result.warnings.map(({ code, tag }) => [code, tag]),
    [['undecodable-text', '00100020']],
  )
  assert.equal(getStrings(result.dataset, '00100020').length, 1)
})
