import type { z } from 'zod'
import { inspectionUrl, instancesUrl, queryString, renditionUrl, sessionUrl } from './api-urls.ts'
import { conversionClient, type ConversionClient } from './conversion-client.ts'
import { instanceUrl } from './dicomweb-urls.ts'
import {
  type InspectionDetail,
  inspectionDetailSchema,
  type InspectionPage,
  inspectionPageSchema,
  type InspectionQuery,
  type InstancePage,
  instancePageSchema,
} from './inspection.ts'
import { archiveClient, type ArchiveClient } from './archive-client.ts'
import { identityClient, type IdentityClient, type Send, type SendOptions } from './identity-client.ts'
import { type Problem, problemSchema } from './problem.ts'
import {
  type FailedRenditionPage,
  failedRenditionPageSchema,
  type Remake,
  remakeAnswerSchema,
  type RenditionQueue,
  renditionQueueSchema,
} from './rendition-queue.ts'
import { type Rendition, renditionSchema } from './rendition.ts'
import { searchAttributeClient, type SearchAttributeClient } from './search-attribute.ts'
import { type Session, sessionSchema } from './session.ts'
import { uploadClient, type UploadClient } from './upload-client.ts'

/** The server answered, and the answer is a refusal. */
export class ApiError extends Error {
  readonly problem: Problem
  /** Seconds the server asks to wait. */
  readonly retryAfter: number | undefined

  constructor(problem: Problem, retryAfter?: number) {
    super(`${problem.status} ${problem.code}: ${problem.detail}`)
    this.name = 'ApiError'
    this.problem = problem
    this.retryAfter = retryAfter
  }
}

/** No answer at all: network, server down, connection cut. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('The server gave no answer.', { cause })
    this.name = 'UnreachableError'
  }
}

/** An answer of success that is not what the contract says: usually a server of another version, or a proxy's page. */
export class ContractError extends Error {
  readonly requestId: string

  constructor(url: string, requestId: string, cause: unknown) {
    super(`The answer of ${url} is not what was agreed.`, { cause })
    this.name = 'ContractError'
    this.requestId = requestId
  }
}

type Query = Partial<Record<keyof InspectionQuery, string | number | undefined>>
export interface PageRequest {
  cursor?: string | undefined
  limit?: number | undefined
}

export interface Client extends IdentityClient, ArchiveClient, ConversionClient, SearchAttributeClient, UploadClient {
  getSession(signal?: AbortSignal): Promise<Session>
  searchInspections(query: Query, signal?: AbortSignal): Promise<InspectionPage>
  getInspection(study: string, signal?: AbortSignal): Promise<InspectionDetail>
  listInstances(study: string, series: string, page: PageRequest, signal?: AbortSignal): Promise<InstancePage>
  /** What screens take in place of a frame (from 1); refused with `rendition-missing` when there is none. */
  getRendition(study: string, series: string, instance: string, frame: number, signal?: AbortSignal): Promise<Rendition>
  getRenditionQueue(signal?: AbortSignal): Promise<RenditionQueue>
  listFailedRenditions(cursor: string | undefined, signal?: AbortSignal): Promise<FailedRenditionPage>
  /** Has images for screens made again; returns of how many instances. */
  remakeRenditions(remake: Remake): Promise<{ count: number }>
  /** All attributes of one instance, in the DICOM JSON model (PS3.18 F) and not parsed. */
  getInstanceMetadata(study: string, series: string, instance: string, signal?: AbortSignal): Promise<string>
  /** Bytes behind an address, without fetching them; null when the server does not say. */
  getByteLength(url: string, signal?: AbortSignal): Promise<number | null>
}

/**
 * The JSON API and the metadata of DICOMweb, for browser, gateway and ops.
 * @param fetch of the platform; relative addresses, so outside a browser wrap it with the server's address
 * @throws {ApiError} problem of the server
 * @throws {UnreachableError} no answer
 * @throws {ContractError} answer that does not fit the schema
 */
export function createClient(fetch: (url: string, init: RequestInit) => Promise<Response>): Client {
  async function ask(method: string, url: string, accept: string, options: SendOptions = {}): Promise<Response> {
    const { body, bytes, signal } = options
    let response: Response
    try {
      response = await fetch(url, {
        method,
        headers: { accept, ...(body ? { 'content-type': 'application/json' } : bytes?.headers) },
        ...(body ? { body: JSON.stringify(body) } : bytes ? { body: bytes.body } : {}),
        ...(signal ? { signal } : {}),
      })
    } catch (error) {
      if (signal?.aborted) throw error
      throw new UnreachableError(error)
    }
    if (!response.ok)
      throw new ApiError(await readProblem(response), secondsToWait(response.headers.get('retry-after')))
    return response
  }

  const send: Send = async (method, url, schema, options = {}) => {
    const response = await ask(method, url, 'application/json', options)
    try {
      return (schema === null ? undefined : schema.parse(await response.json())) as never
    } catch (error) {
      if (options.signal?.aborted) throw error
      throw new ContractError(url, response.headers.get('x-request-id') ?? '', error)
    }
  }
  const getJson = <Schema extends z.ZodType>(schema: Schema, url: string, signal?: AbortSignal) =>
    send('GET', url, schema, { signal })

  return {
    ...identityClient(send, queryString),
    ...uploadClient(send),
    ...searchAttributeClient(send),
    ...archiveClient(send, queryString),
    ...conversionClient(send),
    getSession: (signal) => getJson(sessionSchema, sessionUrl, signal),
    searchInspections: (query, signal) =>
      getJson(inspectionPageSchema, `/api/inspections${queryString({ ...query })}`, signal),
    getInspection: (study, signal) => getJson(inspectionDetailSchema, inspectionUrl(study), signal),
    listInstances: (study, series, page, signal) =>
      getJson(instancePageSchema, instancesUrl(study, series, page), signal),
    getRendition: (study, series, instance, frame, signal) =>
      getJson(renditionSchema, renditionUrl(study, series, instance, frame), signal),
    getRenditionQueue: (signal) => getJson(renditionQueueSchema, '/api/rendition-queue', signal),
    listFailedRenditions: (cursor, signal) =>
      getJson(failedRenditionPageSchema, `/api/rendition-queue/failed${queryString({ cursor })}`, signal),
    remakeRenditions: (body) => send('POST', '/api/rendition-queue/remake', remakeAnswerSchema, { body }),
    getInstanceMetadata: async (study, series, instance, signal) => {
      const address = instanceUrl(encodeURIComponent(study), encodeURIComponent(series), encodeURIComponent(instance))
      return (await ask('GET', `${address}/metadata`, 'application/dicom+json', { signal })).text()
    },
    getByteLength: async (url, signal) => {
      const length = (await ask('HEAD', url, '*/*', { signal })).headers.get('content-length')
      return length === null ? null : Number(length)
    },
  }
}

/** Seconds: a page of maintenance may ask for a day, and what it is about be over in minutes. */
const longestWait = 300

/** The header Retry-After (RFC 9110 10.2.3), a number of seconds or a date, in seconds; never more than five minutes. */
export function secondsToWait(retryAfter: string | null | undefined): number | undefined {
  if (retryAfter === undefined || retryAfter === null) return undefined
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.min(longestWait, Math.max(0, seconds)) : undefined
}

/** The server's problem, or one made from the status line when something in between answered in its own words. */
export async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text()
  return parseProblem(text, response.status, response.headers.get('x-request-id') ?? '')
}

/** As `readProblem`, for an answer that did not come through fetch. */
export function parseProblem(text: string, status: number, requestId: string): Problem {
  try {
    return problemSchema.parse(JSON.parse(text))
  } catch {
    return { type: 'about:blank', title: `HTTP ${status}`, status, detail: '', code: `http-${status}`, requestId }
  }
}
