// For tests: an address that stays while what is behind it goes away and comes back.
import { once } from 'node:events'
import net from 'node:net'

export interface Line {
  url: string
  /** Connects to this port of the loopback address from now on; undefined: refuses everybody and breaks what there is. */
  lead(port: number | undefined): void
  stop(): Promise<void>
}

export const portOf = (url: string): number => Number(new URL(url).port)

export async function startLine(first: number | undefined): Promise<Line> {
  let target = first
  const sockets = new Set<net.Socket>()
  const keep = (socket: net.Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  }
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const server = net.createServer((socket) => {
    keep(socket)
    if (target === undefined) {
      socket.destroy()
      return
    }
    const onward = net.connect(target, '127.0.0.1')
    keep(onward)
    socket.pipe(onward).pipe(socket)
    onward.on('close', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    lead(port) {
      target = port
      if (port === undefined) breakAll()
    },
    async stop() {
      const closed = once(server, 'close')
      server.close()
      breakAll()
      await closed
    },
  }
}
