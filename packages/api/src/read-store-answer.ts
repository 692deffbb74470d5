import { type Dataset, getItems, getNumber, getString, tags } from '@instandt/dicom'
import { parseProblem } from './client.ts'
import { storeAnswer } from './store-answer.ts'

/** Why a file was not stored, or not as it should be; for catalogues of texts. */
export const storeReasonKeys = [
  'a700',
  'a900',
  'c000',
  '0110',
  '0111',
  '0119',
  '0122',
  'c122',
  '0117',
  '0106',
  '0120',
  '0121',
  '0124',
  'b000',
  'b006',
  'b007',
  'other',
  'noAnswer',
  'network',
  'unreadable',
  'tooLarge',
  'notWhole',
  'http',
  'signIn',
] as const
export type StoreReasonKey = (typeof storeReasonKeys)[number]

export interface StoreReason {
  key: StoreReasonKey
  /** Failure or warning reason of PS3.18 I.2, four hexadecimal digits; or an HTTP status. */
  code?: string
  /** The server's own words. */
  text?: string
}

/** What became of one file that was sent. */
export interface StoreVerdict {
  /** `present`: the same bytes were there before; `refused`: sending it again changes nothing; `failed`: it may help. */
  state: 'stored' | 'present' | 'warned' | 'refused' | 'failed'
  reason?: StoreReason
  studyInstanceUid?: string | undefined
  sopInstanceUid?: string | undefined
}

/** 'again': the answer does not tell this file from the others, send it by itself. */
export type Verdict = StoreVerdict | 'again'

/** Of one request; status 0: none came. */
export interface StoreAnswer {
  status: number
  text: string
  requestId: string
}

interface SentFile {
  sopInstanceUid?: string | undefined
}

/** Whether the same request may succeed in a moment: nothing answered, or the server has no capacity now. */
export const isBusy = (status: number): boolean => [0, 429, 502, 503, 504].includes(status)

/** Turns the answer to one store request (PS3.18 10.5.3) into one verdict a file, in the files' order. */
export function readStoreAnswer(answer: StoreAnswer, files: readonly SentFile[]): Verdict[] {
  const dataset = parseStoreDataset(answer)
  if (dataset === undefined) return files.map(() => readRefusal(answer, files.length))

  const byUid = new Map<string, StoreVerdict>()
  const outcomes: StoreVerdict[] = []
  const note = (item: Dataset, outcome: StoreVerdict): void => {
    const uid = getString(item, tags.referencedSopInstanceUid)
    if (uid !== undefined) byUid.set(uid, outcome)
    outcomes.push(outcome)
  }
  for (const item of getItems(dataset, tags.referencedSopSequence)) note(item, readStored(item))
  for (const item of getItems(dataset, tags.failedSopSequence)) note(item, readFailed(item))
  for (const item of getItems(dataset, tags.otherFailuresSequence)) outcomes.push(readFailed(item))

  return files.map(({ sopInstanceUid }) => {
    const named = sopInstanceUid === undefined ? undefined : byUid.get(sopInstanceUid)
    if (named) return named
    if (files.length > 1) return 'again'
    return outcomes[0] ?? { state: 'failed', reason: { key: 'noAnswer' } }
  })
}

function parseStoreDataset({ status, text }: StoreAnswer): Dataset | undefined {
  if (status !== 200 && status !== 202 && status !== 409) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    const dataset = (Array.isArray(parsed) ? parsed[0] : parsed) as Dataset | null | undefined
    // A 409 may also be a problem of the whole request.
    return dataset && typeof dataset === 'object' && !('status' in dataset) ? dataset : undefined
  } catch {
    return undefined
  }
}

function readStored(item: Dataset): StoreVerdict {
  const url = getString(item, tags.retrieveUrl) ?? ''
  const studyInstanceUid = /\/studies\/([0-9.]+)/.exec(url)?.[1]
  const sopInstanceUid = getString(item, tags.referencedSopInstanceUid)
  const uids = { studyInstanceUid, ...(sopInstanceUid === undefined ? {} : { sopInstanceUid }) }
  const warning = getNumber(item, tags.warningReason)
  if (warning !== undefined) return { state: 'warned', reason: namedReason(warning, wordsOf(item)), ...uids }
  const isPresent =
    getString(item, storeAnswer.creatorTag) === storeAnswer.creator &&
    getString(item, storeAnswer.outcomeTag) === storeAnswer.present
  return { state: isPresent ? 'present' : 'stored', ...uids }
}

function readFailed(item: Dataset): StoreVerdict {
  const code = getNumber(item, tags.failureReason) ?? 0x0110
  // No room and "processing failed" are the server's trouble of the moment; the rest is the file's.
  const isOfTheMoment = (code & 0xff00) === 0xa700 || code === 0x0110
  return { state: isOfTheMoment ? 'failed' : 'refused', reason: namedReason(code, wordsOf(item)) }
}

function wordsOf(item: Dataset): string | undefined {
  const isOurs = getString(item, storeAnswer.creatorTag) === storeAnswer.creator
  return (isOurs ? getString(item, storeAnswer.reasonTag) : undefined) ?? getString(item, storeAnswer.errorComment)
}

/** A Failure or Warning Reason (PS3.18 I.2) and the server's own words. */
export function namedReason(value: number, text: string | undefined): StoreReason {
  const code = value.toString(16).padStart(4, '0')
  return { key: reasonKeyOf(code), code: code.toUpperCase(), ...(text ? { text } : {}) }
}

/** A7xx, A9xx and Cxxx are ranges (PS3.4 B.2.3): the exact code first, then its family. */
function reasonKeyOf(code: string): StoreReasonKey {
  const family = code.startsWith('a7')
    ? 'a700'
    : code.startsWith('a9')
      ? 'a900'
      : code.startsWith('c')
        ? 'c000'
        : 'other'
  return storeReasonKeys.find((key) => key === code) ?? family
}

function readRefusal({ status, text, requestId }: StoreAnswer, fileCount: number): Verdict {
  if (status === 0) return { state: 'failed', reason: { key: 'network' } }
  const { detail } = parseProblem(text, status, requestId)
  const words = [detail, requestId].filter(Boolean).join(' · ')
  const reason: StoreReason = { key: 'http', code: String(status), ...(words ? { text: words } : {}) }
  if (status === 401) return { state: 'failed', reason: { ...reason, key: 'signIn' } }
  if (status === 403) return { state: 'failed', reason: { ...reason, key: '0124' } }
  if (status >= 500 || status < 400 || isBusy(status)) return { state: 'failed', reason }
  // One bad file can spoil a request: the others deserve their own.
  if (fileCount > 1) return 'again'
  return { state: 'refused', reason: status === 413 ? { ...reason, key: 'tooLarge' } : reason }
}
