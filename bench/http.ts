import { type Answer, type Connection, openConnection, type Request } from './connection.ts'

export type { Answer } from './connection.ts'

export interface Target {
  /** Scheme, host and port of the first server. */
  origin: string
  /** Path of the DICOMweb interface, without a slash at the end. */
  prefix: string
  token: string | undefined
  send(request: Request): Promise<Answer>
  close(): void
}

/**
 * Keeps its connections. With several bases (processes of one installation) each takes its turn, as behind a load
 * balancer; addresses are made from the first.
 */
export function openTarget(bases: string | readonly string[], token?: string): Target {
  const urls = [bases].flat().map((base) => new URL(base))
  const [first] = urls
  if (!first) throw new Error('there is no server')
  const pools = urls.map((url) => ({ url, idle: [] as Connection[] }))
  let turn = 0
  return {
    origin: first.origin,
    prefix: first.pathname.replace(/\/$/, ''),
    token,
    async send(request) {
      turn = (turn + 1) % pools.length
      const pool = pools[turn] as (typeof pools)[number]
      let connection = pool.idle.pop()
      while (connection && !connection.isOpen()) connection = pool.idle.pop()
      connection ??= await openConnection(pool.url)
      const signed = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const answer = await connection.send({ ...request, headers: { ...signed, ...request.headers } })
      if (connection.isOpen()) pool.idle.push(connection)
      return answer
    },
    close() {
      for (const { idle } of pools) for (const connection of idle) connection.close()
    },
  }
}

export function get(target: Target, path: string, accept: string): Promise<Answer> {
  return target.send({ method: 'GET', path: target.prefix + path, headers: { accept } })
}

/** Reads an answer to its end and counts its bytes, for objects too large to keep. */
export function drain(target: Target, path: string, accept: string): Promise<Answer> {
  return target.send({ method: 'GET', path: target.prefix + path, headers: { accept }, isDrained: true })
}

/** One part of an upload, to an address from the server's root. */
export function put(target: Target, path: string, headers: Record<string, string>, body: Uint8Array): Promise<Answer> {
  return target.send({ method: 'PUT', path, headers: { ...headers, 'content-length': body.length }, body: [body] })
}

const boundary = 'instandt-bench-boundary'
const partHead = Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`)
const partTail = Buffer.from(`\r\n--${boundary}--\r\n`)

/** STOW-RS of one instance, given as pieces that are sent one after the other. */
export function stow(target: Target, pieces: readonly Uint8Array[]): Promise<Answer> {
  const body = [partHead, ...pieces, partTail]
  const headers = {
    'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
    'content-length': body.reduce((sum, piece) => sum + piece.length, 0),
    accept: 'application/dicom+json',
  }
  return target.send({ method: 'POST', path: `${target.prefix}/studies`, headers, body })
}
