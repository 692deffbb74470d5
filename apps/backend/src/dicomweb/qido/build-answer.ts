import { instanceUrl, seriesUrl, studyUrl } from '@instandt/api'
import { type Dataset, parseDataset, stringifyElement, tags, type Vr } from '@instandt/dicom'
import type { Match } from '../../data/search.ts'
import { findPrivateTag, parsePath } from '../../search-attribute/attribute-path.ts'
import type { SearchQuery } from './parse-query.ts'
import type { Level } from './search-keys.ts'
import { unpackMetadata } from '../../unpack-metadata.ts'

/** `"00080020":{…}`: texts of members sort by tag, so answers are put together without parsing what is stored. */
type Member = string

/** `"00080020"` */
const tagLength = 10

/** Members of a stored attributes text, one a line (see build-rows). */
function membersOf(attributes: string): Member[] {
  return attributes === '{}' ? [] : attributes.slice(1, -1).split(',\n')
}

function member(tag: string, vr: Vr, values: readonly (string | number)[]): Member {
  return `"${tag}":{"vr":"${vr}"${values.length === 0 ? '' : `,"Value":${JSON.stringify(values)}`}}`
}

/** To members in their order; of those with the same tag the one that was there stays. */
function add(members: Member[], ...added: readonly Member[]): void {
  for (const each of added) {
    const tag = each.slice(0, tagLength)
    let at = members.length
    // Most come in their order, or nearly.
    while (at > 0 && (members[at - 1] as Member) > tag) at -= 1
    if (members[at]?.startsWith(tag) !== true) members.splice(at, 0, each)
  }
}

/** One result as DICOM JSON, tags ascending (PS3.18 10.6.3.3). */
export function buildMatch(
  match: Match,
  level: Level,
  query: SearchQuery,
  base: string,
  hasParents: { study: boolean; series: boolean },
): string {
  const members: Member[] = [member(tags.instanceAvailability, 'CS', ['ONLINE'])]
  if (level === 'study' || hasParents.study) {
    add(
      members,
      ...membersOf(match.study_attributes),
      member(tags.modalitiesInStudy, 'CS', match.modalities),
      member(tags.sopClassesInStudy, 'UI', match.sop_classes),
      member(tags.numberOfStudyRelatedSeries, 'IS', [match.series_count]),
      member(tags.numberOfStudyRelatedInstances, 'IS', [match.study_instance_count]),
    )
  } else add(members, member(tags.studyInstanceUid, 'UI', [match.study_instance_uid]))
  let address = studyUrl(match.study_instance_uid, base)
  if (level !== 'study') {
    const series = match.series_instance_uid ?? ''
    address = seriesUrl(match.study_instance_uid, series, base)
    if (level === 'series' || hasParents.series) {
      add(
        members,
        ...membersOf(match.series_attributes ?? '{}'),
        member(tags.numberOfSeriesRelatedInstances, 'IS', [match.series_instance_count ?? 0]),
      )
    } else add(members, member(tags.seriesInstanceUid, 'UI', [series]))
    if (level === 'instance') {
      address = instanceUrl(match.study_instance_uid, series, match.sop_instance_uid ?? '', base)
      add(
        members,
        ...membersOf(match.attributes ?? '{}'),
        member(tags.availableTransferSyntaxUid, 'UI', [match.transfer_syntax_uid ?? '']),
      )
    }
  }
  add(members, member(tags.retrieveUrl, 'UR', [address]))
  if (match.metadata) addIncluded(members, match.metadata, query, address, level)
  return `{${members.join(',')}}`
}

function addIncluded(members: Member[], metadata: Buffer, query: SearchQuery, address: string, level: Level): void {
  const dataset = parseDataset(unpackMetadata(metadata).toString('utf8'))
  const wanted = query.includeAll && level === 'instance' ? Object.keys(dataset) : query.includeTags
  for (const tag of wanted.flatMap((one) => (one.includes('"') ? privateTags(dataset, one) : [one]))) {
    const element = dataset[tag]
    // Of which instance a value kept out of the answer is, the address of a study or series does not say.
    if (!element || (element.BulkDataURI !== undefined && level !== 'instance')) continue
    const absolute =
      element.BulkDataURI === undefined ? element : { ...element, BulkDataURI: `${address}/${element.BulkDataURI}` }
    add(members, `"${tag}":${stringifyElement(absolute)}`)
  }
}

/** A private element where this file has it, after the creator that gives it its meaning. */
function privateTags(dataset: Dataset, path: string): string[] {
  const steps = parsePath(path)
  const [step] = Array.isArray(steps) ? steps : []
  if (!step || 'tag' in step) return []
  const tag = findPrivateTag(dataset, step.group, step.creator, step.element)
  return tag === undefined ? [] : [`${step.group}00${tag.slice(4, 6)}`, tag]
}
