// For tests: an archive of somebody else behind DICOMweb, with the habits that such servers have.
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface PeerObject {
  study: string
  series: string
  instance: string
  bytes: Uint8Array
}

export interface Peer {
  base: string
  /** Requests so far, as `GET /path?query`. */
  requests: string[]
  stop(): Promise<void>
}

export interface PeerOptions {
  objects: readonly PeerObject[]
  /** Most results of one answer; a peer that knows no offset gives the first ones again and again. */
  page: number
  knowsOffset?: boolean
  /** Answers a search in its own way; true when it did. `level`: of what is searched, below which study. */
  search?: (
    level: keyof typeof tagOf,
    query: URLSearchParams,
    answer: http.ServerResponse,
    at: { study: string | undefined },
  ) => boolean
  /** Results of a search state how many lie below them. */
  states?: boolean
  /** Value of Authorization without which there is 401. */
  authorization?: string
  /** Answers a retrieval in its own way; true when it did. `times`: how often it was asked for this object. */
  misbehave?: (
    instance: string,
    times: number,
    answer: http.ServerResponse,
    headers: http.IncomingHttpHeaders,
  ) => boolean
}

const tagOf = { studies: '0020000D', series: '0020000E', instances: '00080018' } as const

export async function startPeer(options: PeerOptions): Promise<Peer> {
  const { objects, page, knowsOffset = true, authorization, misbehave, search, states = false } = options
  const requests: string[] = []
  const asked = new Map<string, number>()
  const server = http.createServer((request, answer) => {
    requests.push(`${request.method} ${request.url}`)
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://peer')
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      answer.writeHead(401).end('who are you?')
      return
    }
    const [, study, series, instance] =
      /^\/rs\/studies(?:\/([^/]+))?(?:\/series(?:\/([^/]+))?)?(?:\/instances(?:\/([^/]+))?)?$/.exec(pathname) ?? []
    if (instance !== undefined) {
      const times = (asked.get(instance) ?? 0) + 1
      asked.set(instance, times)
      if (misbehave?.(instance, times, answer, request.headers)) return
      const found = objects.find((one) => one.instance === instance)
      if (found) sendObject(answer, found.bytes)
      else answer.writeHead(404).end()
      return
    }
    const level = series !== undefined ? 'instances' : study !== undefined ? 'series' : 'studies'
    const uids = new Set(
      objects
        .filter((one) => (study ?? one.study) === one.study && (series ?? one.series) === one.series)
        .map((one) => ({ studies: one.study, series: one.series, instances: one.instance })[level]),
    )
    const offset = knowsOffset ? Number(searchParams.get('offset') ?? 0) : 0
    if (search?.(level, searchParams, answer, { study })) return
    const most = Math.min(page, Number(searchParams.get('limit') ?? page))
    const results = [...uids].slice(offset, offset + most)
    if (results.length === 0) answer.writeHead(204).end()
    else
      answer.writeHead(200, { 'content-type': 'application/dicom+json' }).end(
        JSON.stringify(
          results.map((uid) => ({
            [tagOf[level]]: { vr: 'UI', Value: [uid] },
            ...(states ? statedBelow(objects, level, uid) : {}),
          })),
        ),
      )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/rs`,
    requests,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function statedBelow(objects: readonly PeerObject[], level: keyof typeof tagOf, uid: string): object {
  const series = objects.filter((one) => one.study === uid).map((one) => one.series)
  const below = { studies: new Set(series).size, series: objects.filter((one) => one.series === uid).length }
  if (level === 'instances') return {}
  return { [level === 'studies' ? '00201206' : '00201209']: { vr: 'IS', Value: [below[level]] } }
}

/** multipart/related with one part; `cutAt`: so many bytes of it, then the connection breaks. */
export function sendObject(answer: http.ServerResponse, bytes: Uint8Array, cutAt?: number): void {
  answer.writeHead(200, { 'content-type': 'multipart/related; type="application/dicom"; boundary=peer' })
  answer.write('--peer\r\nContent-Type: application/dicom\r\n\r\n')
  if (cutAt === undefined) {
    answer.write(bytes)
    answer.end('\r\n--peer--\r\n')
  } else answer.write(bytes.subarray(0, cutAt), () => answer.destroy())
}
