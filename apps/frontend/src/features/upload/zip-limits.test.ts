import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doIntake, faultOf } from './intake-task.ts'
import { checkZip, newZipBudget, type ZipEntry, zipLimits } from './zip-limits.ts'
import { makeZip } from './zip.fixture.ts'

const MiB = 1024 * 1024

/** Entries one behind the other, as programs write them. */
function entriesOf(...given: Partial<ZipEntry>[]): ZipEntry[] {
  let offset = 0
  return given.map((one, index) => {
    const entry = { index, name: `${index}.dcm`, size: 100, packedSize: 50, isEncrypted: false, offset, ...one }
    offset += 100 + entry.packedSize
    return entry
  })
}
const check = (entries: ZipEntry[], archiveBytes = 10 ** 9, budget = newZipBudget()) =>
  checkZip(entries, archiveBytes, budget)
const faultsOf = (...given: Partial<ZipEntry>[]) => {
  const checked = check(entriesOf(...given))
  return 'fault' in checked ? checked.fault : checked.entries.map(({ fault }) => fault)
}

test('names that are paths of a machine, and encrypted files, are refused one by one', () => {
  const names = [
    'IMAGES/A1',
    '../a',
    'a/../../b',
    'a\\..\\b',
    '/etc/passwd',
    '\\\\host\\a',
    'C:\\a',
    'a\0b',
    '',
    'x'.repeat(1001),
  ]
  assert.deepEqual(faultsOf(...names.map((name) => ({ name })), { isEncrypted: true }), [
    undefined,
    ...names.slice(1).map(() => 'zipName'),
    'zipEncrypted',
  ])
  assert.deepEqual(faultsOf({ name: 'Naht..7/1.dcm' }), [undefined], 'two dots in a name are no way up')
})

test('what unpacks to far more than its bytes could hold is refused: one file, and all together', () => {
  const blank = { size: 60 * MiB, packedSize: 60_000 }
  assert.deepEqual(faultsOf(blank), [undefined])
  assert.deepEqual(faultsOf({ size: 700 * MiB, packedSize: MiB }, {}), ['zipBomb', undefined])
  const many = entriesOf(...Array.from({ length: 20 }, () => blank))
  assert.deepEqual(check(many, 20 * 60_100), { fault: 'zipBomb' })
})

test('entries that share bytes, or lie behind the end, are no archive', () => {
  assert.deepEqual(check(entriesOf({}, { offset: 20 })), { fault: 'zipBomb' })
  assert.deepEqual(check(entriesOf({}), 60), { fault: 'zipBomb' })
})

test('count and size are limited over an archive and all in it', () => {
  const budget = newZipBudget({ ...zipLimits, entries: 3, bytes: 250 })
  assert.ok('entries' in check(entriesOf({}), 10 ** 9, budget))
  assert.deepEqual(check(entriesOf({}, {}, {}), 10 ** 9, budget), { fault: 'zipTooMany' })
  assert.deepEqual(check(entriesOf({}, {}), 10 ** 9, budget), { fault: 'zipTooLarge' })
})

async function openFault(blob: Blob, most = 100): Promise<unknown> {
  return doIntake({ do: 'open', archive: 0, blob, most }, () => undefined).then(
    ({ entries }) => entries?.length,
    (error: unknown) => faultOf(error),
  )
}
const unpackFault = (): Promise<unknown> =>
  doIntake({ do: 'entry', archive: 0, index: 0, path: 'a', folder: '' }, () => undefined).then(
    () => undefined,
    (error: unknown) => faultOf(error),
  )

/** A data set long enough that all of it is wanted. */
const dicom = new Uint8Array(5000)
dicom.set([0x44, 0x49, 0x43, 0x4d], 128)

test('a torn archive, one of too many files and one whose bytes were changed say so', async () => {
  const zip = await makeZip({ 'a.dcm': { bytes: dicom, level: 0 }, 'b.dcm': dicom })
  assert.equal(await openFault(zip.slice(0, zip.size - 100)), 'zipBroken')
  assert.equal(await openFault(zip, 1), 'zipTooMany')
  const bytes = new Uint8Array(await zip.arrayBuffer())
  bytes[3000] = 1
  assert.equal(await openFault(new Blob([bytes])), 2)
  assert.equal(await unpackFault(), 'zipBroken')
})

test('an archive that is not all of its file is broken: in one that was cut off, behind another, with files not counted', async () => {
  const bytesOf = async (zip: Blob): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await zip.arrayBuffer())
  const inner = await bytesOf(await makeZip({ 'in0.dcm': dicom, 'in1.dcm': dicom }))
  const whole = await makeZip({ 'a.dcm': dicom, 'inner.zip': { bytes: inner, level: 0 }, 'b.dcm': dicom })
  const outer = await bytesOf(whole)
  assert.equal(await openFault(whole), 3)
  assert.equal(await openFault(await makeZip({ 'a.dcm': { bytes: dicom, zip64: true } })), 1)
  const innerEnd = Buffer.from(outer).indexOf(inner) + inner.length
  assert.ok(innerEnd > inner.length)
  assert.equal(await openFault(new Blob([outer.subarray(0, innerEnd + 50)])), 'zipBroken')
  assert.equal(await openFault(new Blob([inner, outer])), 'zipBroken')
  const fewer = Buffer.from(outer)
  const end = fewer.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  fewer.writeUInt16LE(2, end + 8)
  fewer.writeUInt16LE(2, end + 10)
  assert.equal(await openFault(new Blob([fewer])), 'zipBroken')
  // Programs that do not know how much will come write both ends, though the short one would do.
  const end64 = Buffer.from(outer)
  const [count, length, offset] = [
    end64.readUInt16LE(end + 10),
    end64.readUInt32LE(end + 12),
    end64.readUInt32LE(end + 16),
  ]
  const record = Buffer.alloc(76)
  record.write('PK\x06\x06', 'latin1')
  record.writeUInt32LE(44, 4)
  for (const [value, at] of [
    [count, 24],
    [count, 32],
    [length, 40],
    [offset, 48],
  ] as const)
    record.writeUInt32LE(value, at)
  record.write('PK\x06\x07', 56, 'latin1')
  record.writeUInt32LE(end, 64)
  record.writeUInt32LE(1, 72)
  assert.equal(await openFault(new Blob([outer.subarray(0, end), record, outer.subarray(end)])), 3)
  // Some disks and mail programs fill a file up.
  assert.equal(await openFault(new Blob([outer, new Uint8Array(100)])), 3)
})

test('a file that unpacks to more than was declared is given up at that point', async () => {
  const zip = await makeZip({ 'a.dcm': { bytes: dicom, dataDescriptor: false } })
  const view = new DataView(await zip.arrayBuffer())
  // Uncompressed size, in the local header and in the table of contents.
  for (let at = 0; at < view.byteLength - 30; at += 1) {
    if (view.getUint32(at, true) === 0x04034b50) view.setUint32(at + 22, 3000, true)
    if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 3000, true)
  }
  assert.equal(await openFault(new Blob([view])), 1)
  assert.equal(await unpackFault(), 'zipBroken')
})
