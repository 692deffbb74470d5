// A store that can be taken away in the middle of work, and be brought back.
import net from 'node:net'
import { startAzurite } from '@instandt/testkit'

export interface CutStore {
  /** Settings of a backend that keeps its bytes there. */
  env: Record<string, string>
  /** Open connections break, new ones are refused. */
  cut: () => void
  mend: () => Promise<void>
  stop(): Promise<void>
}

export async function startCutStore(container: string): Promise<CutStore> {
  const azurite = await startAzurite()
  const endpoint = new URL(/BlobEndpoint=([^;]+)/.exec(azurite.connectionString)?.[1] ?? '')
  const cutter = await startCutter(Number(endpoint.port))
  return {
    env: {
      STORAGE: 'azure',
      AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString.replace(`:${endpoint.port}/`, `:${cutter.port}/`),
      AZURE_STORAGE_CONTAINER: container,
    },
    cut: cutter.cut,
    mend: cutter.mend,
    async stop() {
      cutter.cut()
      await azurite.stop()
    },
  }
}

/** Passes everything on to another port until it is cut: then open connections break and new ones are refused. */
async function startCutter(port: number): Promise<{ port: number; cut: () => void; mend: () => Promise<void> }> {
  const open = new Set<net.Socket>()
  const server = net.createServer((client) => {
    const upstream = net.connect(port, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  const listen = (at: number): Promise<void> => new Promise((resolve) => server.listen(at, '127.0.0.1', resolve))
  await listen(0)
  const own = (server.address() as net.AddressInfo).port
  const cut = (): void => {
    server.close()
    for (const socket of open) socket.destroy()
  }
  return { port: own, cut, mend: () => listen(own) }
}
