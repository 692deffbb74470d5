import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Dataset, tags } from '@instandt/dicom'
import { attributesOf, sequenceOf } from '@instandt/testkit/files'
import { readDescriptor, readFrameAttributes } from './frame-attributes.ts'
import { PixelFault } from './pixel-fault.ts'
import { readPixelFormat } from './pixel-format.ts'

const image: Dataset = {
  ...attributesOf({
    Rows: 4,
    Columns: 6,
    SamplesPerPixel: 1,
    BitsAllocated: 16,
    BitsStored: 12,
    HighBit: 11,
    PixelRepresentation: 0,
    PhotometricInterpretation: 'MONOCHROME2',
  }),
  [tags.pixelData]: { vr: 'OW', BulkDataURI: 'x' },
}
const attributes = (values: Dataset, frame = 1) => {
  const dataset = { ...image, ...values }
  return readFrameAttributes(dataset, readPixelFormat(dataset), frame)
}

test('all windows of the file with their words; one without a width is none', () => {
  const values = attributesOf({
    WindowCenter: ['100', '2000', '5'],
    WindowWidth: ['200', '4000'],
    WindowCenterWidthExplanation: ['WELD', 'ALL'],
  })
  assert.deepEqual(attributes(values).fileWindows, [
    { centre: 100, width: 200, explanation: 'WELD', isExact: false },
    { centre: 2000, width: 4000, explanation: 'ALL', isExact: false },
  ])
})

test('a table of more than 32,767 entries may be written with a signed number', () => {
  assert.deepEqual(readDescriptor([-25_536, 0, 16], false), { entries: 40_000, first: 0, bits: 16 })
  assert.deepEqual(readDescriptor([0, 65_535, 8], true), { entries: 65_536, first: -1, bits: 8 })
})

test('a rescale that changes nothing is none, nor is one of slope 0', () => {
  assert.equal(attributes(attributesOf({ RescaleSlope: '1', RescaleIntercept: '0' })).rescale, undefined)
  assert.equal(attributes(attributesOf({ RescaleSlope: '0', RescaleIntercept: '5' })).rescale, undefined)
  const rescale = attributes(attributesOf({ RescaleSlope: '0.5', RescaleIntercept: '-10', RescaleType: 'OD' })).rescale
  assert.deepEqual(rescale, { slope: 0.5, intercept: -10, type: 'OD' })
})

test('a frame has its own values before the shared ones', () => {
  const groups = {
    ...sequenceOf('SharedFunctionalGroupsSequence', [
      {
        ...sequenceOf('FrameVOILUTSequence', [attributesOf({ WindowCenter: '1', WindowWidth: '2' })]),
        ...sequenceOf('PixelMeasuresSequence', [attributesOf({ PixelSpacing: ['0.2', '0.1'] })]),
      },
    ]),
    ...sequenceOf('PerFrameFunctionalGroupsSequence', [
      {},
      sequenceOf('FrameVOILUTSequence', [attributesOf({ WindowCenter: '3', WindowWidth: '4' })]),
    ]),
  }
  assert.equal(attributes(groups, 1).fileWindows[0]?.centre, 1)
  assert.equal(attributes(groups, 2).fileWindows[0]?.centre, 3)
  assert.equal(attributes(groups, 2).aspect, 2)
})

test('MONOCHROME1 and an inverse presentation are white at the lowest value, once', () => {
  const inverse = attributesOf({ PresentationLUTShape: 'INVERSE' })
  const first = attributesOf({ PhotometricInterpretation: 'MONOCHROME1' })
  assert.equal(attributes({}).isInverse, false)
  assert.equal(attributes(first).isInverse, true)
  assert.equal(attributes({ ...first, ...inverse }).isInverse, true)
  assert.equal(attributes(inverse).isInverse, true)
})

test('the shape of a pixel: ratio first, then distances; nonsense is square', () => {
  assert.equal(attributes(attributesOf({ PixelAspectRatio: ['3', '2'], PixelSpacing: ['1', '1'] })).aspect, 1.5)
  assert.equal(attributes(attributesOf({ ImagerPixelSpacing: ['0.1', '0.2'] })).aspect, 0.5)
  assert.equal(attributes(attributesOf({ PixelSpacing: ['0', '0.2'] })).aspect, 1)
  assert.equal(attributes({}).aspect, 1)
})

test('an object without pixels says what it is instead', () => {
  const content = (values: Dataset): unknown => {
    try {
      readPixelFormat(values)
      return undefined
    } catch (error) {
      return error instanceof PixelFault && [error.code, error.detail['content']]
    }
  }
  assert.deepEqual(content({ [tags.encapsulatedDocument]: { vr: 'OB' } }), ['no-pixels', 'document'])
  assert.deepEqual(content({ [tags.waveformSequence]: { vr: 'SQ' } }), ['no-pixels', 'waveform'])
  assert.deepEqual(content({ [tags.contentSequence]: { vr: 'SQ' } }), ['no-pixels', 'report'])
  assert.deepEqual(content({}), ['no-pixels', 'other'])
})

test('what no picture can be is named', () => {
  const faultOf = (values: Dataset): unknown => {
    try {
      return readPixelFormat({ ...image, ...values })
    } catch (error) {
      return error instanceof PixelFault && [error.code, error.detail['name']]
    }
  }
  assert.deepEqual(faultOf(attributesOf({ Rows: 0 })), ['unsupported-format', 'Rows'])
  assert.deepEqual(faultOf(attributesOf({ Columns: [] })), ['missing-attribute', 'Columns'])
  assert.deepEqual(faultOf(attributesOf({ BitsAllocated: 12 })), ['unsupported-format', 'Bits Allocated'])
  assert.deepEqual(faultOf(attributesOf({ SamplesPerPixel: 4 })), ['unsupported-format', 'Samples per Pixel'])
})
