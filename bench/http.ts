import http from 'node:http'

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: Buffer
}

export interface Target {
  /** DICOMweb base address, without a slash at the end. */
  base: string
  agent: http.Agent
  token: string | undefined
}

export function openTarget(base: string, token?: string): Target {
  return { base: base.replace(/\/$/, ''), token, agent: new http.Agent({ keepAlive: true, maxSockets: 64 }) }
}

function send(
  target: Target,
  method: string,
  path: string,
  headers: http.OutgoingHttpHeaders,
  body: readonly Uint8Array[],
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const signed = target.token === undefined ? headers : { ...headers, authorization: `Bearer ${target.token}` }
    const request = http.request(`${target.base}${path}`, { method, headers: signed, agent: target.agent })
    request.on('response', resolve)
    request.on('error', reject)
    for (const piece of body) request.write(piece)
    request.end()
  })
}

export async function get(target: Target, path: string, accept: string): Promise<Answer> {
  const response = await send(target, 'GET', path, { accept }, [])
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece as Buffer)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }
}

/** Reads an answer to its end and counts its bytes, for objects too large to keep. */
export async function drain(
  target: Target,
  path: string,
  accept: string,
): Promise<{ status: number; byteLength: number }> {
  const response = await send(target, 'GET', path, { accept }, [])
  let byteLength = 0
  for await (const piece of response) byteLength += (piece as Buffer).length
  return { status: response.statusCode ?? 0, byteLength }
}

/** One part of an upload, without what fetch costs a body in Node: three copies. */
export async function put(
  target: Target,
  url: string,
  headers: http.OutgoingHttpHeaders,
  body: Uint8Array,
): Promise<Answer> {
  const whole = { ...headers, 'content-length': body.length }
  const response = await send({ ...target, base: new URL(target.base).origin }, 'PUT', url, whole, [body])
  const answer: Buffer[] = []
  for await (const piece of response) answer.push(piece as Buffer)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(answer) }
}

const boundary = 'instandt-bench-boundary'
const partHead = Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`)
const partTail = Buffer.from(`\r\n--${boundary}--\r\n`)

/** STOW-RS of one instance, given as pieces that are sent one after the other. */
export async function stow(target: Target, pieces: readonly Uint8Array[]): Promise<Answer> {
  const body = [partHead, ...pieces, partTail]
  const response = await send(
    target,
    'POST',
    '/studies',
    {
      'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
      'content-length': body.reduce((sum, piece) => sum + piece.length, 0),
      accept: 'application/dicom+json',
    },
    body,
  )
  const answer: Buffer[] = []
  for await (const piece of response) answer.push(piece as Buffer)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(answer) }
}
