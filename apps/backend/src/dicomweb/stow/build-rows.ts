import { createHash } from 'node:crypto'
import { zstdCompressSync, constants } from 'node:zlib'
import {
  type Dataset,
  type ReadResult,
  foldText,
  getItems,
  getNumber,
  getString,
  getStrings,
  getWholeText,
  publicDiconde,
  stringifyDataset,
  stringifyElement,
  tags,
} from '@instandt/dicom'
import type { NewInstance, NewSeries, NewStudy } from '../../data/new-instance.ts'
import { clean, date, folded, maxIndexed, time } from '../indexed-text.ts'

/** Attributes of the search answers, level by level (PS3.18 tables 10.6.3-3 to -5), with what DICONDE adds: those first that must be there. */
const studyAttributes = [
  tags.studyInstanceUid,
  tags.patientId,
  tags.issuerOfPatientId,
  tags.patientName,
  tags.specificCharacterSet,
  tags.studyDate,
  tags.studyTime,
  tags.accessionNumber,
  tags.referringPhysicianName,
  tags.timezoneOffsetFromUtc,
  tags.studyDescription,
  tags.physiciansOfRecord,
  tags.nameOfPhysiciansReadingStudy,
  tags.patientBirthDate,
  tags.patientSex,
  tags.ethnicGroup,
  tags.componentManufacturingProcedure,
  tags.componentManufacturer,
  tags.repairId,
  tags.studyId,
  tags.patientComments,
  tags.studyComments,
]
const seriesAttributes = [
  tags.seriesInstanceUid,
  tags.seriesDate,
  tags.seriesTime,
  tags.modality,
  tags.manufacturer,
  tags.stationName,
  tags.seriesDescription,
  tags.performingPhysicianName,
  tags.operatorsName,
  tags.manufacturerModelName,
  tags.seriesNumber,
  tags.performedProcedureStepStartDate,
  tags.performedProcedureStepStartTime,
  tags.requestAttributesSequence,
]
const instanceAttributes = [
  tags.sopInstanceUid,
  tags.sopClassUid,
  tags.imageType,
  tags.contentDate,
  tags.contentTime,
  tags.instanceNumber,
  tags.photometricInterpretation,
  tags.numberOfFrames,
  tags.rows,
  tags.columns,
  tags.bitsAllocated,
]

/** Signs of the attributes of a level in a search answer: comments of 10,240 signs (LT) and all else fit. */
const mostKept = 24 * 1024

// Level 1 halves the size of a header in some 20 µs; higher levels gain little on a few KiB.
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/**
 * A JSON object with one member a line: answers of several levels are merged by line, without parsing (see build-answer). Each
 * answer repeats it for every match: what is too long is in the metadata only.
 */
function pick(dataset: Dataset, wanted: readonly string[]): string {
  let left = mostKept
  const members = wanted.flatMap((tag) => {
    const element = dataset[tag]
    // JSON escapes NUL and lone surrogates, so text columns take whatever was in the file.
    const text = element === undefined ? '' : `"${tag}":${stringifyElement(element)}`
    if (text === '' || text.length > left) return []
    left -= text.length
    return [text]
  })
  return `{${members.sort().join(',\n')}}`
}

/** JSON is UTF-8, and says so wherever the file named another character set (PS3.18 F.2.2). */
function inUtf8(dataset: Dataset): Dataset {
  return dataset[tags.specificCharacterSet] === undefined
    ? dataset
    : { ...dataset, [tags.specificCharacterSet]: { vr: 'CS', Value: ['ISO_IR 192'] } }
}

const integer = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? value : undefined

/** Leaves out what is undefined, so that optional properties stay absent. */
function present<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}

export interface StoredBytes {
  blobKey: string
  byteSize: number
  sha256: Uint8Array
}

/** Turns what was read of one file into rows and ready answers. UIDs have been checked. */
export function buildRows(
  read: ReadResult,
  uids: { study: string; series: string; instance: string; sopClass: string },
  stored: StoredBytes,
): NewInstance {
  // Old private DICONDE blocks are searched and shown as the public elements they became.
  const own = inUtf8(read.dataset)
  const dataset: Dataset = { ...publicDiconde(own), ...own }
  const { table, ...layout } = read.frames ?? {}
  return present<NewInstance>({
    study: buildStudy(dataset, uids.study, read.isDiconde),
    series: buildSeries(dataset, uids.series),
    sopInstanceUid: uids.instance,
    sopClassUid: uids.sopClass,
    transferSyntaxUid: clean(read.transferSyntaxUid, 128) ?? '',
    instanceNumber: integer(getNumber(dataset, tags.instanceNumber)),
    rowCount: integer(getNumber(dataset, tags.rows)),
    columnCount: integer(getNumber(dataset, tags.columns)),
    bitsAllocated: integer(getNumber(dataset, tags.bitsAllocated)),
    photometric: clean(getString(dataset, tags.photometricInterpretation), 64),
    frameCount: read.frames?.frameCount,
    contentDate: date(getString(dataset, tags.contentDate)),
    contentTime: time(getString(dataset, tags.contentTime)),
    ...stored,
    frameLayout: read.frames === undefined ? undefined : (layout as NewInstance['frameLayout']),
    frameTable: table,
    bulk: read.bulk,
    attributes: pick(dataset, instanceAttributes),
    dataset,
    metadata: zstdCompressSync(stringifyDataset(own), zstdOptions),
    warnings: read.warnings.map((warning) => ({ ...warning, message: clean(warning.message) ?? '' })),
  })
}

/** Component numbers are unique per issuer at best; without a number nothing says that two parts are the same. */
function identityKey(studyInstanceUid: string, number: string | undefined, issuer: string | undefined): string {
  if (number === undefined) return `study:${studyInstanceUid}`
  const key = `number:${JSON.stringify([issuer ?? null, number])}`
  return key.length <= maxIndexed ? key : `digest:${createHash('sha256').update(key).digest('hex')}`
}

/** The search columns of an inspection, of the attributes that its answers hold. */
export function buildStudy(dataset: Dataset, studyInstanceUid: string, isDiconde: boolean): NewStudy {
  const componentNumber = clean(getWholeText(dataset, tags.patientId))
  const componentIssuer = clean(getWholeText(dataset, tags.issuerOfPatientId))
  const componentName = clean(getWholeText(dataset, tags.patientName))
  const ownerName = clean(getWholeText(dataset, tags.referringPhysicianName))
  const accessionNumber = clean(getWholeText(dataset, tags.accessionNumber))
  const studyId = clean(getWholeText(dataset, tags.studyId))
  const studyDescription = clean(getWholeText(dataset, tags.studyDescription))
  const materialName = clean(getWholeText(dataset, tags.ethnicGroup))
  const searched = [componentName, componentNumber, accessionNumber, studyId, studyDescription, ownerName, materialName]
  return present<NewStudy>({
    studyInstanceUid,
    componentIdentityKey: identityKey(studyInstanceUid, componentNumber, componentIssuer),
    componentNumber,
    componentIssuer,
    componentName,
    componentNameFolded: folded(componentName),
    studyDate: date(getString(dataset, tags.studyDate)),
    studyTime: time(getString(dataset, tags.studyTime)),
    accessionNumber,
    studyId,
    studyDescription,
    ownerName,
    ownerNameFolded: folded(ownerName),
    manufacturingDate: date(getString(dataset, tags.patientBirthDate)),
    materialName,
    searchText: foldText(searched.filter((text) => text !== undefined).join('\n')),
    isDiconde,
    attributes: pick(dataset, studyAttributes),
  })
}

function buildSeries(dataset: Dataset, seriesInstanceUid: string): NewSeries {
  const operatorName = clean(getWholeText(dataset, tags.operatorsName))
  const requests = getItems(dataset, tags.requestAttributesSequence)
  const inRequests = (tag: string): string[] =>
    requests.flatMap((request) => getStrings(request, tag).map((text) => clean(text) ?? ''))
  return present<NewSeries>({
    seriesInstanceUid,
    modality: clean(getString(dataset, tags.modality), 64),
    seriesNumber: integer(getNumber(dataset, tags.seriesNumber)),
    seriesDescription: clean(getWholeText(dataset, tags.seriesDescription)),
    seriesDate: date(getString(dataset, tags.seriesDate)),
    seriesTime: time(getString(dataset, tags.seriesTime)),
    stepStartDate: date(getString(dataset, tags.performedProcedureStepStartDate)),
    stepStartTime: time(getString(dataset, tags.performedProcedureStepStartTime)),
    scheduledStepIds: inRequests(tags.scheduledProcedureStepId),
    requestedProcedureIds: inRequests(tags.requestedProcedureId),
    manufacturer: clean(getWholeText(dataset, tags.manufacturer)),
    stationName: clean(getWholeText(dataset, tags.stationName)),
    operatorName,
    operatorNameFolded: folded(operatorName),
    attributes: pick(dataset, seriesAttributes),
  })
}
