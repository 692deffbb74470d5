import { type Dataset, getNumber, getString, tags } from '@instandt/dicom'
import { type Ask, SourceRefusal } from './dicomweb-ask.ts'
import { PassingError } from './faults.ts'
import type { ListedFolder } from './journal.ts'

/** Repeats work over faults that pass. */
export type Persist = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>

/**
 * Results asked for at once. Servers give fewer when they like, but for those that refuse such a question: they are asked for
 * less. Not for little from the start, since one that knows no offset gives no more than its first page.
 */
const pageLengths = [500, 200, 100, 50]
/** Of what has no right UID, in the line that tells of it. */
const mostNamed = 20
/** How a level is named, and the attribute that states how many lie below (PS3.18 10.6.3.3). */
const levels = {
  studies: { uid: tags.studyInstanceUid, stated: tags.numberOfStudyRelatedSeries },
  series: { uid: tags.seriesInstanceUid, stated: tags.numberOfSeriesRelatedInstances },
  instances: { uid: tags.sopInstanceUid, stated: undefined },
}
const uidForm = /^(?=.{1,64}$)[0-9]+(\.[0-9]+)*$/
/** Some sources leave the padding of their files in. */
// oxlint-disable-next-line no-control-regex
const padding = /^[\s\0]+|[\s\0]+$/g
/** A Warning that tells of results that were held back (PS3.18 8.3.4.4); of what else servers warn is no matter here. */
const heldBack = /\b299\b.*\b(?:more|additional|remaining|exceed\w*|truncated)\b/i

interface Page {
  datasets: Dataset[]
  /** It says that there is more. */
  warning: string | undefined
  /** So many were asked for. */
  limit: number
}

/** One page of a search; no items: there is nothing there. */
export type SearchPage = (address: string, offset: number) => Promise<Page>

export function createSearch(ask: Ask, persist: Persist): SearchPage {
  let bearable = pageLengths
  const search = async (address: string, offset: number, lengths = bearable): Promise<Page> => {
    const [limit = 1, ...less] = lengths
    try {
      const page = await searchOnce(ask, persist, { address, offset, limit })
      bearable = lengths
      return page
    } catch (error) {
      if (less.length === 0 || !(error instanceof SourceRefusal && error.status === 400)) throw error
      return await search(address, offset, less)
    }
  }
  return (address, offset) => search(address, offset)
}

function searchOnce(
  ask: Ask,
  persist: Persist,
  { address, offset, limit }: { address: string; offset: number; limit: number },
): Promise<Page> {
  return persist(async (signal) => {
    const query = new URLSearchParams({ limit: String(limit), offset: String(offset) })
    const response = await ask(`${address}?${query.toString()}`, 'application/dicom+json', signal)
    const said = response.headers.get('warning') ?? ''
    const warning = heldBack.test(said) ? said.slice(0, 200) : undefined
    if (response.status === 204) return { datasets: [], warning, limit }
    try {
      const page: unknown = await response.json()
      if (Array.isArray(page)) return { datasets: page as Dataset[], warning, limit }
    } catch (error) {
      if (signal.aborted) throw error
      throw new PassingError('the source: its answer is no DICOM JSON', { cause: error, isOwn: true })
    }
    throw new PassingError('the source: its answer is no DICOM JSON', { isOwn: true })
  })
}

/**
 * What lies below one address, page by page.
 * @throws SourceRefusal at the end, when not everything came that is there: a server that holds results back, or knows no
 * offset; or something without a UID to ask for it by
 */
export async function* listBelow(
  search: SearchPage,
  parent: string,
  stated: number | undefined,
): AsyncGenerator<ListedFolder[]> {
  const level = parent === '' ? 'studies' : parent.includes('/series/') ? 'instances' : 'series'
  const address = parent === '' ? level : `${parent}/${level}`
  let before = new Set<string>()
  let warned: string | undefined
  let isLookingOn = false
  const nameless = { count: 0, first: [] as string[] }
  const refusal = (...faults: string[]): SourceRefusal => {
    const { count, first } = nameless
    const more = count > first.length ? ` and ${count - first.length} more` : ''
    const text = `${count} of the ${level} cannot be asked for, since the source names no right UID: ${first.join(', ')}${more}`
    return new SourceRefusal([...faults, ...(count > 0 ? [text] : [])].join('; '))
  }

  for (let offset = 0; ;) {
    const { datasets, warning, limit } = await search(address, offset)
    const found = datasets.map((dataset, index) => {
      const uid = (getString(dataset, levels[level].uid) ?? '').replace(padding, '')
      const below = levels[level].stated
      // One without any is told from others by its place in the page alone.
      return {
        key: uid || `no. ${index + 1}`,
        uid,
        stated: below === undefined ? undefined : getNumber(dataset, below),
      }
    })
    const fresh = found.filter(({ key }) => !before.has(key))
    if (fresh.length > 0) {
      const isNamed = ({ uid }: { uid: string }): boolean => uidForm.test(uid)
      for (const { key } of fresh.filter((one) => !isNamed(one)))
        if ((nameless.count += 1) <= mostNamed) nameless.first.push(`'${key.slice(0, 80)}'`)
      yield fresh.filter(isNamed).map((one) => ({ path: Buffer.from(`${address}/${one.uid}`), stated: one.stated }))
      warned = warning
      isLookingOn = false
      // All of it is kept below one study or series alone: there may be millions of studies.
      if (parent === '') before = new Set()
      for (const { key } of found) before.add(key)
      offset += found.length
      continue
    }
    // Nothing, or the same again.
    const count = before.size
    const isAll = stated !== undefined && count >= stated
    const words = warning ?? warned
    if (words !== undefined) throw refusal(`the source gives no further pages, and says: ${words}`)
    if (found.length >= limit && !isAll)
      throw refusal(`the source gives no further pages: the same ${found.length} results come again`)
    if (!isAll && !isLookingOn) {
      // A server that leaves out of its pages what one may not see gives short and empty ones in between.
      isLookingOn = true
      offset += limit
      continue
    }
    if (stated !== undefined && !isAll) throw refusal(`the source lists ${count} of the ${stated} ${level} it states`)
    if (parent !== '' && count === 0 && stated !== 0) throw refusal(`the source lists no ${level} here`)
    if (nameless.count > 0) throw refusal()
    return
  }
}
