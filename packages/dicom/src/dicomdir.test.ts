import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DirectoryRecord, directoryLength, planDirectory, writeDirectory } from './dicomdir.ts'
import { DicomWriteError } from './write-value.ts'
import { getItems, getNumber, getString, getStrings } from './dataset.ts'
import { tags } from './dictionary/index.ts'
import { readHeader } from './read-header.ts'
import type { Dataset } from './types.ts'

const uid = '2.25.77'

async function* stream(records: readonly DirectoryRecord[]): AsyncGenerator<DirectoryRecord> {
  yield* records
}

async function write(records: readonly DirectoryRecord[]): Promise<Buffer> {
  const plan = await planDirectory(stream(records), 3)
  const pieces: Uint8Array[] = []
  for await (const piece of writeDirectory(stream(records), plan, uid)) pieces.push(piece)
  const bytes = Buffer.concat(pieces)
  assert.equal(bytes.length, directoryLength(plan, uid))
  return bytes
}

const file = (...path: string[]) => ({
  path,
  sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
  sopInstanceUid: `1.2.3.${path.length}`,
  transferSyntaxUid: '1.2.840.10008.1.2.1',
})
const named = (name: string): Dataset => ({ [tags.patientName]: { vr: 'PN', Value: [{ Alphabetic: name }] } })
const component = (name: string): DirectoryRecord => ({ level: 0, type: 'PATIENT', keys: named(name) })
const study = (id: string): DirectoryRecord => ({
  level: 1,
  type: 'STUDY',
  keys: { [tags.studyId]: { vr: 'SH', Value: [id] } },
})
const series = (number: number): DirectoryRecord => ({
  level: 2,
  type: 'SERIES',
  keys: { [tags.seriesNumber]: { vr: 'IS', Value: [number] } },
})
const image = (number: number): DirectoryRecord => ({
  level: 3,
  type: 'IMAGE',
  keys: { [tags.instanceNumber]: { vr: 'IS', Value: [number] } },
  file: file('DICOM', `IM${number}`),
})

/** What a reader finds who follows the links from the root, and nothing but them. */
async function follow(bytes: Buffer): Promise<string[]> {
  const { dataset } = await readHeader([bytes])
  const items = getItems(dataset, tags.directoryRecordSequence)
  // Where each item begins: walked by their lengths, as no reader of a directory has to.
  const head = bytes.indexOf(Buffer.from('04002012', 'hex'))
  const places = new Map<number, Dataset>()
  let at = head + 12
  for (const item of items) {
    assert.equal(bytes.readUInt32LE(at), 0xe000fffe)
    places.set(at, item)
    at += 8 + bytes.readUInt32LE(at + 4)
  }
  assert.equal(at, bytes.length)
  const found: string[] = []
  const walk = (place: number, depth: number): number => {
    let last = 0
    for (let here = place; here !== 0;) {
      const item = places.get(here) ?? assert.fail(`no record at ${here}`)
      assert.equal(getNumber(item, tags.recordInUseFlag), 0xffff)
      const words = [tags.patientName, tags.studyId, tags.seriesNumber, tags.instanceNumber].map((tag) =>
        getString(item, tag),
      )
      found.push(`${depth} ${getString(item, tags.directoryRecordType)} ${words.filter(Boolean).join()}`)
      walk(getNumber(item, tags.offsetOfReferencedLowerLevelDirectoryEntity) ?? 0, depth + 1)
      last = here
      here = getNumber(item, tags.offsetOfTheNextDirectoryRecord) ?? 0
    }
    return last
  }
  const last = walk(getNumber(dataset, tags.offsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity) ?? 0, 0)
  assert.equal(getNumber(dataset, tags.offsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity), last)
  assert.equal(found.length, items.length, 'every record is linked once')
  return found
}

const describe = (records: readonly DirectoryRecord[]): string[] =>
  records.map(({ level, type, keys }) => {
    const [tag = ''] = Object.keys(keys)
    return `${level} ${type} ${getString(keys, tag)}`
  })

test('whoever follows the links from the root finds every record in its place', async () => {
  for (const records of [
    [component('one'), study('1'), series(1), image(1)],
    [component('one'), study('1'), series(1), image(1), image(2), series(2), image(3), study('2'), series(1), image(4)],
    [component('a'), study('1'), series(1), image(1), component('b'), study('2'), series(2), image(2), image(3)],
    // A view whose files have no records.
    [component('a'), study('1'), series(1), series(2), image(1), component('b'), study('2'), series(3)],
  ])
    assert.deepEqual(await follow(await write(records)), describe(records))
})

test('ten thousand files in trees of every shape are written in pieces', async () => {
  const records: DirectoryRecord[] = []
  for (let index = 0; records.length < 10_000; index += 1) {
    if (index % 977 === 0) records.push(component(`c${index}`), study(`${index}`), series(index))
    else if (index % 401 === 0) records.push(study(`${index}`), series(index))
    else if (index % 53 === 0) records.push(series(index))
    records.push(image(index))
  }
  assert.deepEqual(await follow(await write(records)), describe(records))
})

test('it is a file of its own, with each file’s name in components', async () => {
  const { fileMeta, dataset } = await readHeader([
    await write([component('Rotor Ø 40'), study('1'), series(1), image(1)].map(inUtf8)),
  ])
  assert.equal(getString(fileMeta, tags.mediaStorageSopClassUid), '1.2.840.10008.1.3.10')
  assert.equal(getString(fileMeta, tags.mediaStorageSopInstanceUid), uid)
  assert.equal(getString(fileMeta, tags.transferSyntaxUid), '1.2.840.10008.1.2.1')
  const items = getItems(dataset, tags.directoryRecordSequence)
  assert.deepEqual(getStrings(items[3] ?? {}, tags.referencedFileId), ['DICOM', 'IM1'])
  assert.equal(getString(items[3] ?? {}, tags.referencedTransferSyntaxUidInFile), '1.2.840.10008.1.2.1')
  assert.equal(getString(items[0] ?? {}, tags.patientName), 'Rotor Ø 40')
})

const inUtf8 = (record: DirectoryRecord): DirectoryRecord => ({
  ...record,
  keys: { [tags.specificCharacterSet]: { vr: 'CS', Value: ['ISO_IR 192'] }, ...record.keys },
})

test('records that are not those planned are refused, never written with wrong links', async () => {
  const records = [component('a'), study('1'), series(1), image(1), image(2)]
  const plan = await planDirectory(stream(records), 3)
  for (const others of [
    records.slice(0, 4),
    [...records, image(3)],
    [component('a'), study('1'), image(1), image(2)],
    [component('longer'), ...records.slice(1)],
  ])
    await assert.rejects(async () => {
      for await (const _ of writeDirectory(stream(others), plan, uid));
    }, DicomWriteError)
})

test('a directory of nothing has no first record', async () => {
  const { dataset } = await readHeader([await write([])])
  assert.equal(getNumber(dataset, tags.offsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity), 0)
})
