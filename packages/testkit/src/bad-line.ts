import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createLineRate } from './line-rate.ts'

export interface BadLineOptions {
  /** Where requests go on to: http://127.0.0.1:8080 */
  target: string
  /** Of all connections together, towards the target. */
  bytesPerSecond?: number
  /** Requests that take longer are cut, as proxies of the cloud do. */
  cutAfterMs?: number
}

export interface BadLine {
  url: string
  /** Bytes of bodies that came from clients. */
  bytesIn(): number
  /** Requests that were cut because they took too long. */
  cuts(): number
  /** Breaks every connection; says how many requests were under way. */
  drop(): number
  stop(): Promise<void>
}

// What a late timer left unused is made up for.
const burstMs = 100

/** A proxy that is slow, impatient, and breaks on demand; on the loopback. */
export async function startBadLine(options: BadLineOptions): Promise<BadLine> {
  const { target, bytesPerSecond = Number.POSITIVE_INFINITY, cutAfterMs } = options
  const agent = new http.Agent({ keepAlive: true })
  const sockets = new Set<Socket>()
  const underWay = new Set<() => void>()
  let bytesIn = 0
  let cuts = 0
  const delayOf = createLineRate(bytesPerSecond, burstMs)

  const throttled = (): Transform =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytesIn += chunk.length
        const wait = delayOf(chunk.length)
        if (wait < 2) done(null, chunk)
        else setTimeout(() => done(null, chunk), wait)
      },
    })

  const server = http.createServer((request, reply) => {
    const { method, headers } = request
    const onward = http.request(target + (request.url ?? ''), { method, headers, agent })
    const breakOff = (): void => {
      onward.destroy()
      request.socket.destroy()
    }
    underWay.add(breakOff)
    const timer =
      cutAfterMs === undefined
        ? undefined
        : setTimeout(() => {
            cuts += 1
            breakOff()
          }, cutAfterMs)
    reply.on('close', () => {
      clearTimeout(timer)
      underWay.delete(breakOff)
    })
    onward.on('error', () => request.socket.destroy())
    onward.on('response', (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, reply).catch(() => request.socket.destroy())
    })
    pipeline(request, throttled(), onward).catch(() => onward.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const drop = (): number => {
    const count = underWay.size
    for (const breakOff of underWay) breakOff()
    for (const socket of sockets) socket.destroy()
    return count
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytesIn: () => bytesIn,
    cuts: () => cuts,
    drop,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      drop()
      agent.destroy()
      await closed
    },
  }
}
