import { secondsToWait } from '@instandt/api'
import {
  type Dataset,
  getNumber,
  getString,
  MediaTypeError,
  metaOf,
  MultipartError,
  parseMediaType,
  splitMultipart,
  tags,
} from '@instandt/dicom'
import { OpsError } from '../ops-error.ts'
import { type ArchiveSource, pathText } from './archive-source.ts'
import type { Effort } from './effort.ts'
import { describeFault, PassingError, tlsFault } from './faults.ts'
import { type ListedFolder, listingOf } from './journal.ts'
import { whyNoObject } from './recognise.ts'
import { keepBytes, type KeptBytes } from './spool.ts'

export interface DicomWebOptions {
  /** Address below which there are `/studies`. */
  base: string
  /** Value of the Authorization header. */
  authorization?: string | undefined
  /** Large objects lie here until they are sent. */
  spoolDir: string
  effort: Effort
}

/** Of one page or one object while the source answers other questions: then it is left out. */
const mostFaults = 6
/** Results asked for at once; servers give fewer when they like. */
const pageLength = 500
/** How a level is named, and the attribute that states how many lie below (PS3.18 10.6.3.3). */
const levels = {
  studies: { uid: tags.studyInstanceUid, stated: tags.numberOfStudyRelatedSeries },
  series: { uid: tags.seriesInstanceUid, stated: tags.numberOfSeriesRelatedInstances },
  instances: { uid: tags.sopInstanceUid, stated: undefined },
}
const passingStatuses = [408, 425, 429, 502, 503, 504]
const uidForm = /^(?=.{1,64}$)[0-9]+(\.[0-9]+)*$/
/** A Warning that tells of results that were held back (PS3.18 8.3.4.4); of what else servers warn is no matter here. */
const heldBack = /\b299\b.*\b(?:more|additional|remaining|exceed\w*|truncated)\b/i
/** Bytes as they are stored there: nothing is transcoded for us (PS3.18 8.7.3). */
const asStored = 'multipart/related; type="application/dicom"; transfer-syntax=*'

/** The source's own answer about one thing: not to be had, whatever is tried. */
class SourceRefusal extends Error {}

interface Page {
  datasets: Dataset[]
  /** It says that there is more. */
  warning: string | undefined
}

/** An archive behind DICOMweb (PS3.18 10): found by QIDO-RS page by page, fetched by WADO-RS object by object. */
export function openDicomWeb({ base, authorization, spoolDir, effort }: DicomWebOptions): ArchiveSource {
  async function ask(address: string, accept: string, signal: AbortSignal): Promise<Response> {
    let response: Response
    try {
      response = await fetch(address, {
        headers: { accept, ...(authorization === undefined ? {} : { authorization }) },
        signal,
      })
    } catch (error) {
      if (signal.aborted) throw error
      throw tlsFault(error, base) ?? new PassingError(`the source: ${describeFault(error)}`, { cause: error })
    }
    const { status } = response
    if (response.ok) return response
    const said = `the source answers ${status}${await firstWords(response)}`
    if (status === 401)
      throw new OpsError(`${said} (does INSTANDT_SOURCE_AUTHORIZATION or its file hold what it asks for?)`, 3)
    const isPassing = passingStatuses.includes(status)
    if (isPassing || status >= 500)
      throw new PassingError(said, {
        wait: (secondsToWait(response.headers.get('retry-after')) ?? 0) * 1000,
        isOwn: !isPassing,
      })
    throw new SourceRefusal(said)
  }

  /** One page of a search; no items: there is nothing there. */
  const search = (address: string, offset: number): Promise<Page> =>
    effort.persist(async (signal) => {
      const query = new URLSearchParams({ limit: String(pageLength), offset: String(offset) })
      const response = await ask(`${base}/${address}?${query.toString()}`, 'application/dicom+json', signal)
      const said = response.headers.get('warning') ?? ''
      const warning = heldBack.test(said) ? said.slice(0, 200) : undefined
      if (response.status === 204) return { datasets: [], warning }
      try {
        const page: unknown = await response.json()
        if (Array.isArray(page)) return { datasets: page as Dataset[], warning }
      } catch (error) {
        if (signal.aborted) throw error
        throw new PassingError('the source: its answer is no DICOM JSON', { cause: error, isOwn: true })
      }
      throw new PassingError('the source: its answer is no DICOM JSON', { isOwn: true })
    }, mostFaults)

  /**
   * What lies below one address, page by page.
   * @throws SourceRefusal when pages end and not everything came: a server that holds results back, or knows no offset
   */
  async function* listBelow(parent: string, stated: number | undefined): AsyncGenerator<ListedFolder[]> {
    const level = parent === '' ? 'studies' : parent.includes('/series/') ? 'instances' : 'series'
    const address = parent === '' ? level : `${parent}/${level}`
    let before = new Set<string>()
    let warned: string | undefined
    let isLookingOn = false
    for (let offset = 0; ;) {
      const { datasets, warning } = await search(address, offset)
      const found = datasets.map((dataset) => {
        const uid = getString(dataset, levels[level].uid) ?? ''
        if (!uidForm.test(uid)) throw new SourceRefusal('the source lists something without a UID')
        const below = levels[level].stated
        return { uid, stated: below === undefined ? undefined : getNumber(dataset, below) }
      })
      const fresh = found.filter(({ uid }) => !before.has(uid))
      if (fresh.length > 0) {
        yield fresh.map(({ uid, ...rest }) => ({ path: Buffer.from(`${address}/${uid}`), ...rest }))
        warned = warning
        isLookingOn = false
        // All of it is kept below one study or series alone: there may be millions of studies.
        if (parent === '') before = new Set()
        for (const { uid } of found) before.add(uid)
        offset += found.length
        continue
      }
      // Nothing, or the same again.
      const count = before.size
      const isAll = stated !== undefined && count >= stated
      const words = warning ?? warned
      if (words !== undefined) throw new SourceRefusal(`the source gives no further pages, and says: ${words}`)
      if (found.length >= pageLength && !isAll)
        throw new SourceRefusal(`the source gives no further pages: the same ${found.length} results come again`)
      if (!isAll && !isLookingOn) {
        // A server that leaves out of its pages what one may not see gives short and empty ones in between.
        isLookingOn = true
        offset += pageLength
        continue
      }
      if (stated !== undefined && !isAll)
        throw new SourceRefusal(`the source lists ${count} of the ${stated} ${level} it states`)
      if (parent !== '' && count === 0 && stated !== 0) throw new SourceRefusal(`the source lists no ${level} here`)
      return
    }
  }

  const fetchBytes = async (address: string, signal: AbortSignal): Promise<KeptBytes> => {
    const response = await ask(`${base}/${address}`, asStored, signal)
    const body = response.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>()
    let kept: KeptBytes | undefined
    try {
      const { type, parameters } = parseMediaType(response.headers.get('content-type') ?? '')
      const keep = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
        if (kept) throw new SourceRefusal('the source gives several objects for one')
        kept = await keepBytes(bytes, spoolDir, effort.progressed)
      }
      if (type === 'application/dicom') await keep(body)
      else if (type === 'multipart/related')
        for await (const part of splitMultipart(body, parameters.get('boundary') ?? '')) await keep(part.body)
      else throw new SourceRefusal(`the source answers with ${type}`)
      if (!kept) throw new SourceRefusal('the source gives an answer without an object')
      return kept
    } catch (error) {
      await kept?.release()
      await body.cancel().catch(() => undefined)
      if (signal.aborted || error instanceof OpsError || error instanceof SourceRefusal) throw error
      if (error instanceof MediaTypeError) throw new SourceRefusal(`the source names no media type: ${error.message}`)
      const words = error instanceof MultipartError ? error.message : describeFault(error)
      throw new PassingError(`the source's answer is cut off or faulty: ${words}`, { cause: error, isOwn: true })
    }
  }

  return {
    name: base,
    nameOf: (path) => `${base}/${pathText(path).replace(/^\//, '')}`,

    async list(journal, onListed, isEnding) {
      if (!journal.nextFolder()) journal.addFolders([{ path: new Uint8Array(0) }])
      for (let folder = journal.nextFolder(); folder && !isEnding(); folder = journal.nextFolder()) {
        const parent = pathText(folder.path)
        const isLowest = parent.includes('/series/')
        let isAnswering = false
        try {
          for await (const found of listBelow(parent, folder.stated)) {
            isAnswering = true
            journal.noteListing(undefined, isLowest ? found : [], isLowest ? [] : found)
            if (isLowest) onListed(found.length)
            if (isEnding()) return
          }
          journal.noteListing(folder.path, [])
        } catch (error) {
          if (!(error instanceof SourceRefusal || error instanceof PassingError)) throw error
          if (parent === '' && !isAnswering)
            throw new OpsError(`${base}/studies cannot be searched: ${error.message}`, 3, { cause: error })
          journal.noteListing(folder.path, [
            { path: listingOf(folder.path), settled: { state: 'failed', reason: error.message } },
          ])
        }
      }
    },

    look: () => Promise.resolve(undefined),

    async take({ path }) {
      const address = pathText(path)
      let kept: KeptBytes
      try {
        kept = await effort.persist((signal) => fetchBytes(address, signal), mostFaults)
      } catch (error) {
        if (!(error instanceof SourceRefusal || error instanceof PassingError)) throw error
        return { kind: 'left', state: 'failed', reason: error.message }
      }
      const { head, ...object } = kept
      const { sopInstanceUid } = metaOf(head)
      const why = whyNoObject(head)
      const asked = address.slice(address.lastIndexOf('/') + 1)
      if (why === undefined && (sopInstanceUid === undefined || sopInstanceUid === asked))
        return { kind: 'object', ...object, sopInstanceUid: asked }
      await kept.release()
      const reason = why === undefined ? `the source gives another object: ${sopInstanceUid}` : `what came is ${why}`
      return { kind: 'left', state: 'failed', reason }
    },
  }
}

/** What an answer says in its first bytes; the rest of it is not waited for. */
async function firstWords({ body }: Response): Promise<string> {
  const reader = body?.getReader()
  try {
    const words = new TextDecoder()
      .decode((await reader?.read())?.value)
      .replace(/\s+/g, ' ')
      .trim()
    return words === '' ? '' : `: ${words.slice(0, 200)}`
  } catch {
    return ''
  } finally {
    await reader?.cancel().catch(() => undefined)
  }
}
