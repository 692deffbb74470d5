import { secondsToWait } from '@instandt/api'
import { OpsError } from '../ops-error.ts'
import { describeFault, PassingError, tlsFault } from './faults.ts'

/** One GET of the source; answers that are none are thrown. */
export type Ask = (address: string, accept: string, signal: AbortSignal) => Promise<Response>

const passingStatuses = [408, 425, 429, 502, 503, 504]

/** The source's own answer about one thing: not to be had, whatever is tried. */
export class SourceRefusal extends Error {
  /** Of its answer; undefined: what it answered is not to be used. */
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.name = 'SourceRefusal'
    this.status = status
  }
}

/**
 * Asks a DICOMweb source.
 * @throws SourceRefusal, PassingError, or OpsError for what concerns the whole source
 */
export function createAsk(base: string, authorization: string | undefined): Ask {
  return async (address, accept, signal) => {
    let response: Response
    try {
      response = await fetch(`${base}/${address}`, {
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
    throw new SourceRefusal(said, status)
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
