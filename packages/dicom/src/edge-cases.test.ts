// The 126 made edge cases of the shared folder: what each of them is, and what their maker expects of a reader.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fromBase64 } from './base64.ts'
import { readIn } from './chunked.fixture.ts'
import { getNumber, getString, getStrings, getWholeText } from './dataset.ts'
import { tags } from './dictionary/index.ts'
import { readFrameEntry } from './frame-index.ts'
import type { ReadResult } from './types.ts'

const folder = path.join(
  process.env['INSTANDT_SHARED_DATA'] ?? path.resolve(import.meta.dirname, '../../../../shared/data'),
  'edge_s1',
)
const skip = existsSync(path.join(folder, 'edge.json'))
  ? false
  : 'no folder of edge cases at INSTANDT_SHARED_DATA or ../shared/data'

interface EdgeCase {
  file: string
  expect: string
  special: string
  patient_name?: string
  study_description?: string
  stream_sha256?: string
  stream_bytes?: number
  document_sha256?: string
  document_bytes?: number
  overlay_sha256?: string
  true_frame_sha256?: string[]
}

const cases = skip === false ? (JSON.parse(readFileSync(path.join(folder, 'edge.json'), 'utf8')) as EdgeCase[]) : []
const load = (file: string): Buffer => readFileSync(path.join(folder, file))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function read(file: string): ReadResult {
  const bytes = load(file)
  const outcome = readIn(bytes, () => 4096)
  if ('error' in outcome) assert.fail(`${file}: ${outcome.error.message}`)
  return outcome.result
}

/** Readable files that an archive refuses for what stands in them: the reader has to show it. */
const refusedForContents: Record<string, (result: ReadResult) => boolean> = {
  'bad_uid_path.dcm': ({ dataset }) => /[^0-9.]/.test(getString(dataset, tags.sopInstanceUid) ?? ''),
  'bad_uid_empty.dcm': ({ dataset }) => getString(dataset, tags.sopInstanceUid) === undefined,
  'bad_uid_space.dcm': ({ dataset }) => (getString(dataset, tags.sopInstanceUid) ?? '').includes(' '),
  'bad_no_sop_uid.dcm': ({ dataset }) => dataset[tags.sopInstanceUid] === undefined,
  'bad_no_study_uid.dcm': ({ dataset }) => dataset[tags.studyInstanceUid] === undefined,
  'bad_no_series_uid.dcm': ({ dataset }) => dataset[tags.seriesInstanceUid] === undefined,
  'bad_no_sop_class.dcm': ({ dataset }) => dataset[tags.sopClassUid] === undefined,
}

// Where the maker allows both, the choice is fixed by the list of refusals over all shared files.
test('what is to be stored can be read, what is to be refused cannot or shows why', { skip }, () => {
  assert.equal(cases.length, 126)
  for (const { file, expect } of cases) {
    const outcome = readIn(load(file), () => 4096)
    const isRead = 'result' in outcome
    if (expect === 'reject' || expect.startsWith('reject by')) {
      assert.ok(!isRead || refusedForContents[file]?.(outcome.result) === true, `${file}: ${expect}`)
    } else if (!/^(store or reject|reject)/.test(expect)) {
      assert.ok(isRead, `${file}: ${expect}; ${'error' in outcome ? outcome.error.message : ''}`)
    }
  }
})

test('what is to be stored flagged carries a warning that names the fault', { skip }, () => {
  const flags: Record<string, string> = {
    'bad_frames_1000.dcm': 'frames-missing',
    'bad_rows_65535.dcm': 'frames-missing',
    'bad_rows_0.dcm': 'unknown-geometry',
    'bad_bits_stored_17.dcm': 'bad-bits-stored',
    'bad_value_is.dcm': 'bad-frame-count',
    'bad_vr_unknown.dcm': 'unknown-vr',
    'bad_duplicate_tag.dcm': 'duplicate-tag',
    'bad_tag_order.dcm': 'tag-order',
    'bad_trailing_garbage.dcm': 'trailing-bytes',
    'bad_no_preamble.dcm': 'missing-preamble',
    'bad_raw_dataset.dcm': 'missing-meta',
    'bad_meta_no_ts.dcm': 'missing-transfer-syntax',
    'bad_no_sequence_end.dcm': 'missing-delimiter',
    'ts_unknown_private.dcm': 'unknown-transfer-syntax',
    'cs_wrong.dcm': 'unknown-character-set',
  }
  const found = Object.keys(flags).map((file) => [file, read(file).warnings.map(({ code }) => code)] as const)
  for (const [file, codes] of found) assert.ok(codes.includes(flags[file] ?? ''), `${file}: ${codes.join()}`)
  const warned = cases.filter(({ file }) => {
    const outcome = readIn(load(file), () => 4096)
    return 'result' in outcome && outcome.result.warnings.length > 0
  })
  const unexpected = warned.map(({ file }) => file).filter((file) => flags[file] === undefined)
  assert.deepEqual(unexpected.sort(), ['bad_value_utf8.dcm', 'cs_undeclared.dcm'])
})

test('text in all 23 character sets is what its maker wrote', { skip }, () => {
  let compared = 0
  for (const { file, patient_name: name, study_description: description } of cases) {
    if (name === undefined) continue
    const { dataset } = read(file)
    const person = dataset[tags.patientName]?.Value?.[0] as Record<string, string>
    const groups = [person['Alphabetic'], person['Ideographic'], person['Phonetic']]
    assert.deepEqual(
      groups
        .map((group) => group ?? '')
        .join('=')
        .replace(/=+$/, ''),
      name,
      file,
    )
    assert.deepEqual(getWholeText(dataset, tags.studyDescription), description, file)
    compared += 1
  }
  assert.equal(compared, 23)
})

test('every picture that its maker counts is a frame', { skip }, () => {
  for (const { file, true_frame_sha256: frames } of cases) {
    if (frames === undefined || 'error' in readIn(load(file), () => 4096)) continue
    assert.equal(read(file).frames?.frameCount, frames.length, file)
  }
})

test('a video is one stream, documents and overlays are found where they lie', { skip }, () => {
  let compared = 0
  for (const edge of cases) {
    const source = load(edge.file)
    if (edge.stream_sha256 !== undefined) {
      const { frames } = read(edge.file)
      const { offset, fragments } = readFrameEntry(frames?.table ?? new Uint8Array())
      assert.equal(fragments, 1)
      assert.equal(sha256(source.subarray(offset, offset + (edge.stream_bytes ?? 0))), edge.stream_sha256, edge.file)
      compared += 1
    }
    if (edge.document_sha256 !== undefined) {
      const { bulk, dataset } = read(edge.file)
      const place = bulk.find(({ path: at }) => at === tags.encapsulatedDocument)
      // The small one stands in the data set itself.
      const document = place
        ? source.subarray(place.offset)
        : fromBase64(dataset[tags.encapsulatedDocument]?.InlineBinary ?? '')
      assert.equal(sha256(document.subarray(0, edge.document_bytes)), edge.document_sha256, edge.file)
      compared += 1
    }
    if (edge.overlay_sha256 !== undefined) {
      const { dataset } = read(edge.file)
      const packed = fromBase64(dataset['60003000']?.InlineBinary ?? '')
      const size = (getNumber(dataset, '60000010') ?? 0) * (getNumber(dataset, '60000011') ?? 0)
      const bits = Uint8Array.from({ length: size }, (_, bit) => ((packed[bit >> 3] ?? 0) >> (bit & 7)) & 1)
      assert.equal(sha256(bits), edge.overlay_sha256, edge.file)
      compared += 1
    }
  }
  assert.equal(compared, 6)
})

test('of two Patient IDs the first counts, and one behind the pixel data counts too', { skip }, () => {
  assert.equal(getStrings(read('bad_duplicate_tag.dcm').dataset, tags.patientId).length, 1)
  assert.ok(getString(read('bad_tag_order.dcm').dataset, tags.patientId) !== undefined)
})

test('DICONDE is told from other files', { skip }, () => {
  assert.equal(read('ts_explicit_le.dcm').isDiconde, true)
  assert.equal(read('ts_deflated.dcm').isDiconde, true)
})
