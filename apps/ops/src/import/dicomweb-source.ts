import { MediaTypeError, metaOf, MultipartError, parseMediaType, splitMultipart } from '@instandt/dicom'
import { OpsError } from '../ops-error.ts'
import { type ArchiveSource, pathText } from './archive-source.ts'
import { createAsk, SourceRefusal } from './dicomweb-ask.ts'
import { createSearch, listBelow, type Persist } from './dicomweb-search.ts'
import type { Effort } from './effort.ts'
import { describeFault, PassingError } from './faults.ts'
import { listingOf } from './journal.ts'
import { whyNoObject } from './recognise.ts'
import { createSpool, type KeptBytes, NoRoomError } from './spool.ts'

export interface DicomWebOptions {
  /** Address below which there are `/studies`. */
  base: string
  /** Value of the Authorization header. */
  authorization?: string | undefined
  /** Large objects lie here until they are sent. */
  spoolDir: string
  /** Bytes that are free in there, as its disk says unless given. */
  roomOf?: (folder: string) => Promise<number>
  effort: Effort
}

/** Of one page or one object while the source answers other questions: then it is left out. */
const mostFaults = 6
/** Between looks whether there is room for a large object. */
const roomMs = 500
/** For an answer to a small question. */
const smallMs = 30_000
/** Bytes as they are stored there: nothing is transcoded for us (PS3.18 8.7.3). */
const asStored = 'multipart/related; type="application/dicom"; transfer-syntax=*'

const isFinal = (error: unknown): boolean =>
  error instanceof OpsError || error instanceof SourceRefusal || error instanceof NoRoomError

/** An archive behind DICOMweb (PS3.18 10): found by QIDO-RS page by page, fetched by WADO-RS object by object. */
export function openDicomWeb({ base, authorization, spoolDir, roomOf, effort }: DicomWebOptions): ArchiveSource {
  const spool = createSpool(spoolDir, roomOf)
  const ask = createAsk(base, authorization)
  const isAnswering = async (signal: AbortSignal): Promise<boolean> => {
    try {
      const response = await ask(
        'studies?limit=1',
        'application/dicom+json',
        AbortSignal.any([signal, AbortSignal.timeout(smallMs)]),
      )
      await response.body?.cancel()
      return true
    } catch (error) {
      return error instanceof SourceRefusal
    }
  }
  const persist: Persist = (work) =>
    effort.persist(async (signal) => {
      try {
        const result = await work(signal)
        effort.progressed()
        return result
      } catch (error) {
        // While it answers something small it is not away: a line that breaks, or a proxy's 504, is due to this question.
        const isInDoubt = error instanceof PassingError && !error.isOwn && error.wait === 0
        if (isInDoubt && (await isAnswering(signal))) effort.progressed()
        signal.throwIfAborted()
        throw error
      }
    }, mostFaults)
  const search = createSearch(ask, persist)

  const fetchBytes = async (address: string, signal: AbortSignal): Promise<KeptBytes> => {
    const response = await ask(address, asStored, signal)
    const body = response.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>()
    let kept: KeptBytes | undefined
    try {
      const { type, parameters } = parseMediaType(response.headers.get('content-type') ?? '')
      const keep = async (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
        if (kept) throw new SourceRefusal('the source gives several objects for one')
        kept = await spool.keep(bytes, effort.progressed)
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
      if (signal.aborted || isFinal(error)) throw error
      if (error instanceof MediaTypeError) throw new SourceRefusal(`the source names no media type: ${error.message}`)
      const words = error instanceof MultipartError ? error.message : describeFault(error)
      throw new PassingError(`the source's answer is cut off or faulty: ${words}`, { cause: error, isOwn: true })
    }
  }

  /** What does not fit beside others is fetched again once they are gone. Undefined when the import ends first. */
  const fetchWithRoom = async (address: string): Promise<KeptBytes | undefined> => {
    while (!effort.isFinishing()) {
      try {
        return await persist((signal) => fetchBytes(address, signal))
      } catch (error) {
        if (!(error instanceof NoRoomError && error.isCrowded)) throw error
      }
      while (!spool.isEmpty() && !effort.isFinishing()) await effort.gate.wait(roomMs)
    }
    return undefined
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
          for await (const found of listBelow(search, parent, folder.stated)) {
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
      let kept: KeptBytes | undefined
      try {
        kept = await fetchWithRoom(address)
      } catch (error) {
        const isItsOwn = error instanceof SourceRefusal || error instanceof PassingError || error instanceof NoRoomError
        if (!isItsOwn) throw error
        return { kind: 'left', state: 'failed', reason: error.message }
      }
      if (!kept) return undefined
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
