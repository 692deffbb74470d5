import { tags } from './dictionary/index.ts'
import type { Dataset, Element } from './types.ts'

/** Values of Failure Reason (0008,1197): PS3.18 table I.2-2, the rest from PS3.7 C.5 and PS3.3 C.14.1.1. */
export const failureReasons = {
  /** Something went wrong here. */
  processingFailure: 0x0110,
  /** The SOP Instance UID is taken by an instance with other bytes. */
  duplicateSopInstance: 0x0111,
  /** A UID or another attribute that must be there is missing or empty. */
  missingAttribute: 0x0120,
  missingAttributeValue: 0x0121,
  invalidAttributeValue: 0x0106,
  invalidSopInstance: 0x0117,
  /** The SOP Instance UID is registered with another SOP class. */
  classInstanceConflict: 0x0119,
  sopClassNotSupported: 0x0122,
  refusedNotAuthorized: 0x0124,
  outOfResources: 0xa700,
  /** Also for a study other than the one in the request's path. */
  dataSetDoesNotMatchSopClass: 0xa900,
  cannotUnderstand: 0xc000,
  transferSyntaxNotSupported: 0xc122,
} as const

/** Values of Warning Reason (0008,1196): PS3.18 table I.2-1. */
export const warningReasons = {
  coercionOfDataElements: 0xb000,
  elementsDiscarded: 0xb006,
  dataSetDoesNotMatchSopClass: 0xb007,
} as const

export interface StoredInstance {
  sopClassUid: string
  sopInstanceUid: string
  /** Where the instance can be had. */
  retrieveUrl?: string
  warningReason?: number
  /** Further elements of the item, such as a private block. */
  attributes?: Dataset
}

export interface FailedInstance {
  /** Absent when the part could not be read far enough to name it. */
  sopClassUid?: string
  sopInstanceUid?: string
  failureReason: number
  /** For people, at most 64 signs are sent: Error Comment (0000,0902), PS3.7 C.1. */
  comment?: string
  /** Further elements of the item, such as a private block. */
  attributes?: Dataset
}

export interface StoreOutcomes {
  /** Where the study can be had. Only for requests whose instances are all of one study. */
  studyUrl?: string
  stored: readonly StoredInstance[]
  failed: readonly FailedInstance[]
}

const uid = (value: string): Element => ({ vr: 'UI', Value: [value] })
const url = (value: string): Element => ({ vr: 'UR', Value: [value] })
const errorComment = (text: string | undefined): Dataset =>
  text === undefined ? {} : { [tags.errorComment]: { vr: 'LO', Value: [text.replaceAll('\\', '/').slice(0, 64)] } }
const reason = (value: number): Element => ({ vr: 'US', Value: [value] })

/** The Store Instances Response Module (PS3.18 I.2), the body of every answer to a store request. */
export function buildStoreResponse({ studyUrl, stored, failed }: StoreOutcomes): Dataset {
  const references: Dataset[] = []
  for (const instance of stored) {
    references.push({
      [tags.referencedSopClassUid]: uid(instance.sopClassUid),
      [tags.referencedSopInstanceUid]: uid(instance.sopInstanceUid),
      [tags.retrieveUrl]: instance.retrieveUrl === undefined ? { vr: 'UR' } : url(instance.retrieveUrl),
      ...(instance.warningReason === undefined ? {} : { [tags.warningReason]: reason(instance.warningReason) }),
      ...instance.attributes,
    })
  }
  const named: Dataset[] = []
  const unnamed: Dataset[] = []
  for (const { sopClassUid, sopInstanceUid, failureReason, comment, attributes } of failed) {
    if (sopInstanceUid === undefined) {
      unnamed.push({ ...errorComment(comment), [tags.failureReason]: reason(failureReason), ...attributes })
      continue
    }
    // Without its class, too: a client must learn which of its instances failed.
    named.push({
      ...errorComment(comment),
      [tags.referencedSopClassUid]: sopClassUid === undefined ? { vr: 'UI' } : uid(sopClassUid),
      [tags.referencedSopInstanceUid]: uid(sopInstanceUid),
      [tags.failureReason]: reason(failureReason),
      ...attributes,
    })
  }
  const response: Dataset = {}
  if (studyUrl !== undefined) response[tags.retrieveUrl] = url(studyUrl)
  if (named.length > 0) response[tags.failedSopSequence] = { vr: 'SQ', Value: named }
  if (references.length > 0) response[tags.referencedSopSequence] = { vr: 'SQ', Value: references }
  if (unnamed.length > 0) response[tags.otherFailuresSequence] = { vr: 'SQ', Value: unnamed }
  return response
}
