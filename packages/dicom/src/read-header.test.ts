import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import {
  bytesOf,
  deflated,
  explicitBig,
  explicitLittle,
  implicitLittle,
  join,
  readAll,
  readFile,
  refusal,
  withMeta,
} from './chunked.fixture.ts'
import { getString } from './dataset.ts'
import { readHeader } from './read-header.ts'
import type { Dataset, ReadResult } from './types.ts'
import { writePart10 } from './write-part10.ts'

const explicit = (notation: string): ReadResult => readFile(withMeta(explicitLittle, bytesOf(notation)))
const codes = ({ warnings }: ReadResult): string[] => warnings.map(({ code }) => code)
const patientId = `10 00 20 00 'LO' 04 00 'W-12'`
const sample: Dataset = {
  '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
  '00080018': { vr: 'UI', Value: ['1.2.3'] },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Gehäuse^4711', Ideographic: '部品' }] },
  '00100020': { vr: 'LO', Value: ['W-12'] },
  '00142002': {
    vr: 'SQ',
    Value: [
      {
        '00142006': { vr: 'PN', Value: [{ Alphabetic: 'rör' }] },
        '00142012': { vr: 'SQ', Value: [{ '00142016': { vr: 'SH', Value: ['3'] } }, {}] },
      },
    ],
  },
  '00280010': { vr: 'US', Value: [2] },
  '00280011': { vr: 'US', Value: [3] },
  '00280030': { vr: 'DS', Value: [0.1, '0.10000000000000001'] },
  '00280100': { vr: 'US', Value: [16] },
}

for (const transferSyntaxUid of [explicitLittle, implicitLittle, explicitBig, deflated]) {
  for (const sequenceLengths of ['defined', 'undefined'] as const) {
    test(`reads back what was written in ${transferSyntaxUid} with ${sequenceLengths} lengths`, () => {
      const pixels = { length: 12, sampleBytes: 2 as const, pieces: [Uint8Array.from({ length: 12 }, (_, at) => at)] }
      const file = join(writePart10(sample, { transferSyntaxUid, sequenceLengths, pixels }))
      const { dataset, frames, fileMeta, warnings, byteLength } = readFile(file)
      const { '7FE00010': pixelData, ...attributes } = dataset
      assert.deepEqual(attributes, sample)
      assert.deepEqual(pixelData, { vr: 'OW', BulkDataURI: 'bulkdata/7FE00010' })
      assert.equal(getString(fileMeta, '00020010'), transferSyntaxUid)
      assert.deepEqual(warnings, [])
      assert.equal(byteLength, file.length)
      assert.ok(frames)
      assert.equal(frames.frameBits, 96)
      assert.equal(frames.swapBytes, transferSyntaxUid === explicitBig ? 2 : 1)
      assert.equal(frames.deflated, transferSyntaxUid === deflated)
      if (!frames.deflated) assert.equal(frames.offset, file.length - 12)
    })
  }
}

test('of an element that stands twice the first counts, its items and bulk data included', () => {
  const sequence = (value: string): string =>
    `40 00 75 02 'SQ' 00 00 14 00 00 00 FE FF 00 E0 0C 00 00 00 40 00 07 00 'LO' 04 00 '${value}'`
  const result = explicit(`${patientId} 10 00 20 00 'LO' 04 00 'W-13' ${sequence('AAAA')} ${sequence('BBBB')}`)
  assert.deepEqual(codes(result), ['duplicate-tag', 'duplicate-tag'])
  assert.equal(getString(result.dataset, '00100020'), 'W-12')
  assert.deepEqual(result.dataset['00400275']?.Value, [{ '00400007': { vr: 'LO', Value: ['AAAA'] } }])
  const overlay = join([bytesOf(`00 60 00 30 'OW' 00 00 00 08 00 00`), Buffer.alloc(2048)])
  const twice = readFile(withMeta(explicitLittle, join([overlay, overlay])))
  assert.equal(twice.bulk.length, 1)
})

test('elements out of order, and behind the pixel data, are read with a warning', () => {
  const result = explicit(
    `28 00 10 00 'US' 02 00 01 00 ${patientId} E0 7F 10 00 'OW' 00 00 02 00 00 00 01 02 10 00 30 00 'DA' 08 00 '20200101'`,
  )
  assert.deepEqual(codes(result), ['tag-order', 'tag-order', 'unknown-geometry'])
  assert.equal(getString(result.dataset, '00100030'), '20200101')
})

test('padding at the end is no element, rubbish behind the pixel data is a warning', () => {
  const pixels = `E0 7F 10 00 'OW' 00 00 02 00 00 00 01 02`
  assert.deepEqual(codes(explicit(`${patientId} FC FF FC FF 'OB' 00 00 04 00 00 00 00 00 00 00`)), [])
  assert.deepEqual(codes(explicit(`${patientId} 00 00 00 00 00 00 00 00 00 00 00 00`)), ['trailing-bytes'])
  assert.deepEqual(codes(explicit(`${patientId} 0D 0A`)), ['trailing-bytes'])
  assert.deepEqual(codes(explicit(`${pixels} DE AD BE EF 01 02 03 04 05 06 07 08 09`)), [
    'trailing-bytes',
    'unknown-geometry',
  ])
  assert.deepEqual(codes(explicit(`${pixels} FE FF DD E0 00 00 00 00`)), ['stray-delimiter', 'unknown-geometry'])
})

test('zeros in place of elements are refused when more follows', () => {
  const { code, offset } = refusal(
    withMeta(explicitLittle, bytesOf(`${patientId} 00 00 00 00 00 00 00 00 00 00 00 05`)),
  )
  assert.deepEqual({ code, offset }, { code: 'bad-element', offset: 132 + 12 + 28 + 12 + 11 })
})

test('bytes that are no element are refused with tag and offset', () => {
  const { code, tag, offset } = refusal(withMeta(explicitLittle, bytesOf(`${patientId} 24 80 01 02 99 99 99 99 00 00`)))
  assert.deepEqual({ code, tag, offset }, { code: 'bad-element', tag: '80240201', offset: 132 + 12 + 28 + 12 })
})

test('a file cut off anywhere is refused as truncated, or ends at an element', () => {
  const file = join(
    writePart10(sample, { transferSyntaxUid: explicitLittle, pixels: { pieces: [new Uint8Array(12)] } }),
  )
  let refused = 0
  for (let length = 0; length < file.length; length += 1) {
    const outcome = readAll(file.subarray(0, length))
    if ('error' in outcome) {
      refused += 1
      assert.ok(['truncated', 'not-dicom', 'empty'].includes(outcome.error.code), `${length}: ${outcome.error.message}`)
    } else {
      assert.equal(outcome.result.dataset['7FE00010'], undefined, `${length} bytes`)
    }
  }
  assert.equal(file.length - refused, Object.keys(sample).length, 'one behind every element before the pixel data')
})

test('a deflated file cut off anywhere is refused', () => {
  const file = join(writePart10(sample, { transferSyntaxUid: deflated, pixels: { pieces: [new Uint8Array(12)] } }))
  for (let length = 300; length < file.length - 1; length += 3) {
    const outcome = readAll(file.subarray(0, length))
    assert.ok('error' in outcome && outcome.error.code === 'truncated', `${length} bytes`)
  }
})

test('a deflated data set may be followed by other bytes, a damaged one is refused', () => {
  const body = deflateRawSync(bytesOf(patientId))
  assert.equal(getString(readFile(withMeta(deflated, join([body, new Uint8Array(9)]))).dataset, '00100020'), 'W-12')
  assert.equal(
    getString(readFile(withMeta(deflated, join([body, new Uint8Array(300_000)]))).dataset, '00100020'),
    'W-12',
  )
  const damaged = new Uint8Array(body)
  damaged[0] = 0xff
  assert.equal(refusal(withMeta(deflated, damaged)).code, 'bad-deflate')
})

test('a deflate bomb is refused after 64 MiB, an empty mask of that size is not', () => {
  const zeros = (length: number): Uint8Array => {
    const head = Buffer.alloc(12)
    bytesOf(`E0 7F 10 00 'OW' 00 00`).forEach((byte, at) => (head[at] = byte))
    head.writeUInt32LE(length, 8)
    return withMeta(deflated, deflateRawSync(Buffer.concat([head, Buffer.alloc(length)])))
  }
  assert.equal(readFile(zeros(40 * 1024 * 1024)).bulk[0]?.length, 40 * 1024 * 1024)
  assert.equal(refusal(zeros(80 * 1024 * 1024)).code, 'inflates-too-much')
})

test('files without preamble, without file meta information, or with neither a syntax are read', () => {
  const whole = withMeta(explicitLittle, bytesOf(patientId))
  const ways: [Uint8Array, string, string][] = [
    [whole.subarray(128), explicitLittle, 'missing-preamble'],
    [whole.subarray(132), explicitLittle, 'missing-preamble'],
    [bytesOf(`08 00 16 00 'UI' 06 00 '1.2.3' 00 ${patientId}`), explicitLittle, 'missing-meta'],
    [bytesOf(`08 00 16 00 06 00 00 00 '1.2.3' 00 10 00 20 00 04 00 00 00 'W-12'`), implicitLittle, 'missing-meta'],
    [bytesOf(`00 08 00 16 'UI' 00 06 '1.2.3' 00 00 10 00 20 'LO' 00 04 'W-12'`), explicitBig, 'missing-meta'],
    [
      join([
        new Uint8Array(128),
        bytesOf(
          `'DICM' 02 00 01 00 'OB' 00 00 02 00 00 00 00 01 08 00 16 00 06 00 00 00 '1.2.3' 00 10 00 20 00 04 00 00 00 'W-12'`,
        ),
      ]),
      implicitLittle,
      'missing-transfer-syntax',
    ],
    [join([new Uint8Array(128), bytesOf(`'DICM' ${patientId}`)]), explicitLittle, 'missing-transfer-syntax'],
  ]
  for (const [bytes, syntax, warning] of ways) {
    const result = readFile(bytes)
    assert.equal(result.transferSyntaxUid, syntax)
    assert.equal(getString(result.dataset, '00100020'), 'W-12')
    assert.deepEqual(codes(result), [warning])
  }
})

test('a wrong group length of the file meta information does no harm', () => {
  const file = withMeta(explicitLittle, bytesOf(patientId))
  file[140] = 200
  assert.equal(getString(readFile(file).dataset, '00100020'), 'W-12')
})

test('a data set in the other form than its transfer syntax says is read as it is', () => {
  const implicit = `08 00 16 00 06 00 00 00 '1.2.3' 00 10 00 20 00 04 00 00 00 'W-12'`
  const result = readFile(withMeta(explicitLittle, bytesOf(implicit)))
  assert.equal(getString(result.dataset, '00100020'), 'W-12')
  assert.deepEqual(codes(result), ['wrong-transfer-syntax'])
  const other = readFile(withMeta(implicitLittle, bytesOf(`08 00 16 00 'UI' 06 00 '1.2.3' 00 ${patientId}`)))
  assert.equal(getString(other.dataset, '00100020'), 'W-12')
  assert.deepEqual(codes(other), ['wrong-transfer-syntax'])
})

test('where two lengths contradict each other the inner one is believed', () => {
  const result = explicit(
    `40 00 75 02 'SQ' 00 00 0A 00 00 00 FE FF 00 E0 0C 00 00 00 40 00 07 00 'LO' 04 00 'AAAA' 40 00 80 02 'ST' 02 00 'ok'`,
  )
  assert.deepEqual(result.dataset['00400275']?.Value, [{ '00400007': { vr: 'LO', Value: ['AAAA'] } }])
  assert.equal(getString(result.dataset, '00400280'), 'ok')
  assert.ok(codes(result).includes('bad-length'))
})

test('a missing item delimiter is made up for, a missing sequence end is a truncated file', () => {
  const open = `40 00 75 02 'SQ' 00 00 FF FF FF FF FE FF 00 E0 FF FF FF FF 40 00 07 00 'LO' 04 00 'AAAA'`
  const result = explicit(`${open} FE FF DD E0 00 00 00 00 40 00 80 02 'ST' 02 00 'ok'`)
  assert.equal(getString(result.dataset, '00400280'), 'ok')
  assert.deepEqual(codes(result), ['missing-delimiter'])
  assert.equal(refusal(withMeta(explicitLittle, bytesOf(open))).code, 'truncated')
})

test('hostile depth, counts and sizes end in errors that name tag and offset', () => {
  const nested = (depth: number): Uint8Array =>
    withMeta(explicitLittle, bytesOf(`40 00 75 02 'SQ' 00 00 FF FF FF FF FE FF 00 E0 FF FF FF FF`.repeat(depth)))
  assert.equal(refusal(nested(64)).code, 'truncated')
  assert.deepEqual(refusal(nested(65)), {
    code: 'too-deep',
    tag: '00400275',
    offset: 172 + 64 * 20,
    message: `Sequences are nested deeper than 64. [(0040,0275), offset ${172 + 64 * 20}]`,
  })
  assert.equal(refusal(nested(20_000)).code, 'too-deep')
  const many = withMeta(explicitLittle, bytesOf(`${patientId} `.repeat(50)))
  assert.equal(refusal(many, { limits: { maxElements: 40 } }).code, 'too-many-elements')
  assert.equal(refusal(many, { limits: { maxHeaderLength: 600 } }).code, 'header-too-long')
  const fragments = withMeta(
    '1.2.840.10008.1.2.4.50',
    bytesOf(`E0 7F 10 00 'OB' 00 00 FF FF FF FF ${`FE FF 00 E0 00 00 00 00 `.repeat(20)} FE FF DD E0 00 00 00 00`),
  )
  assert.equal(refusal(fragments, { limits: { maxFragments: 10 } }).code, 'too-many-fragments')
  const bomb = withMeta(
    explicitLittle,
    join([
      bytesOf(`09 00 01 10 'UN' 00 00 F4 01 00 00`),
      Buffer.from('feff00e0ffffffff09000110ffffffff'.repeat(32).slice(0, 1000), 'hex'),
    ]),
  )
  assert.deepEqual(readFile(bomb).dataset['00091001']?.vr, 'UN')
})

test('an error is thrown again by every later call', async () => {
  await assert.rejects(readHeader([Buffer.from('no DICOM at all'.repeat(20))]), {
    name: 'DicomReadError',
    code: 'not-dicom',
    offset: 0,
  })
})
