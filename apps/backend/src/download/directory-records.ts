import {
  type Dataset,
  type DirectoryRecord,
  getNumber,
  getPersonName,
  getString,
  parseDataset,
  tags,
} from '@instandt/dicom'
import type { ListedInstance } from '../data/downloads.ts'

/** A file of the archive and where in it it lies. */
export interface PlacedInstance extends ListedInstance {
  path: readonly string[]
}

/** Level of the records that stand for files. */
export const fileLevel = 3

const encapsulated: Readonly<Record<string, string>> = {
  '1.2.840.10008.5.1.4.1.1.104.1': 'application/pdf',
  '1.2.840.10008.5.1.4.1.1.104.2': 'text/XML',
  '1.2.840.10008.5.1.4.1.1.104.3': 'model/stl',
  '1.2.840.10008.5.1.4.1.1.104.4': 'model/obj',
  '1.2.840.10008.5.1.4.1.1.104.5': 'model/mtl',
}

/**
 * Records of a media directory in the order of its tree: component, inspection, view, image (in the words of PS3.3 F.5:
 * patient, study, series, image). Images and encapsulated documents get records; what else there is lies in the archive and
 * in its list of check sums only, because its records would need attributes that stand in the file alone.
 */
export async function* directoryRecords(instances: AsyncIterable<PlacedInstance>): AsyncGenerator<DirectoryRecord> {
  let component: string | undefined
  let study: string | undefined
  let series: string | undefined
  let seriesCount = 0
  let instanceCount = 0
  for await (const instance of instances) {
    const attributes = parseDataset(instance.studyAttributes ?? '{}')
    if (instance.componentId !== component) yield { level: 0, type: 'PATIENT', keys: componentKeys(attributes) }
    if (instance.studyInstanceUid !== study) {
      seriesCount = 0
      yield { level: 1, type: 'STUDY', keys: studyKeys(attributes, instance) }
    }
    if (instance.seriesInstanceUid !== series || instance.studyInstanceUid !== study) {
      seriesCount += 1
      instanceCount = 0
      const own = parseDataset(instance.seriesAttributes ?? '{}')
      yield { level: 2, type: 'SERIES', keys: seriesKeys(own, instance, seriesCount) }
    }
    component = instance.componentId
    study = instance.studyInstanceUid
    series = instance.seriesInstanceUid
    instanceCount += 1
    const record = fileRecord(instance, instanceCount)
    if (record) yield record
  }
}

function fileRecord(instance: PlacedInstance, count: number): DirectoryRecord | undefined {
  const { path, sopClassUid, sopInstanceUid, transferSyntaxUid, rows, columns, frameCount } = instance
  const file = { path, sopClassUid, sopInstanceUid, transferSyntaxUid }
  // Type 1 in every record of a file (PS3.3 tables F.5-4, F.5-32); the place in the view where the file has none.
  const number = { [tags.instanceNumber]: value('IS', String(instance.instanceNumber ?? count)) }
  const mimeType = encapsulated[sopClassUid]
  if (mimeType !== undefined) {
    const keys: Dataset = {
      [tags.contentDate]: { vr: 'DA' },
      [tags.contentTime]: { vr: 'TM' },
      ...number,
      [tags.conceptNameCodeSequence]: { vr: 'SQ' },
      [tags.documentTitle]: { vr: 'ST' },
      [tags.mimeTypeOfEncapsulatedDocument]: value('LO', mimeType),
    }
    return { level: fileLevel, type: 'ENCAP DOC', keys, file }
  }
  if (rows === null || columns === null) return undefined
  const frames = frameCount !== null && frameCount > 1 ? String(frameCount) : undefined
  const keys: Dataset = {
    ...number,
    ...(frames === undefined ? {} : { [tags.numberOfFrames]: value('IS', frames) }),
    [tags.rows]: { vr: 'US', Value: [rows & 0xffff] },
    [tags.columns]: { vr: 'US', Value: [columns & 0xffff] },
  }
  return { level: fileLevel, type: 'IMAGE', keys, file }
}

function componentKeys(attributes: Dataset): Dataset {
  const groups = Object.entries(getPersonName(attributes, tags.patientName) ?? {})
  const name = Object.fromEntries(groups.map(([group, words]) => [group, plain(String(words), 64)]))
  return inCharacterSet({
    [tags.patientName]: groups.length === 0 ? { vr: 'PN' } : { vr: 'PN', Value: [name] },
    [tags.patientId]: value('LO', text(attributes, tags.patientId, 64)),
  })
}

/** Date, time and number of an inspection may be empty here although a directory wants them: none is made up. */
function studyKeys(attributes: Dataset, { studyInstanceUid }: PlacedInstance): Dataset {
  return inCharacterSet({
    [tags.studyDate]: value('DA', matching(attributes, tags.studyDate, /^\d{8}$/)),
    [tags.studyTime]: value('TM', matching(attributes, tags.studyTime, /^\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?$/)),
    [tags.accessionNumber]: value('SH', text(attributes, tags.accessionNumber, 16)),
    [tags.studyDescription]: value('LO', text(attributes, tags.studyDescription, 64)),
    [tags.studyInstanceUid]: value('UI', studyInstanceUid),
    [tags.studyId]: value('SH', text(attributes, tags.studyId, 16)),
  })
}

function seriesKeys(attributes: Dataset, { seriesInstanceUid }: PlacedInstance, count: number): Dataset {
  const number = getNumber(attributes, tags.seriesNumber)
  return inCharacterSet({
    [tags.modality]: value('CS', matching(attributes, tags.modality, /^[A-Z0-9_ ]{1,16}$/) ?? 'OT'),
    [tags.seriesDescription]: value('LO', text(attributes, tags.seriesDescription, 64)),
    [tags.seriesInstanceUid]: value('UI', seriesInstanceUid),
    [tags.seriesNumber]: value('IS', String(Number.isInteger(number) ? number : count)),
  })
}

const value = (vr: 'CS' | 'DA' | 'IS' | 'LO' | 'SH' | 'ST' | 'TM' | 'UI', one: string | undefined) =>
  one === undefined ? { vr } : { vr, Value: [one] }

const matching = (attributes: Dataset, tag: string, form: RegExp): string | undefined => {
  const found = getString(attributes, tag)?.trim()
  return found !== undefined && form.test(found) ? found : undefined
}

const text = (attributes: Dataset, tag: string, maxLength: number): string | undefined =>
  plain(getString(attributes, tag) ?? '', maxLength) || undefined

/** Files may hold longer text than their VR allows, and signs that divide values: a directory is read by strict programs. */
const plain = (words: string, maxLength: number): string =>
  // eslint-disable-next-line no-control-regex
  Array.from(words.replace(/[\x00-\x1f\x7f\\]/g, ' ').trim())
    .slice(0, maxLength)
    .join('')

/** UTF-8 where ASCII is not enough (PS3.3 C.12.1.1.2). */
function inCharacterSet(keys: Dataset): Dataset {
  // eslint-disable-next-line no-control-regex
  const isAscii = /^[\x00-\x7f]*$/.test(JSON.stringify(keys))
  return isAscii ? keys : { [tags.specificCharacterSet]: value('CS', 'ISO_IR 192'), ...keys }
}
