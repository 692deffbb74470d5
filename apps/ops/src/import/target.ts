import { createHash } from 'node:crypto'
import {
  ApiError,
  type Client,
  ContractError,
  createClient,
  projectDicomWebBase,
  secondsToWait,
  type SendRequest,
  type Session,
  UnreachableError,
} from '@instandt/api'
import { OpsError } from '../ops-error.ts'
import { describeFault, notFinishedCode, tlsFault } from './faults.ts'

/** The instaNDT that an archive goes to. */
export interface Target {
  /** Scheme, host and port. */
  address: string
  client: Client
  /** Slug of the project that takes it. */
  project: string
  /** One STOW-RS request; status 0: no answer. */
  send: SendRequest
  isReachable: () => Promise<boolean>
}

/** A request that takes longer was cut by a proxy without a word. */
const requestMs = 240_000
const shortMs = 30_000

/**
 * Looks who the token is and whether it may store there.
 * @param project slug; undefined: the one that takes what names none
 * @throws OpsError in words for people
 */
export async function openTarget(address: string, token: string, project: string | undefined): Promise<Target> {
  const ask = (url: string, init: RequestInit): Promise<Response> =>
    // A token goes nowhere but to the server it is for.
    fetch(address + url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` },
    })
  const client = createClient((url, init) =>
    ask(url, init.signal ? init : { ...init, signal: AbortSignal.timeout(requestMs) }),
  )
  const session = await client.getSession(AbortSignal.timeout(shortMs)).catch((error: unknown) => {
    throw sessionFault(error, address)
  })
  const target: Target = {
    address,
    client,
    project: projectOf(session, project, address),
    async send({ body, contentType }, slug, signal) {
      const url = `${projectDicomWebBase(slug ?? target.project)}/studies`
      try {
        const answer = await ask(url, {
          method: 'POST',
          headers: { 'content-type': contentType, accept: 'application/dicom+json' },
          body,
          signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
        })
        return {
          status: answer.status,
          text: await answer.text(),
          requestId: answer.headers.get('x-request-id') ?? '',
          retryAfter: secondsToWait(answer.headers.get('retry-after')),
        }
      } catch {
        return { status: 0, text: '', requestId: '', retryAfter: undefined }
      }
    },
    isReachable: () =>
      client.getSession(AbortSignal.timeout(shortMs)).then(
        () => true,
        (error: unknown) => error instanceof ApiError && error.problem.status < 500,
      ),
  }
  return target
}

function sessionFault(error: unknown, address: string): OpsError {
  const options = { cause: error }
  const tls = tlsFault(error, address)
  if (tls) return tls
  if (error instanceof ApiError) {
    const { status } = error.problem
    if (status === 401)
      return new OpsError(`${address} does not accept the token: is it whole, and not revoked?`, 3, options)
    if (status >= 300 && status < 400)
      return new OpsError(`${address} leads to another address: name that one (its scheme, too)`, 3, options)
    if (status < 500) return new OpsError(`${address} answers ${describeFault(error)}`, 3, options)
  }
  if (error instanceof ContractError) return new OpsError(`${address}: ${describeFault(error)}`, 3, options)
  const isAway = error instanceof UnreachableError || error instanceof ApiError
  const words = isAway ? describeFault(error) : 'no answer in time'
  return new OpsError(`${address}: ${words}; run it again once it answers`, notFinishedCode, options)
}

function projectOf({ projects, defaultProject, user }: Session, wanted: string | undefined, address: string): string {
  const open = projects.filter(({ permissions }) => permissions.includes('store')).map(({ slug }) => slug)
  const choice = open.length === 0 ? 'it may store nowhere' : `it may store into ${open.join(', ')}`
  if (wanted !== undefined && open.includes(wanted)) return wanted
  if (wanted !== undefined)
    throw new OpsError(
      `the token '${user.name}' may not store into the project '${wanted}' of ${address}: ${choice}`,
      3,
    )
  if (open.length === 0) throw new OpsError(`the token '${user.name}' may store into no project of ${address}`, 3)
  if (defaultProject === null || !open.includes(defaultProject))
    throw new OpsError(`name the project with --project: ${choice}`, 2)
  return defaultProject
}

/** SHA-256 of a part, without Web Crypto's copy of its bytes. */
export const digestPart = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
