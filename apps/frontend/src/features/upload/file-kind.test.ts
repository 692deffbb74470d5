import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf, treatmentOf } from './file-kind.ts'

const head = (...bytes: (number | string)[]): Uint8Array =>
  new Uint8Array(bytes.flatMap((one) => (typeof one === 'string' ? [...Buffer.from(one, 'latin1')] : [one])))

function part10(sopClass: string, preamble: readonly number[] = []): Uint8Array {
  const bytes = head('DICM', 2, 0, 2, 0, 'UI', sopClass.length, 0, sopClass)
  const file = new Uint8Array(300)
  file.set(preamble)
  file.set(bytes, 128)
  return file
}

test('a file is what its first bytes say, whatever its name', () => {
  const kinds = [
    [part10('1.2.840.10008.5.1.4.1.1.1.1'), 'x.png', 'dicom'],
    // A film that is both: the DICOM file counts (PS3.10 7.1).
    [part10('1.2.840.10008.5.1.4.1.1.1.1', [0x49, 0x49, 42, 0]), 'x.tif', 'dicom'],
    [part10('1.2.840.10008.1.3.10'), 'INDEX', 'dicomdir'],
    [head(8, 0, 5, 0, 'CS', 10, 0, 'ISO_IR 100'), 'bare', 'dicom'],
    [head('PK', 3, 4, 20, 0), 'a.dcm', 'zip'],
    [head('Rar!', 0x1a, 7), 'a', 'packed'],
    [head(0x1f, 0x8b, 8), 'a.tgz', 'packed'],
    [head('II', 42, 0), 'a', 'tiff'],
    [head('MM', 0, 43), 'a', 'tiff'],
    [head(0x89, 'PNG\r\n', 0x1a, '\n'), 'a', 'png'],
    [head(0xff, 0xd8, 0xff, 0xe0), 'a', 'jpeg'],
    [head('%PDF-1.7'), 'a', 'pdf'],
    [head(0, 0, 1, 0), 'volume.RAW', 'raw'],
    [head('Report'), 'readme.txt', 'other'],
    [head(), 'nothing', 'other'],
  ] as const
  for (const [bytes, name, kind] of kinds) assert.equal(kindOf(bytes, name), kind, `${name} ${kind}`)
})

test('what is neither sent nor unpacked is refused with a reason of its own', () => {
  assert.deepEqual(treatmentOf('tiff'), { do: 'refuse', key: 'notConverted' })
  assert.deepEqual(treatmentOf('packed'), { do: 'refuse', key: 'packed' })
  assert.deepEqual(treatmentOf('other'), { do: 'refuse', key: 'notDicom' })
})
