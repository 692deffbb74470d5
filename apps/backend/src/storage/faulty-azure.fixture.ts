// For tests: Azurite behind what goes wrong in the cloud.
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of a request: its answer gets lost after it was carried out, or a policy keeps the bytes. */
export type Fault = 'lost' | 'kept' | undefined

/** Azurite has no immutability policies: this is what Azure answers to a removal. */
const policyCode = 'BlobImmutableDueToPolicy'

export async function startFaultyAzure(
  azurite: string,
  faultOf: (request: IncomingMessage) => Fault,
): Promise<{ connectionString: string; stop(): void }> {
  const target = new URL(/BlobEndpoint=([^;]+)/.exec(azurite)?.[1] ?? '')
  const server = createServer((incoming, answer) => {
    const fault = faultOf(incoming)
    if (fault === 'kept') {
      answer.writeHead(409, { 'x-ms-error-code': policyCode, 'content-type': 'application/xml' })
      answer.end(`<?xml version="1.0"?><Error><Code>${policyCode}</Code><Message>immutable</Message></Error>`)
      return
    }
    const { method, url, headers } = incoming
    const to = { host: target.hostname, port: target.port, method, path: url, headers }
    const outgoing = httpRequest(to, (from) => {
      if (fault === 'lost') {
        from.resume().on('end', () => incoming.socket.destroy())
        return
      }
      answer.writeHead(from.statusCode ?? 500, from.headers)
      from.pipe(answer)
    })
    incoming.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    connectionString: azurite.replace(`:${target.port}/`, `:${port}/`),
    stop() {
      server.close()
      server.closeAllConnections()
    },
  }
}
