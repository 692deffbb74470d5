import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { createLineRate } from './line-rate.ts'

export interface ShapedLineOptions {
  /** Where connections go on to: http://127.0.0.1:8080 */
  target: string
  /** Of all connections together, each direction by itself. */
  bytesPerSecond: number
  /** From one end to the other, in milliseconds; a round trip takes twice as long. */
  delayMs: number
}

export interface ShapedLine {
  /** As `target`, through the line. */
  url: string
  /** Bytes that went from the target to its clients, headers included. */
  bytesDown(): number
  connections(): number
  stop(): Promise<void>
}

/** Bytes of one connection that wait for the line: enough to keep it busy, too few to hold up the others for long. */
const maxWaiting = 128 * 1024

/**
 * A far server: every connection begins with a round trip (its handshake), everything is late by the delay, and all share the
 * rate. It does not begin slowly as TCP does over a real distance.
 */
export async function startShapedLine({ target, bytesPerSecond, delayMs }: ShapedLineOptions): Promise<ShapedLine> {
  const { hostname, port } = new URL(target)
  const [up, down] = [createLineRate(bytesPerSecond), createLineRate(bytesPerSecond)]
  const sockets = new Set<Socket>()
  let bytesDown = 0
  let connections = 0

  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    connections += 1
    const remote = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    for (const socket of [client, remote]) {
      sockets.add(socket)
      socket.setNoDelay()
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        remote.destroy()
      })
      socket.on('error', () => undefined)
    }
    client.pause()
    setTimeout(() => carry(client, remote, up, delayMs), 2 * delayMs)
    carry(remote, client, down, delayMs, (bytes) => {
      bytesDown += bytes
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytesDown: () => bytesDown,
    connections: () => connections,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** One direction of a connection. */
function carry(
  from: Socket,
  to: Socket,
  leave: (bytes: number) => number,
  delayMs: number,
  count: (bytes: number) => void = () => undefined,
): void {
  let waiting = 0
  let arrivesLast = 0
  const queue = createTimeline()
  from.on('data', (chunk: Buffer) => {
    count(chunk.length)
    const leaves = performance.now() + leave(chunk.length)
    arrivesLast = leaves + delayMs
    waiting += chunk.length
    if (waiting > maxWaiting) from.pause()
    queue(leaves, () => {
      waiting -= chunk.length
      if (waiting <= maxWaiting) from.resume()
    })
    queue(arrivesLast, () => {
      if (to.writable) to.write(chunk)
    })
  })
  from.on('end', () => queue(Math.max(arrivesLast, performance.now() + delayMs), () => to.end()))
  from.resume()
}

/** Does things at their times, in the order of those; timers by themselves may swap two that are due in one millisecond. */
function createTimeline(): (at: number, run: () => void) => void {
  const due: { at: number; run: () => void }[] = []
  let timer: NodeJS.Timeout | undefined
  function wake(): void {
    timer = undefined
    const now = performance.now()
    while (due[0] && due[0].at <= now) due.shift()!.run()
    const [next] = due
    if (next && timer === undefined) timer = setTimeout(wake, Math.max(1, next.at - now))
  }
  return (at, run) => {
    let place = due.length
    while (place > 0 && due[place - 1]!.at > at) place -= 1
    due.splice(place, 0, { at, run })
    if (place > 0) return
    clearTimeout(timer)
    timer = setTimeout(wake, Math.max(1, at - performance.now()))
  }
}
