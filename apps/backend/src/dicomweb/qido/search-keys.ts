import type { SearchLevel } from '@instandt/api'
import { lookup, type Vr } from '@instandt/dicom'
import type { DeclaredAttribute } from '../../data/search-attributes.ts'
import { privateTag } from '../../search-attribute/attribute-path.ts'

export type Level = SearchLevel

export const levels: Record<Level, number> = { study: 0, series: 1, instance: 2 }

/**
 * How a key's values are compared (PS3.4 C.2.2.2). `stamp`: a time or date-time kept in full; `names`: several in one text,
 * separated by backslashes; `code-list`: texts that hold no comma.
 */
export type Matching =
  | 'text'
  | 'name'
  | 'names'
  | 'date'
  | 'time'
  | 'stamp'
  | 'integer'
  | 'number'
  | 'uid'
  | 'text-list'
  | 'code-list'
  | 'uid-list'

export interface SearchKey {
  keyword: string
  /** Tag, or two joined by a dot for an attribute inside a sequence. */
  path: string
  level: Level
  matching: Matching
  /** Qualified with the alias of its table: s study, r series, i instance; a for values of declared attributes. */
  column: string
  /** Where the condition's column is not what rows are sorted by. */
  sortColumn?: string
  /** The text also stands in the study's folded search text, whose trigram index finds parts of it. */
  isInSearchText?: boolean
  /** Of an attribute that an administrator declared. */
  declared?: { id: number; vr: Vr; isReady: boolean }
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
  // As the index has it that also gives the order of the answer.
  { ...key('study', 'StudyDate', 'date', `coalesce(s.study_date, '')`), sortColumn: 's.study_date' },
  key('study', 'StudyTime', 'time', 's.study_time'),
  key('study', 'AccessionNumber', 'text', 's.accession_number', true),
  key('study', 'ModalitiesInStudy', 'code-list', 's.modalities'),
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
  key('series', 'OperatorsName', 'names', 'r.operator_name_folded'),
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

/** The key of a declared attribute. */
export const declaredKey = ({ id, name, path, level, matching, vr, isReady }: DeclaredAttribute): SearchKey => ({
  keyword: name,
  path,
  level,
  matching,
  column: matching === 'number' ? 'a.number_value' : 'a.text_value',
  declared: { id, vr, isReady },
})

/** Creators of private blocks as a search names them: group and block → creator (PS3.18 8.3.4.1, rule 4). */
export type Creators = ReadonlyMap<string, string>

const creatorTag = /^([0-9A-F]{3}[13579BDF])00([1-9A-F][0-9A-F])$/i

export function readCreators(parameters: URLSearchParams): Creators {
  const creators = new Map<string, string>()
  for (const [name, value] of parameters) {
    const [, group, block] = creatorTag.exec(name) ?? []
    if (group !== undefined && block !== undefined && value.trim() !== '')
      creators.set((group + block).toUpperCase(), value.trim())
  }
  return creators
}

export const isCreator = (name: string, creators: Creators): boolean => {
  const [, group, block] = creatorTag.exec(name) ?? []
  return group !== undefined && block !== undefined && creators.has((group + block).toUpperCase())
}

/**
 * 'PatientName', '00100010', 'ComponentName', 'RequestAttributesSequence.RequestedProcedureID', '00400275.00401001' → path.
 * A private tag whose creator is known becomes a step by creator (see attribute-path).
 */
export function attributePath(name: string, creators?: Creators): string | undefined {
  const tags = name
    .split('.')
    .map((part) => lookup(part)?.tag ?? (/^[0-9A-Fa-f]{8}$/.test(part) ? part.toUpperCase() : undefined))
    .map((tag) => {
      const [, group, block, element] = privateTag.exec(tag ?? '') ?? []
      const creator = group === undefined || block === undefined ? undefined : creators?.get(group + block)
      return creator === undefined ? tag : `${group}${JSON.stringify(creator)}${element}`
    })
  return tags.every((tag) => tag !== undefined) ? tags.join('.') : undefined
}

/** The key of that name: one of ours, or a declared one by its name or its tags. */
export function findSearchKey(
  name: string,
  declared: readonly SearchKey[] = [],
  creators?: Creators,
): SearchKey | undefined {
  const path = attributePath(name, creators)
  const isNamed = ({ keyword }: SearchKey): boolean => keyword.toLowerCase() === name.toLowerCase()
  return (
    (path === undefined ? undefined : (byPath.get(path) ?? declared.find((key) => key.path === path))) ??
    declared.find(isNamed)
  )
}
