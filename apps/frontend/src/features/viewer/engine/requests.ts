import { ApiError, framesUrl, instanceUrl, readProblem, UnreachableError } from '@instandt/api'
import { type Dataset, parseDataset, parseMediaType } from '@instandt/dicom'
import { askServer } from '../../../api/early-answers.ts'

/** One instance, by its UIDs. */
export interface InstanceAddress {
  study: string
  series: string
  instance: string
}

/** One frame of it, from 1. */
export interface FrameAddress extends InstanceAddress {
  frame: number
}

export interface FrameBytes {
  bytes: Uint8Array<ArrayBuffer>
  syntaxUid: string
}

export interface Progress {
  loaded: number
  /** Undefined when the server did not say. */
  total: number | undefined
}

const explicitLittleEndian = '1.2.840.10008.1.2.1'

async function request(url: string, accept: string, signal: AbortSignal): Promise<Response> {
  let response: Response
  try {
    response = await askServer(url, { headers: { accept }, signal })
  } catch (error) {
    if (signal.aborted) throw error
    throw new UnreachableError(error)
  }
  if (!response.ok) throw new ApiError(await readProblem(response))
  return response
}

/** All attributes of an instance, without pixels. */
export async function fetchMetadata(
  { study, series, instance }: InstanceAddress,
  signal: AbortSignal,
): Promise<Dataset> {
  const url = `${instanceUrl(study, series, instance)}/metadata`
  const response = await request(url, 'application/dicom+json', signal)
  // One instance is asked for: the answer is a list of one.
  const [dataset] = (await response.json()) as unknown[]
  return parseDataset(JSON.stringify(dataset))
}

/** One frame as it is stored, and the transfer syntax of its bytes. */
export async function fetchFrame(
  { study, series, instance, frame }: FrameAddress,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<FrameBytes> {
  const url = framesUrl(study, series, instance, [frame])
  const response = await request(url, 'application/octet-stream; transfer-syntax=*', signal)
  const syntax = parseMediaType(response.headers.get('content-type') ?? '').parameters.get('transfer-syntax')
  return { bytes: await readBody(response, signal, onProgress), syntaxUid: syntax ?? explicitLittleEndian }
}

/** Bytes from an address of our own. */
export async function fetchBytes(
  url: string,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  return readBody(await request(url, 'application/octet-stream', signal), signal, onProgress)
}

/** A value that the metadata only name, by the address they give. */
export async function fetchBulk(
  { study, series, instance }: InstanceAddress,
  address: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  // Through our own origin, whatever name the server has for itself.
  const path = address.slice(address.lastIndexOf('/bulkdata/') + '/bulkdata/'.length)
  const url = `${instanceUrl(study, series, instance)}/bulkdata/${path}`
  const response = await request(url, 'application/octet-stream; transfer-syntax=*', signal)
  return readBody(response, signal, () => undefined)
}

async function readBody(
  response: Response,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(response.headers.get('content-length') ?? Number.NaN)
  // Lengths of a compressed answer count the compressed bytes.
  const isPlain = Number.isFinite(announced) && response.headers.get('content-encoding') === null
  if (!isPlain || response.body === null) return new Uint8Array(await readAll(response, signal))
  const bytes = new Uint8Array(announced)
  let loaded = 0
  try {
    for await (const chunk of chunksOf(response.body)) {
      if (loaded + chunk.length > announced) throw new Error('more bytes than announced')
      bytes.set(chunk, loaded)
      loaded += chunk.length
      onProgress({ loaded, total: announced })
    }
  } catch (error) {
    if (signal.aborted) throw error
    throw new UnreachableError(error)
  }
  if (loaded < announced) throw new UnreachableError(new Error('the connection broke'))
  return bytes
}

async function readAll(response: Response, signal: AbortSignal): Promise<ArrayBuffer> {
  try {
    return await response.arrayBuffer()
  } catch (error) {
    if (signal.aborted) throw error
    throw new UnreachableError(error)
  }
}

// Safari cannot iterate over a body.
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value
  } finally {
    reader.releaseLock()
  }
}
