import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  bytesOf,
  deflated,
  explicitBig,
  explicitLittle,
  implicitLittle,
  join,
  numbersFrom,
  readFile,
  readIn,
} from './chunked.fixture.ts'
import { type Corrections, planCorrection } from './correct-file.ts'
import { getItems, getString, getStrings, getWholeText } from './dataset.ts'
import { tags } from './dictionary/index.ts'
import { readLayout } from './file-layout.ts'
import { DicomReadError } from './limits.ts'
import { spliceFile } from './splice.ts'
import type { Dataset, Element, ReadResult } from './types.ts'
import { writePart10, type WriteOptions } from './write-part10.ts'

const note = { dateTime: '20261126101500.000000+0000', modifyingSystem: 'instaNDT' }

function* chunksOf(bytes: Uint8Array, size: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + size())
    // A copy each time: what was handed on must not be held on to.
    yield new Uint8Array(bytes.subarray(at, end))
    at = end
  }
}

async function correct(
  bytes: Uint8Array,
  corrections: Corrections,
  size = (): number => 1 + bytes.length,
  more: Partial<Parameters<typeof planCorrection>[2]> = {},
  isWhole = false,
): Promise<Uint8Array> {
  const layout = await readLayout(chunksOf(bytes, size), isWhole)
  const pieces: Uint8Array[] = []
  for await (const piece of spliceFile(
    chunksOf(bytes, size),
    layout,
    planCorrection(layout, corrections, { ...note, ...more }),
  ))
    pieces.push(new Uint8Array(piece))
  return join(pieces)
}

const base: Dataset = {
  '00080005': { vr: 'CS', Value: ['ISO_IR 100'] },
  '00080016': { vr: 'UI', Value: ['1.2.3'] },
  '00080018': { vr: 'UI', Value: ['1.2.3.4'] },
  '00080020': { vr: 'DA', Value: ['20260101'] },
  '00081030': { vr: 'LO', Value: ['Größe'] },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Blade^1' }] },
  '00100020': { vr: 'LO', Value: ['B-1'] },
  '0020000D': { vr: 'UI', Value: ['1.2.3.5'] },
  '0020000E': { vr: 'UI', Value: ['1.2.3.6'] },
  '00280010': { vr: 'US', Value: [20] },
  '00280011': { vr: 'US', Value: [25] },
  '00280100': { vr: 'US', Value: [16] },
  '00400275': { vr: 'SQ', Value: [{ '00401001': { vr: 'SH', Value: ['STEP'] } }] },
}
const pixels = { vr: 'OW' as const, pieces: [new Uint8Array(1000).map((_, at) => at * 7)] }
const write = (dataset: Dataset, options: Partial<WriteOptions> = {}): Uint8Array =>
  join(writePart10(dataset, { transferSyntaxUid: explicitLittle, pixels, ...options }))

const historyOf = (dataset: Dataset): Dataset[] => getItems(dataset, tags.originalAttributesSequence)
const without = (dataset: Dataset, ...left: string[]): Dataset =>
  Object.fromEntries(Object.entries(dataset).filter(([tag]) => !left.includes(tag)))

for (const syntax of [explicitLittle, implicitLittle, explicitBig, deflated]) {
  for (const sequenceLengths of ['defined', 'undefined'] as const) {
    test(`values are replaced, added and emptied, the rest stays: ${syntax}, ${sequenceLengths} lengths`, async () => {
      const bytes = write(base, { transferSyntaxUid: syntax, sequenceLengths })
      const corrected = await correct(bytes, {
        [tags.patientName]: 'Schaufel^Größe 2=B',
        [tags.accessionNumber]: 'JOB-7',
        [tags.studyDate]: null,
        [tags.ethnicGroup]: 'Ti6Al4V',
      })
      const before = readFile(bytes)
      const after = readFile(corrected)
      assert.deepEqual(after.warnings, [])
      assert.deepEqual(
        [tags.patientName, tags.accessionNumber, tags.ethnicGroup, tags.studyDate].map((tag) =>
          getWholeText(after.dataset, tag),
        ),
        ['Schaufel^Größe 2=B', 'JOB-7', 'Ti6Al4V', undefined],
      )
      assert.deepEqual(after.dataset[tags.studyDate], { vr: 'DA' })
      const changed = [
        tags.patientName,
        tags.accessionNumber,
        tags.studyDate,
        tags.ethnicGroup,
        tags.originalAttributesSequence,
      ]
      assert.deepEqual(without(after.dataset, ...changed), without(before.dataset, ...changed))
      assert.deepEqual(after.fileMeta, before.fileMeta)
      const [item, ...others] = historyOf(after.dataset)
      assert.deepEqual(others, [])
      assert.deepEqual(getItems(item ?? {}, tags.modifiedAttributesSequence), [
        {
          [tags.studyDate]: { vr: 'DA', Value: ['20260101'] },
          [tags.accessionNumber]: { vr: 'SH' },
          [tags.patientName]: { vr: 'PN', Value: [{ Alphabetic: 'Blade^1' }] },
          [tags.ethnicGroup]: { vr: 'SH' },
        },
      ])
      assert.deepEqual(
        ['00400562', '00400563', '04000562', '04000563', '04000565'].map((tag) => getString(item ?? {}, tag)),
        [undefined, undefined, note.dateTime, 'instaNDT', 'CORRECT'],
      )
      if (syntax !== deflated) {
        // Behind the header the same bytes, to the last one.
        assert.deepEqual(corrected.subarray(-1008), bytes.subarray(-1008))
        assert.equal(after.frames?.length, before.frames?.length)
      }

      const twice = await correct(corrected, { [tags.patientName]: 'Blade^3' }, undefined, {
        more: { '00090010': { vr: 'LO', Value: ['INSTANDT'] }, '00091010': { vr: 'LO', Value: ['abc'] } },
      })
      const history = historyOf(readFile(twice).dataset)
      assert.equal(history.length, 2)
      assert.deepEqual(history[0], item)
      // Without its creator's dictionary a private element of implicit syntaxes is bytes.
      assert.deepEqual(
        history[1]?.['00091010'],
        syntax === implicitLittle ? { vr: 'UN', InlineBinary: 'YWJjIA==' } : { vr: 'LO', Value: ['abc'] },
      )
      assert.deepEqual(getItems(history[1] ?? {}, tags.modifiedAttributesSequence), [
        { [tags.patientName]: { vr: 'PN', Value: [{ Alphabetic: 'Schaufel^Größe 2', Ideographic: 'B' }] } },
      ])
    })
  }
}

test('the bytes of a corrected data set are those of the standard', async () => {
  const bytes = bytesOf(
    `08 00 00 00 'UL' 04 00 1A 00 00 00 08 00 16 00 'UI' 06 00 '1.2.3' 00 08 00 18 00 'UI' 04 00 '1.2' 00
     10 00 20 00 'LO' 04 00 'W-1 ' 10 00 20 00 'LO' 04 00 'W-2 ' 20 00 10 00 'SH' 02 00 'A '`,
  )
  const corrected = await correct(bytes, { '00100020': 'W-77', '00080050': 'J' })
  const start = bytesOf(
    `08 00 16 00 'UI' 06 00 '1.2.3' 00 08 00 18 00 'UI' 04 00 '1.2' 00 08 00 50 00 'SH' 02 00 'J '
     10 00 20 00 'LO' 04 00 'W-77' 20 00 10 00 'SH' 02 00 'A ' 00 04 61 05 'SQ' 00 00`,
  )
  assert.deepEqual(corrected.subarray(0, start.length), start)
  assert.equal(getStrings(readFile(corrected).dataset, '00100020').join(), 'W-77')
})

test('a value that the character set lacks makes it UTF-8 only where all texts are ASCII', async () => {
  const name = { [tags.patientName]: 'Gehäuse 部品' }
  for (const terms of [undefined, '', 'ISO_IR 6', 'ISO_IR 100', 'ISO 2022 IR 6']) {
    const dataset = {
      ...without(base, '00080005', '00081030'),
      ...(terms === undefined ? {} : { '00080005': { vr: 'CS', Value: [terms] } satisfies Element }),
    }
    const { dataset: after, warnings } = readFile(await correct(write(dataset), name))
    assert.equal(getWholeText(after, tags.patientName), 'Gehäuse 部品', terms)
    assert.deepEqual(getStrings(after, tags.specificCharacterSet), ['ISO_IR 192'], terms)
    assert.deepEqual(warnings, [])
    const [before] = getItems(historyOf(after)[0] ?? {}, tags.modifiedAttributesSequence)
    assert.ok(before && tags.specificCharacterSet in before)
  }
  await assert.rejects(correct(write(base), name), { name: 'DicomWriteError', tag: tags.patientName })
  // Also where only an item holds such a text.
  const nested = {
    ...without(base, '00081030'),
    '00400275': { vr: 'SQ', Value: [{ '00321060': { vr: 'LO', Value: ['Prüfung'] } }] } satisfies Element,
  }
  await assert.rejects(correct(write(nested), name), { name: 'DicomWriteError' })
  // What fits the set is written in it.
  const fitting = readFile(await correct(write(base), { [tags.patientName]: 'Gehäuse' })).dataset
  assert.deepEqual(getStrings(fitting, tags.specificCharacterSet), ['ISO_IR 100'])
  assert.equal(getWholeText(fitting, tags.patientName), 'Gehäuse')
})

test('a history written as UN, or of another program, is kept', async () => {
  const theirs: Element = {
    vr: 'SQ',
    Value: [
      {
        '04000550': { vr: 'SQ', Value: [{ '00100020': { vr: 'LO', Value: ['X'] } }] },
        '04000563': { vr: 'LO', Value: ['PACS'] },
      },
    ],
  }
  for (const sequenceLengths of ['defined', 'undefined'] as const) {
    const bytes = write({ ...base, [tags.originalAttributesSequence]: theirs }, { sequenceLengths })
    const history = historyOf(readFile(await correct(bytes, { [tags.patientId]: 'B-2' })).dataset)
    assert.deepEqual(
      history.map((item) => getString(item, tags.modifyingSystem)),
      ['PACS', 'instaNDT'],
    )
    assert.deepEqual(history[0], theirs.Value?.[0])
  }
  const inner = join(
    writePart10(
      { [tags.originalAttributesSequence]: theirs },
      { transferSyntaxUid: implicitLittle, start: 'dataset', sequenceLengths: 'defined' },
    ),
  ).subarray(8)
  const unknown: Element = { vr: 'UN', InlineBinary: Buffer.from(inner).toString('base64') }
  const corrected = readFile(
    await correct(write({ ...base, [tags.originalAttributesSequence]: unknown }), { [tags.patientId]: 'B-2' }),
  )
  assert.deepEqual(
    historyOf(corrected.dataset).map((item) => getString(item, tags.modifyingSystem)),
    ['PACS', 'instaNDT'],
  )
})

test('a file that is shorter than it was when its layout was read is not taken for whole', async () => {
  const bytes = write(base)
  const layout = await readLayout([bytes])
  const splices = planCorrection(layout, { [tags.patientId]: 'B-2' }, note)
  await assert.rejects(async () => {
    for await (const _piece of spliceFile([bytes.subarray(0, 200)], layout, splices));
  }, DicomReadError)
})

function readWhole(bytes: Uint8Array): ReadResult {
  const outcome = readIn(bytes, () => bytes.length)
  if ('error' in outcome) assert.fail(outcome.error.message)
  return outcome.result
}

const folder = process.env['INSTANDT_SHARED_DATA'] ?? path.resolve(import.meta.dirname, '../../../../shared/data')
const manifest = path.join(folder, 'manifest.csv')
const skip = existsSync(manifest) ? false : 'no folder of DICOM files at INSTANDT_SHARED_DATA or ../shared/data'

test(
  'every shared file can be corrected, twice, in chunks of any size: nothing else of it changes',
  { skip },
  async () => {
    const random = numbersFrom(20_261_126)
    const files = readFileSync(manifest, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((row) => row.slice(0, row.indexOf(',')))
    const corrections = {
      [tags.patientName]: 'Flange^2',
      [tags.patientId]: 'F-2/0815',
      [tags.accessionNumber]: 'JOB 4711',
      [tags.ethnicGroup]: 'Inconel 718',
      [tags.studyDate]: '20261126',
      [tags.studyId]: null,
    }
    const changed = [...Object.keys(corrections), tags.originalAttributesSequence]
    let count = 0
    for (const file of files) {
      const bytes = new Uint8Array(readFileSync(path.join(folder, file)))
      const outcome = readIn(bytes, () => bytes.length)
      if ('error' in outcome) continue
      const before = outcome.result
      const isDisordered = before.warnings.some((warning) => warning.code === 'tag-order')
      const corrected = await correct(bytes, corrections, () => 1 + random(20_000), {}, isDisordered)
      const after = readWhole(corrected)
      const where = (tag: string): string => `${file} ${tag}`
      for (const [tag, text] of Object.entries(corrections))
        assert.equal(getWholeText(after.dataset, tag) ?? null, text, where(tag))
      assert.deepEqual(without(after.dataset, ...changed), without(before.dataset, ...changed), file)
      assert.deepEqual(after.fileMeta, before.fileMeta, file)
      assert.equal(after.transferSyntaxUid, before.transferSyntaxUid)
      // A fault may go with the value it was in; none is new.
      const faults = before.warnings.map((warning) => warning.code)
      for (const { code } of after.warnings) assert.ok(faults.includes(code), `${file} ${code}`)
      assert.equal(historyOf(after.dataset).length, historyOf(before.dataset).length + 1, file)

      const [old, fresh] = [before.frames, after.frames]
      assert.equal(fresh?.frameCount, old?.frameCount, file)
      if (old && fresh && !old.deflated && !isDisordered) {
        // From the pixel data on the bytes are the same, so every place in them moves by the same distance.
        assert.deepEqual(Buffer.from(corrected.subarray(fresh.offset)), Buffer.from(bytes.subarray(old.offset)), file)
      }
      if (bytes.length < 300_000) {
        const twice = await correct(corrected, { [tags.patientId]: 'F-3' }, () => 1 + random(500))
        const last = readWhole(twice)
        assert.equal(historyOf(last.dataset).length, historyOf(before.dataset).length + 2, file)
        assert.equal(getWholeText(last.dataset, tags.patientId), 'F-3', file)
      }
      count += 1
    }
    assert.ok(count > 200, `${count} files`)
  },
)
