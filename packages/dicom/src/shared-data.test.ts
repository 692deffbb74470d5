// Every file of the shared folder, read whole and in chunks, against what other software says of it.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { canonicalDigest, type PixelGeometry } from '../../../tools/prove/stored-frames.ts'
import { numbersFrom, readIn, type Outcome } from './chunked.fixture.ts'
import { fromBase64 } from './base64.ts'
import { alignFrame, FRAME_ENTRY_BYTES, locateNativeFrame, readFrameEntry, swapFrame } from './frame-index.ts'
import { tags, transferSyntax } from './dictionary/index.ts'
import { getNumber } from './dataset.ts'
import type { BulkElement, Dataset, Element, ReadResult } from './types.ts'

const folder = process.env['INSTANDT_SHARED_DATA'] ?? path.resolve(import.meta.dirname, '../../../../shared/data')
const manifest = path.join(folder, 'manifest.csv')
const skip = existsSync(manifest) ? false : 'no folder of DICOM files at INSTANDT_SHARED_DATA or ../shared/data'

interface ExpectedElement extends Element {
  bulk?: { length: number; sha256: string }
}
interface Expected {
  header?: Record<string, ExpectedElement>
  pixels?: { frame_sha256?: string[]; lossy?: boolean; unconfirmed?: string }
}

const files =
  skip === false
    ? readFileSync(manifest, 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((row) => row.slice(0, row.indexOf(',')))
    : []
const load = (file: string): Buffer => readFileSync(path.join(folder, file))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const wholeOf = (bytes: Uint8Array): Outcome => readIn(bytes, () => Math.max(1, bytes.length))

/** Why a file may be refused: nothing else is. */
const refusals: Record<string, string> = {
  'edge_s1/bad_deflate_bomb.dcm': 'inflates-too-much',
  'edge_s1/bad_empty.dcm': 'empty',
  'edge_s1/bad_length_past_end.dcm': 'truncated',
  'edge_s1/bad_nested_200.dcm': 'too-deep',
  'edge_s1/bad_png.dcm': 'not-dicom',
  'edge_s1/bad_preamble_only.dcm': 'truncated',
  'edge_s1/bad_text.dcm': 'not-dicom',
  'edge_s1/bad_truncated_header.dcm': 'truncated',
  'edge_s1/bad_truncated_pixels.dcm': 'truncated',
  // A stray blank before the data set.
  'pydicom/no_meta.dcm': 'not-dicom',
  'pydicom/rtplan_truncated.dcm': 'truncated',
  'pydicom/zipMR.gz': 'not-dicom',
  // Its last item says 248 bytes, 224 are there.
  'sets/dicomdirtests/DICOMDIR-nooffset': 'truncated',
}

test('of the shared files only broken ones are refused, each with its true reason', { skip }, () => {
  const refused: Record<string, string> = {}
  for (const file of files) {
    const outcome = wholeOf(load(file))
    if ('error' in outcome) refused[file] = outcome.error.code
  }
  assert.deepEqual(refused, refusals)
})

test('every shared file reads the same in chunks of any size', { skip }, () => {
  const random = numbersFrom(20_261_124)
  for (const file of files) {
    const bytes = load(file)
    const whole = wholeOf(bytes)
    assert.deepEqual(
      readIn(bytes, () => 1 + random(64 * 1024)),
      whole,
      `${file} in random chunks`,
    )
    assert.deepEqual(
      readIn(bytes, () => 1 + random(100)),
      whole,
      `${file} in small chunks`,
    )
    if (bytes.length < 100_000)
      assert.deepEqual(
        readIn(bytes, () => 1),
        whole,
        `${file} byte by byte`,
      )
  }
})

/** Files whose expected header is known to be wrong or differently meant, with the reason. */
const otherwise = new Map([
  ['edge_s1/bad_no_preamble.dcm', 'pydicom takes the magic word for an element'],
  ['edge_s1/bad_trailing_garbage.dcm', 'pydicom takes the rubbish for elements'],
  ['edge_s1/bad_no_sequence_end.dcm', 'pydicom drops the pixel data'],
  ['edge_s1/bad_value_decimal.dcm', 'pydicom drops the value'],
  ['edge_s1/bad_value_is.dcm', 'pydicom drops the value'],
  ['fo-dicom/GH195.dcm', 'pydicom drops a private decimal that is none'],
  ['edge_s1/bad_value_utf8.dcm', 'pydicom replaces the byte that is no UTF-8'],
  ['edge_s1/cs_ir58.dcm', 'pydicom 2.3 does not decode ISO 2022 IR 58'],
  ['edge_s1/cs_ir87_5c.dcm', 'pydicom 2.3 splits kanji at 5CH'],
  ['edge_s1/bad_vr_unknown.dcm', 'pydicom keeps the unknown VR'],
  ['fo-dicom/GH179A.dcm', 'pydicom reads a VR of two blanks as none and loses its place'],
  ['pydicom-data/emri_small_jpeg_2k_lossless_too_short.dcm', 'pydicom drops the pixel data'],
])

test('attributes are those that pydicom reads', { skip }, (t) => {
  const faults: string[] = []
  let compared = 0
  let privateUnknown = 0
  for (const file of files) {
    const expectedFile = path.join(folder, 'expected', `${file}.json`)
    if (!existsSync(expectedFile) || otherwise.has(file)) continue
    const { header } = JSON.parse(readFileSync(expectedFile, 'utf8')) as Expected
    const source = load(file)
    const outcome = wholeOf(source)
    if (!header || 'error' in outcome) continue
    const compare = (ours: Dataset, theirs: Record<string, ExpectedElement>, at: string): void => {
      for (const tag of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
        // Group lengths and padding say nothing about the object and are left out.
        if (tag.endsWith('0000') || tag === tags.dataSetTrailingPadding) continue
        const mine = ours[tag]
        const expected = theirs[tag]
        compared += 1
        if (!mine || !expected)
          faults.push(`${at}${tag}: ${JSON.stringify(mine)} instead of ${JSON.stringify(expected)}`)
        else if (mine.vr === 'UN' && expected.vr !== 'UN' && isPrivate(tag)) privateUnknown += 1
        else if (mine.vr === 'SQ' && expected.vr === 'UN' && isPrivate(tag)) continue
        else if (mine.vr === 'SQ' && expected.vr === 'SQ' && mine.Value?.length === expected.Value?.length) {
          for (const [index, item] of (mine.Value ?? []).entries())
            compare(item as Dataset, expected.Value?.[index] as Dataset, `${at}${tag}/${index}/`)
        } else if (!isSame(mine, expected, outcome.result, source)) {
          faults.push(
            `${at}${tag}: ${JSON.stringify(mine).slice(0, 200)} instead of ${JSON.stringify(expected).slice(0, 200)}`,
          )
        }
      }
    }
    compare(outcome.result.dataset, header, `${file} `)
  }
  assert.deepEqual(faults, [])
  assert.ok(compared > 25_000)
  t.diagnostic(
    `${compared} attributes compared; ${privateUnknown} private ones without VR are UN here: pydicom brings makers' dictionaries`,
  )
})

const isPrivate = (tag: string): boolean => Number.parseInt(tag.charAt(3), 16) % 2 === 1

function isSame(
  mine: Element,
  expected: ExpectedElement,
  { bulk, frames, transferSyntaxUid }: ReadResult,
  source: Buffer,
): boolean {
  if (mine.vr !== expected.vr) return false
  if (expected.bulk) {
    if (mine.InlineBinary !== undefined) return isBulk(fromBase64(mine.InlineBinary), expected.bulk)
    if (mine.Value !== undefined) return true
    const path = mine.BulkDataURI?.replace('bulkdata/', '')
    const place = bulk.find((one) => one.path === path)
    if (!place) return frames?.encapsulated === true && path === tags.pixelData
    if (transferSyntax(transferSyntaxUid)?.deflated || frames?.swapBytes !== 1 || frames.encapsulated)
      return place.length >= expected.bulk.length - 1
    return isBulk(slice(source, place), expected.bulk)
  }
  return JSON.stringify(normal(mine)) === JSON.stringify(normal(expected))
}

const slice = (source: Buffer, { offset, length }: Pick<BulkElement, 'offset' | 'length'>): Buffer =>
  source.subarray(offset, offset + length)
const isBulk = (bytes: Uint8Array, expected: { length: number; sha256: string }): boolean =>
  bytes.length === expected.length && sha256(bytes) === expected.sha256

/** Spaces around values carry no meaning, an empty value among several is null, zero has no sign. */
function normal(element: Element): unknown {
  const values = element.Value?.map((value) => {
    if (typeof value === 'string') return value.trim() === '' ? null : value.trim()
    return Object.is(value, -0) ? 0 : value
  })
  return {
    vr: element.vr,
    ...(values ? { Value: values } : {}),
    ...(element.InlineBinary === undefined ? {} : { InlineBinary: element.InlineBinary }),
  }
}

test(
  'native frames, cut out of the file, swapped and aligned, hold the values other software decoded',
  { skip },
  async (t) => {
    const compared = { slices: 0, swapped: 0, aligned: 0, inflated: 0 }
    const faults: string[] = []
    for (const file of files) {
      const expectedFile = path.join(folder, 'expected', `${file}.json`)
      if (!existsSync(expectedFile)) continue
      const { pixels } = JSON.parse(readFileSync(expectedFile, 'utf8')) as Expected
      const source = load(file)
      const outcome = wholeOf(source)
      const hashes = pixels?.frame_sha256 ?? []
      if (hashes.length === 0 || 'error' in outcome) continue
      const { frames, dataset, transferSyntaxUid } = outcome.result
      const syntax = transferSyntax(transferSyntaxUid)
      if (!frames) {
        // Zero rows: a frame of no bytes is none.
        assert.ok(
          outcome.result.warnings.some(({ code }) => code === 'unknown-geometry'),
          `${file} has frames`,
        )
        continue
      }
      if (!syntax?.mediaType.startsWith('video/'))
        assert.equal(frames.frameCount, hashes.length, `${file}: number of frames`)
      const isSubsampled = dataset[tags.photometricInterpretation]?.Value?.[0] === 'YBR_FULL_422'
      if (frames.encapsulated || pixels?.lossy || pixels?.unconfirmed || isSubsampled) continue
      const stream = frames.deflated ? inflateRawSync(source.subarray(dataSetStart(source))) : source
      for (const [index, expected] of hashes.entries()) {
        const place = locateNativeFrame(frames, index + 1)
        assert.ok(place, `${file}: frame ${index + 1}`)
        const isAligned = place.bitOffset !== 0 || place.bitLength !== place.length * 8
        let pieces = piecesOf(slice(stream, place))
        if (frames.swapBytes > 1) pieces = swapFrame(pieces, frames.swapBytes)
        if (isAligned) pieces = alignFrame(pieces, place.bitOffset, place.bitLength)
        const made: Uint8Array[] = []
        for await (const piece of pieces) made.push(piece)
        const frame = Buffer.concat(made)
        const isReadable = (getNumber(dataset, tags.bitsStored) ?? 0) <= (getNumber(dataset, tags.bitsAllocated) ?? 64)
        if (isReadable && canonicalDigest(frame, geometryOf(dataset)) !== expected)
          faults.push(`${file}: frame ${index + 1}`)
        compared[isAligned ? 'aligned' : frames.swapBytes > 1 ? 'swapped' : frames.deflated ? 'inflated' : 'slices'] +=
          1
      }
    }
    t.diagnostic(`frames compared: ${JSON.stringify(compared)}`)
    assert.deepEqual(faults, [])
    assert.ok(compared.slices > 100 && compared.swapped > 5 && compared.aligned > 4 && compared.inflated > 1)
  },
)

/** In pieces that end inside words. */
async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1021) yield bytes.subarray(at, at + 1021)
}

/** Behind the file meta information, by its own group length. */
const dataSetStart = (source: Buffer): number => 144 + source.readUInt32LE(140)

function geometryOf(dataset: Dataset): PixelGeometry {
  const isFloat = dataset[tags.floatPixelData] !== undefined || dataset[tags.doubleFloatPixelData] !== undefined
  const bitsAllocated = getNumber(dataset, tags.bitsAllocated) ?? (dataset[tags.floatPixelData] ? 32 : 64)
  const bitsStored = isFloat
    ? bitsAllocated
    : Math.min(bitsAllocated, getNumber(dataset, tags.bitsStored) ?? bitsAllocated)
  return {
    bitsAllocated,
    bitsStored,
    highBit: isFloat ? bitsAllocated - 1 : (getNumber(dataset, tags.highBit) ?? bitsStored - 1),
    isSigned: !isFloat && getNumber(dataset, tags.pixelRepresentation) === 1,
    samples: getNumber(dataset, tags.samplesPerPixel) ?? 1,
    isPlanar: getNumber(dataset, tags.planarConfiguration) === 1,
    pixels: (getNumber(dataset, tags.rows) ?? 0) * (getNumber(dataset, tags.columns) ?? 0),
  }
}

test('frames of encapsulated pixel data lie where the items of the file do', { skip }, (t) => {
  let compared = 0
  for (const file of files) {
    const source = load(file)
    const outcome = wholeOf(source)
    if ('error' in outcome || !outcome.result.frames?.encapsulated) continue
    const { table, frameCount, offset, length } = outcome.result.frames
    assert.ok(table && table.length === frameCount * FRAME_ENTRY_BYTES)
    const items = new Map<number, number>()
    let at = offset
    while (at + 8 <= offset + length) {
      items.set(at + 8, source.readUInt32LE(at + 4))
      at += 8 + source.readUInt32LE(at + 4)
    }
    for (let frame = 0; frame < frameCount; frame += 1) {
      const entry = readFrameEntry(table.subarray(frame * FRAME_ENTRY_BYTES))
      let next = entry.offset
      for (let fragment = 0; fragment < entry.fragments; fragment += 1) {
        const size = items.get(next)
        assert.ok(size !== undefined, `${file}: frame ${frame + 1}, fragment ${fragment + 1}`)
        next += size + 8
      }
      assert.equal(next - 8, entry.offset + entry.span, `${file}: frame ${frame + 1}`)
      compared += 1
    }
  }
  assert.ok(compared > 150, `${compared} frames compared`)
  t.diagnostic(`${compared} frames compared`)
})
