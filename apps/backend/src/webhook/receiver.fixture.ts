// For tests of webhooks: an HTTP receiver that answers as the test wants, and what it was told.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Told {
  id: string
  body: { type: string; timestamp: string; data: Record<string, unknown> }
  headers: IncomingHttpHeaders
  raw: string
}

export interface Receiver {
  url: string
  told: Told[]
  /** How it answers from now on. */
  answer: (response: ServerResponse, told: Told) => void
  stop(): Promise<void>
}

export const ok = (response: ServerResponse): void => void response.writeHead(200).end('thanks')

export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString()
      const told: Told = {
        id: String(request.headers['webhook-id']),
        body: JSON.parse(raw) as Told['body'],
        headers: request.headers,
        raw,
      }
      receiver.told.push(told)
      receiver.answer(response, told)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    told: [],
    answer: ok,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return receiver
}

/** As a receiver would check it: the signatures that this secret explains. */
export function signedBy({ headers, raw, id }: Told, secret: string): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const text = `${id}.${String(headers['webhook-timestamp'])}.${raw}`
  const wanted = `v1,${createHmac('sha256', key).update(text).digest('base64')}`
  return String(headers['webhook-signature']).split(' ').includes(wanted)
}
