import { lookup } from '@instandt/dicom'

export type Level = 'study' | 'series' | 'instance'

export const levels: Record<Level, number> = { study: 0, series: 1, instance: 2 }

/** How a key's values are compared (PS3.4 C.2.2.2). */
export type Matching = 'text' | 'name' | 'date' | 'time' | 'integer' | 'uid' | 'text-list' | 'uid-list'

export interface SearchKey {
  keyword: string
  /** Tag, or two joined by a dot for an attribute inside a sequence. */
  path: string
  level: Level
  matching: Matching
  /** Qualified with the alias of its table: s study, r series, i instance. */
  column: string
  /** The text also stands in the study's folded search text, whose trigram index finds parts of it. */
  isInSearchText?: boolean
}

const key = (level: Level, keyword: string, matching: Matching, column: string, isInSearchText = false): SearchKey => {
  const path = keyword.split('.').map((part) => {
    const entry = lookup(part)
    if (!entry) throw new Error(`the dictionary has no ${part}`)
    return entry.tag
  })
  return { keyword, path: path.join('.'), level, matching, column, ...(isInSearchText ? { isInSearchText } : {}) }
}

/** Every key that can be searched: those PS3.18 table 10.6.1-5 requires, and what DICONDE users look for. */
export const searchKeys: readonly SearchKey[] = [
  key('study', 'StudyDate', 'date', 's.study_date'),
  key('study', 'StudyTime', 'time', 's.study_time'),
  key('study', 'AccessionNumber', 'text', 's.accession_number', true),
  key('study', 'ModalitiesInStudy', 'text-list', 's.modalities'),
  key('study', 'SOPClassesInStudy', 'uid-list', 's.sop_classes'),
  key('study', 'ReferringPhysicianName', 'name', 's.owner_name_folded', true),
  key('study', 'PatientName', 'name', 's.component_name_folded', true),
  key('study', 'PatientID', 'text', 's.component_number', true),
  key('study', 'IssuerOfPatientID', 'text', 's.component_issuer'),
  key('study', 'PatientBirthDate', 'date', 's.manufacturing_date'),
  key('study', 'EthnicGroup', 'text', 's.material_name', true),
  key('study', 'StudyDescription', 'text', 's.study_description', true),
  key('study', 'StudyInstanceUID', 'uid', 's.study_instance_uid'),
  key('study', 'StudyID', 'text', 's.study_id', true),
  key('series', 'Modality', 'text', 'r.modality'),
  key('series', 'SeriesInstanceUID', 'uid', 'r.series_instance_uid'),
  key('series', 'SeriesNumber', 'integer', 'r.series_number'),
  key('series', 'SeriesDescription', 'text', 'r.series_description'),
  key('series', 'SeriesDate', 'date', 'r.series_date'),
  key('series', 'SeriesTime', 'time', 'r.series_time'),
  key('series', 'PerformedProcedureStepStartDate', 'date', 'r.step_start_date'),
  key('series', 'PerformedProcedureStepStartTime', 'time', 'r.step_start_time'),
  key('series', 'RequestAttributesSequence.ScheduledProcedureStepID', 'text-list', 'r.scheduled_step_ids'),
  key('series', 'RequestAttributesSequence.RequestedProcedureID', 'text-list', 'r.requested_procedure_ids'),
  key('series', 'Manufacturer', 'text', 'r.manufacturer'),
  key('series', 'StationName', 'text', 'r.station_name'),
  key('series', 'OperatorsName', 'name', 'r.operator_name_folded'),
  key('instance', 'SOPClassUID', 'uid', 'i.sop_class_uid'),
  key('instance', 'SOPInstanceUID', 'uid', 'i.sop_instance_uid'),
  key('instance', 'InstanceNumber', 'integer', 'i.instance_number'),
  key('instance', 'ContentDate', 'date', 'i.content_date'),
  key('instance', 'ContentTime', 'time', 'i.content_time'),
  key('instance', 'NumberOfFrames', 'integer', 'i.frame_count'),
  key('instance', 'Rows', 'integer', 'i.row_count'),
  key('instance', 'Columns', 'integer', 'i.column_count'),
  key('instance', 'BitsAllocated', 'integer', 'i.bits_allocated'),
  key('instance', 'AvailableTransferSyntaxUID', 'uid', 'i.transfer_syntax_uid'),
]

const byPath = new Map(searchKeys.map((each) => [each.path, each]))

/** 'PatientName', '00100010', 'ComponentName', 'RequestAttributesSequence.RequestedProcedureID', '00400275.00401001' → path. */
export function attributePath(name: string): string | undefined {
  const tags = name
    .split('.')
    .map((part) => lookup(part)?.tag ?? (/^[0-9A-Fa-f]{8}$/.test(part) ? part.toUpperCase() : undefined))
  return tags.every((tag) => tag !== undefined) ? tags.join('.') : undefined
}

export function findSearchKey(name: string): SearchKey | undefined {
  const path = attributePath(name)
  return path === undefined ? undefined : byPath.get(path)
}
